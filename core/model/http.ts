/** A request that a listener of the host has read whole: gates passed, size capped on the wire, not yet decompressed. */
export interface HttpRequest {
  /** Which listener took it. */
  readonly port: 'app' | 'otlp';
  readonly method: string;
  /** Percent-encoded as it came, without the query. */
  readonly path: string;
  /** Without the question mark; possibly empty. */
  readonly query: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Aborted when whoever asked has left: what is done for the answer may stop. */
  readonly signal?: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
}
