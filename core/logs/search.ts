import { EngineError, type LogRecord } from '#core/model/index.ts';
import { candidatesOf, type Candidates, type Condition } from './condition.ts';
import type { Part } from './part.ts';
import { breathe } from '#core/blocks/index.ts';

export type Direction = 'backward' | 'forward';

/** Says what becomes of a record: undefined when it does not match, else the record as it is to be shown. */
export type Sieve = (record: LogRecord) => LogRecord | undefined;

export interface SearchRequest {
  readonly condition: Condition;
  readonly sieve: Sieve;
  readonly direction: Direction;
  /** Records on the page. */
  readonly limit: number;
  /** `next` of the page before. */
  readonly cursor?: string | undefined;
  /** True when the search has run long enough: what was found so far is then the page. Asked every millisecond or so. */
  readonly isOverdue: () => boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface SearchPage {
  readonly records: readonly LogRecord[];
  /** For the next page; undefined when there is nothing more. */
  readonly next: string | undefined;
  /** Lines that were looked at. */
  readonly looked: number;
  /** Whether the search ended because its time was up. */
  readonly isPartial: boolean;
}

const looksPerTurn = 256;

/** One part being walked through, standing at a record that matches. */
class Walker {
  readonly sequence: number;
  found: LogRecord | undefined;
  readonly #candidates: Candidates;
  readonly #step: number;
  #row: number;

  constructor(candidates: Candidates, sequence: number, direction: Direction) {
    this.#candidates = candidates;
    this.sequence = sequence;
    this.#step = direction === 'backward' ? -1 : 1;
    this.#row = direction === 'backward' ? candidates.to : candidates.from - 1;
  }

