import type { Row } from '../vector.ts';

/** Where a row stands: nobody has it, it is there, or the query's own thread works it out. */
const open = 0;
const done = 1;
const kept = 2;

const headBytes = 8;
const stopWord = 0;
const workersWord = 1;

/** What it took to work out a row. */
export interface RowCost {
  readonly samplesLoaded: number;
  readonly samplesRead: number;
}

/**
 * Rows in memory that threads share: two words (whether to stop, and how many threads are at it), then for each row its costs, its values,
 * where it stands, and its kinds. A row is written once, before it is told of; rows hold no histograms.
 */
export class Board {
  readonly memory: SharedArrayBuffer;
  readonly rows: number;
  readonly steps: number;
  readonly #head: Int32Array;
  readonly #costs: Float64Array;
  readonly #values: Float64Array;
  readonly #standing: Int32Array;
  readonly #kinds: Uint8Array;

  constructor(memory: SharedArrayBuffer, rows: number, steps: number) {
    this.memory = memory;
    this.rows = rows;
    this.steps = steps;
    this.#head = new Int32Array(memory, 0, 2);
    this.#costs = new Float64Array(memory, headBytes, rows * 2);
    this.#values = new Float64Array(memory, headBytes + rows * 16, rows * steps);
    this.#standing = new Int32Array(memory, headBytes + rows * (16 + steps * 8), rows);
    this.#kinds = new Uint8Array(memory, headBytes + rows * (20 + steps * 8), rows * steps);
  }

  static bytes(rows: number, steps: number): number {
    return headBytes + rows * (20 + steps * 9);
  }

  /** Rows that so many bytes have room for. */
  static rowsWithin(bytes: number, steps: number): number {
    return Math.floor((bytes - headBytes) / (20 + steps * 9));
  }

  /** For rows of a new query, which so many threads will work on. Nobody may be at it. */
  clear(workers: number): void {
    this.#standing.fill(open);
    Atomics.store(this.#head, stopWord, 0);
    Atomics.store(this.#head, workersWord, workers);
  }

  /** Nobody needs further rows. */
  stop(): void {
    Atomics.store(this.#head, stopWord, 1);
  }

  get isStopped(): boolean {
    return Atomics.load(this.#head, stopWord) === 1;
  }

  /** Said by each thread once it touches the board no more. */
  leave(): void {
    Atomics.sub(this.#head, workersWord, 1);
  }

  get isLeft(): boolean {
    return Atomics.load(this.#head, workersWord) === 0;
  }

  isOpen(row: number): boolean {
    return Atomics.load(this.#standing, row) === open;
  }

  /** Lays a row down, unless the query's own thread has begun with it. */
  put(row: number, { values, kinds }: Row, { samplesLoaded, samplesRead }: RowCost): void {
    this.#values.set(values, row * this.steps);
    this.#kinds.set(kinds, row * this.steps);
    this.#costs[row * 2] = samplesLoaded;
    this.#costs[row * 2 + 1] = samplesRead;
    Atomics.compareExchange(this.#standing, row, open, done);
  }

  /** Copies a row that is there to `out`. Undefined: it is left to whoever asks, and to nobody else from now on. */
  take(row: number, out: Row): RowCost | undefined {
    if (Atomics.compareExchange(this.#standing, row, open, kept) !== done) return undefined;
    const from = row * this.steps;
    out.values.set(this.#values.subarray(from, from + this.steps));
    out.kinds.set(this.#kinds.subarray(from, from + this.steps));
    return { samplesLoaded: this.#costs[row * 2]!, samplesRead: this.#costs[row * 2 + 1]! };
  }
}
