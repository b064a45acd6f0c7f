/**
 * Three kinds of failure, three treatments. A bad row is counted and skipped. What can be expected is an EngineError:
 * a code from this closed list and one sentence for the person. A broken invariant is an assertion, which ends the
 * engine process; main restarts it and says so.
 */
export type ErrorCode =
  | 'invalid' // the question or the input is wrong; the sentence says where and how to mend it
  | 'not-found'
  | 'conflict' // the thing changed meanwhile, or is in a state that does not allow this
  | 'limit' // a bound was hit; the sentence names it
  | 'cancelled'
  | 'timeout'
  | 'unsupported' // not yet supported, by name
  | 'unavailable' // not on this host, not now
  | 'internal';

/** Where in a text something is wrong. Offsets in UTF-16 units, `to` exclusive. */
export interface Place {
  readonly from: number;
  readonly to: number;
}

export class EngineError extends Error {
  readonly code: ErrorCode;
  readonly place: Place | undefined;

  constructor(code: ErrorCode, message: string, place?: Place) {
    super(message);
    this.name = 'EngineError';
    this.code = code;
    this.place = place;
  }
}

/** For what must hold if the code is right; never for input. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${what}`);
}

/** The sentence of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
