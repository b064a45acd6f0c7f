import { EngineError, type Clock, type DurationMs } from '#core/model/index.ts';

/** Bounds of one query. What is over one of them ends the query with EngineError `limit` or `timeout`. */
export interface QueryLimits {
  /** Samples that intermediate and final results may hold together. */
  readonly samplesMax: number;
  readonly durationMs: DurationMs;
  /** Steps of a range query. */
  readonly pointsMax: number;
}

export const defaultLimits: QueryLimits = { samplesMax: 20_000_000, durationMs: 30_000, pointsMax: 11_000 };

/** What a query cost. Times are 0 without a clock. */
export interface QueryStats {
  /** Series that selectors found. */
  readonly seriesCount: number;
  /** Samples that selectors got from the source. */
  readonly samplesLoaded: number;
  /** Samples looked at, those in the windows of range selectors once a step: Prometheus' `totalQueryableSamples`. */
  readonly samplesRead: number;
  /** The same by step, if asked for. */
  readonly samplesReadByStep?: Float64Array;
  /** Samples in results and intermediate results. */
  readonly samplesHeld: number;
  /** Bytes of the columns that selectors read. */
  readonly bytesRead: number;
  readonly selectMs: DurationMs;
  readonly evaluateMs: DurationMs;
  readonly totalMs: DurationMs;
  /** How long it waited for its turn; not in `totalMs`. */
  readonly queuedMs: DurationMs;
  /** Steps of the answer, and how many of them came from an answer before. */
  readonly steps: number;
  readonly stepsReused: number;
}

const unitsPerCheck = 20_000; // About 50 us of work on columns: often enough, and the clock costs nothing beside it.
const breathMs = 5;

/** Keeps a query within its limits, lets others work in between, and counts. */
export class Budget {
  readonly #limits: QueryLimits;
  readonly #clock: Clock | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #pause: (() => Promise<void>) | undefined;
  readonly #startMs: DurationMs;
  #breathMs: DurationMs;
  #units = 0;
  #selectMs = 0;
  #seriesCount = 0;
  #samplesLoaded = 0;
  #samplesRead = 0;
  #samplesHeld = 0;
  #bytesRead = 0;

  constructor(limits: QueryLimits, clock: Clock | undefined, signal: AbortSignal | undefined, pause: (() => Promise<void>) | undefined) {
    this.#limits = limits;
    this.#clock = clock;
    this.#signal = signal;
    this.#pause = pause;
    this.#startMs = this.nowMs();
    this.#breathMs = this.#startMs;
  }

  nowMs(): DurationMs {
    return this.#clock?.monotonicMs() ?? 0;
  }

  /** Counts work of about `units` sample steps; true when the caller should await breathe() at the next good place. */
  spend(units: number): boolean {
    this.#units += units + 4;
    if (this.#units < unitsPerCheck) return false;
    this.#units = 0;
    return this.#clock === undefined || this.nowMs() - this.#breathMs >= breathMs;
  }

  /** Lets others work, then throws if the query was cancelled or took too long. */
  async breathe(): Promise<void> {
    if (this.#pause !== undefined) await this.#pause();
    this.check();
    this.#breathMs = this.nowMs();
  }

  check(): void {
    if (this.#signal?.aborted === true) throw new EngineError('cancelled', 'query was canceled in expression evaluation');
    if (this.nowMs() - this.#startMs > this.#limits.durationMs)
      throw new EngineError(
        'timeout',
        `query timed out in expression evaluation: it ran longer than ${this.#limits.durationMs / 1000} s; narrow the time range or the selectors`,
      );
  }

  /** Counts samples of a result that is about to be built. */
  hold(samples: number): void {
    this.#samplesHeld += samples;
    if (this.#samplesHeld > this.#limits.samplesMax)
      throw new EngineError(
        'limit',
        `query processing would load too many samples into memory in query execution: more than ${this.#limits.samplesMax}; narrow the selectors or widen the step`,
      );
  }

  selected(seriesCount: number, tookMs: DurationMs): void {
    this.#seriesCount += seriesCount;
    this.#selectMs += tookMs;
  }

  /** Counts samples that a selector unpacks: work too. */
  loaded(samples: number): void {
    this.#units += samples;
    this.#samplesLoaded += samples;
    this.#bytesRead += samples * 16;
  }

  /** Counts samples that windows look at, once a step: as much work for a function that sorts or walks each window anew. */
  read(samples: number): void {
    this.#units += samples;
    this.#samplesRead += samples;
  }

  /** What an answer of so many steps has cost by now. */
  stats(steps: number): QueryStats {
    const totalMs = this.nowMs() - this.#startMs;
    return {
      seriesCount: this.#seriesCount,
      samplesLoaded: this.#samplesLoaded,
      samplesRead: this.#samplesRead,
      samplesHeld: this.#samplesHeld,
      bytesRead: this.#bytesRead,
      selectMs: this.#selectMs,
      evaluateMs: totalMs - this.#selectMs,
      totalMs,
      queuedMs: 0,
      steps,
      stepsReused: 0,
    };
  }
}
