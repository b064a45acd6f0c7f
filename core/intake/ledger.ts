/**
 * Where every sample went: received = stored + rejected(reason) + shed(reason), per source, to the unit.
 * `received` is counted where samples are read, the rest where their fate is known, so the sum is a check and not a definition.
 */
export interface LedgerRow {
  /** `scrape:JOB`, `remote_write`, `otlp`, `pushgateway`. */
  readonly source: string;
  readonly received: number;
  readonly stored: number;
  /** Counts by reason. */
  readonly rejected: ReadonlyMap<string, number>;
  readonly shed: ReadonlyMap<string, number>;
}

interface Account {
  received: number;
  stored: number;
  readonly rejected: Map<string, number>;
  readonly shed: Map<string, number>;
}

/** Jobs come and go with configurations; a thousand sources are more than a person can read. */
const sourcesMax = 1000;

export class Ledger {
  readonly #accounts = new Map<string, Account>();
  readonly #onShed: (source: string, reason: string, count: number) => void;

  /** `onShed` learns of all that overload turned away. */
  constructor(onShed: (source: string, reason: string, count: number) => void = () => undefined) {
    this.#onShed = onShed;
  }

  received(source: string, count: number): void {
    this.#account(source).received += count;
  }

  stored(source: string, count: number): void {
    this.#account(source).stored += count;
  }

  /** What overload turned away is shed, whoever tells of it. */
  rejected(source: string, reason: string, count = 1): void {
    if (reason === 'overload') this.shed(source, reason, count);
    else if (count > 0) raise(this.#account(source).rejected, reason, count);
  }

  shed(source: string, reason: string, count = 1): void {
    if (count <= 0) return;
    raise(this.#account(source).shed, reason, count);
    this.#onShed(source, reason, count);
  }

  rows(): readonly LedgerRow[] {
    return [...this.#accounts].map(([source, { received, stored, rejected, shed }]) => ({
      source,
      received,
      stored,
      rejected: new Map(rejected),
      shed: new Map(shed),
    }));
  }

  #account(source: string): Account {
    const known = this.#accounts.get(source);
    if (known !== undefined) return known;
    if (this.#accounts.size >= sourcesMax && source !== 'other') return this.#account('other');
    const made: Account = { received: 0, stored: 0, rejected: new Map(), shed: new Map() };
    this.#accounts.set(source, made);
    return made;
  }
}

function raise(counts: Map<string, number>, reason: string, by: number): void {
  counts.set(reason, (counts.get(reason) ?? 0) + by);
}