  /** Where the walk stands; what lies behind it has been told. */
  get timeNs(): bigint {
    const { part, open, from, to } = this.#candidates;
    const row = Math.min(Math.max(this.#row, from), to - 1);
    return part.minNs + BigInt(open.rows.offsets[row]!);
  }

  /** Goes to the next match, looking at so many lines at most. The number looked at; `found` is undefined when there was none among them. */
  advance(sieve: Sieve, looksMax: number): { readonly looks: number; readonly isDone: boolean } {
    const { open, may, from, to } = this.#candidates;
    this.found = undefined;
    let looks = 0;
    for (let row = this.#row + this.#step; row >= from && row < to; row += this.#step) {
      if (!may(row)) continue;
      if (looks++ === looksMax) return { looks, isDone: false };
      this.#row = row;
      this.found = sieve(open.record(row));
      if (this.found !== undefined) return { looks, isDone: false };
    }
    this.#row = this.#step < 0 ? from - 1 : to;
    return { looks, isDone: true };
  }
}

interface Cursor {
  readonly timeNs: bigint;
  /** Matches of exactly that time that were given already. */
  readonly skip: number;
}

/** Finds a page of records in order of time. Parts are opened only when a record of theirs could come next. */
export async function searchParts(parts: readonly Part[], request: SearchRequest): Promise<SearchPage> {
  const { condition, direction } = request;
  const cursor = cursorOf(request.cursor);
  const bounded =
    cursor === undefined
      ? condition
      : direction === 'backward'
        ? { ...condition, toNs: min(condition.toNs, cursor.timeNs + 1n) }
        : { ...condition, fromNs: max(condition.fromNs, cursor.timeNs) };
  return new PageSearch(parts, { ...request, condition: bounded }, cursor).run();
}

class PageSearch {
  readonly #request: SearchRequest;
  readonly #cursor: Cursor | undefined;
  /** Parts not opened, the next one last. */
  readonly #closed: Part[];
  readonly #walkers: Walker[] = [];
  readonly #records: LogRecord[] = [];
  readonly #isBackward: boolean;
  #looked = 0;
  #turn = 0;
  #skip: number;
  #opened = 0;

  constructor(parts: readonly Part[], request: SearchRequest, cursor: Cursor | undefined) {
    this.#request = request;
    this.#cursor = cursor;
    this.#skip = cursor?.skip ?? 0;
    this.#isBackward = request.direction === 'backward';
    const { fromNs, toNs } = request.condition;
    const inRange = parts.filter(({ minNs, maxNs }) => maxNs >= fromNs && minNs < toNs);
    this.#closed = this.#isBackward
      ? inRange.sort((a, b) => (a.maxNs < b.maxNs ? -1 : a.maxNs > b.maxNs ? 1 : a.id - b.id))
      : inRange.sort((a, b) => (a.minNs > b.minNs ? -1 : a.minNs < b.minNs ? 1 : b.id - a.id));
  }

  async run(): Promise<SearchPage> {
    for (;;) {
      const best = this.#best();
      const closed = this.#closed.at(-1);
      if (closed !== undefined && (best === undefined || !this.#isBefore(best.found!.timeNs, this.#edge(closed)))) {
        if (await this.#open(this.#closed.pop()!)) return this.#partial();
      } else if (best === undefined) return { records: this.#records, next: undefined, looked: this.#looked, isPartial: false };
      else {
        this.#give(best.found!);
        if (this.#records.length >= this.#request.limit)
          return { records: this.#records, next: this.#nextCursor(), looked: this.#looked, isPartial: false };
        if (await this.#walk(best)) return this.#partial();
      }
    }
  }

  /** The time at which a part begins, as the search goes. */
  #edge({ minNs, maxNs }: Part): bigint {
    return this.#isBackward ? maxNs : minNs;
  }

  /** Whether a comes strictly before b, as the search goes. */
  #isBefore(a: bigint, b: bigint): boolean {
    return this.#isBackward ? a > b : a < b;
  }

  #best(): Walker | undefined {
    let best: Walker | undefined;
    for (const walker of this.#walkers) {
      if (best === undefined || this.#isBefore(walker.found!.timeNs, best.found!.timeNs)) best = walker;
      else if (walker.found!.timeNs === best.found!.timeNs && walker.sequence > best.sequence === this.#isBackward) best = walker;
    }
    return best;
  }

  /** True when the time is up. */
  async #open(part: Part): Promise<boolean> {
    this.#opened++;
    const candidates = candidatesOf(part, this.#request.condition);
    if (candidates === undefined) return this.#opened % 8 === 0 && (await this.#pause());
    const walker = new Walker(candidates, part.id, this.#request.direction);
    this.#walkers.push(walker);
    // Opening a part costs as much as looking at hundreds of lines.
    this.#turn = looksPerTurn;
    return this.#walk(walker);
  }

  /** Moves a walker to its next match, and lets it go when there is none. True when the time is up. */
  async #walk(walker: Walker): Promise<boolean> {
    for (;;) {
      const { looks, isDone } = walker.advance(this.#request.sieve, looksPerTurn);
      this.#looked += looks;
      this.#turn += looks + 1;
      if (isDone) this.#walkers.splice(this.#walkers.indexOf(walker), 1);
      if (this.#turn >= looksPerTurn && (await this.#pause())) return true;
      if (isDone || walker.found !== undefined) return false;
    }
  }

  async #pause(): Promise<boolean> {
    this.#turn = 0;
    if (this.#request.isOverdue()) return true;
    await breathe();
    if (this.#request.signal?.aborted === true) throw new EngineError('cancelled', 'the search was cancelled');
    return false;
  }

  #give(record: LogRecord): void {
    if (this.#skip > 0 && record.timeNs === this.#cursor!.timeNs) this.#skip--;
    else this.#records.push(record);
  }

  #nextCursor(): string {
    const { timeNs } = this.#records.at(-1)!;
    return this.#cursorAt(timeNs);
  }

  #cursorAt(timeNs: bigint): string {
    let skip = timeNs === this.#cursor?.timeNs ? this.#cursor.skip - this.#skip : 0;
    for (let i = this.#records.length - 1; i >= 0 && this.#records[i]!.timeNs === timeNs; i--) skip++;
    return `${timeNs}:${skip}`;
  }

  /** The page so far. The next one goes on where the first of the walkers, or of the parts not opened, stands. */
  #partial(): SearchPage {
    const edges = [...this.#walkers.map(({ timeNs }) => timeNs), ...this.#closed.slice(-1).map((part) => this.#edge(part))];
    const { fromNs, toNs } = this.#request.condition;
    const limit = this.#isBackward ? toNs - 1n : fromNs;
    let next = edges[0];
    for (const edge of edges) if (this.#isBefore(edge, next!)) next = edge;
    if (next !== undefined && this.#isBefore(next, limit)) next = limit;
    return {
      records: this.#records,
      next: next === undefined ? undefined : this.#cursorAt(next),
      looked: this.#looked,
      isPartial: next !== undefined,
    };
  }
}

function cursorOf(text: string | undefined): Cursor | undefined {
  if (text === undefined) return undefined;
  const [, timeNs, skip] = /^(\d{1,19}):(\d{1,9})$/.exec(text) ?? [];
  if (timeNs === undefined) throw new EngineError('invalid', `the cursor ${JSON.stringify(text)} is none of a page before`);
  return { timeNs: BigInt(timeNs), skip: Number(skip) };
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
