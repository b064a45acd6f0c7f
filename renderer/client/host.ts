import type { Transport } from '#core/contract/index.ts';

/** How the engine is, as its host tells it while the screen has no line to it. */
export interface HostStatus {
  readonly engine: 'up' | 'starting' | 'down' | 'safe';
  /** One sentence; possibly empty. */
  readonly reason: string;
  readonly restartInMs: number | undefined;
}

/** What differs between the Electron window and a browser tab; the rest of the screen cannot tell which it is in. */
export interface Host {
  readonly kind: 'desktop' | 'web';
  /** A line to the engine. Rejects with a sentence for the person. */
  open(): Promise<Transport>;
  /** Undefined when the host itself does not answer. */
  status(): Promise<HostStatus | undefined>;
  /** Calls `act` with the link whenever the host wants a place shown (a clicked notification). */
  onLink(act: (link: string) => void): void;
}
