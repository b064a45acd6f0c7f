import { EngineError, type Clock, type UnixMs } from '#core/model/index.ts';
import { parseExpr, type Expr } from './syntax/index.ts';
import type { AskAhead } from './ahead/ask.ts';
import { StepReuse } from './reuse.ts';
import {
  evaluateInstant,
  evaluateRange,
  lookbackMs,
  type InstantResult,
  type QueryOptions,
  type QueryRange,
  type RangeResult,
  type Sample,
} from './query.ts';
import type { QueryStats } from './budget.ts';
import type { SeriesSource } from './read/source.ts';

export interface QueriesOptions {
  readonly source: SeriesSource;
  readonly clock: Clock;
  /** Awaited every 5 ms of work or so, to let others work. */
  readonly breathe: () => Promise<void>;
  /** Queries that run at once; the rest wait their turn. 4 (reliability: query bomb). */
  readonly runningMax?: number;
  /** While it answers true, one query runs at a time, with fewer samples than usual (reliability: overload, level 2). Never unless given. */
  readonly strained?: () => boolean;
  /** Threads beside the one that asks; they get no work while the engine is strained. */
  readonly askAhead?: AskAhead | undefined;
  /** Queries that may wait; one more is refused. 64: more than a dashboard asks at once. */
  readonly waitingMax?: number;
}

/** Counts since the process began, and how many run now. */
export interface QueryCounts {
  readonly answered: number;
  readonly failed: number;
  readonly running: number;
}

type CallOptions = Pick<QueryOptions, 'signal' | 'text' | 'countSteps' | 'lookbackMs' | 'limits' | 'explain'>;
type RangeCallOptions = CallOptions & { readonly fresh?: boolean };

/** A query's samples while the engine is strained. */
const strainedLimits = { samplesMax: 5_000_000 } as const;

/** A lane for queries on one source: bounded in number, fair in order. Lanes do not wait for each other. */
export class Queries {
  readonly #options: QueriesOptions;
  readonly #reuse: StepReuse;
  readonly #runningMax: number;
  readonly #waitingMax: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #answered = 0;
  #failed = 0;

  constructor(options: QueriesOptions) {
    this.#options = options;
    this.#reuse = new StepReuse(options.source);
    this.#runningMax = options.runningMax ?? 4;
    this.#waitingMax = options.waitingMax ?? 64;
  }

  get counts(): QueryCounts {
    return { answered: this.#answered, failed: this.#failed, running: this.#running };
  }

  /** Lets others work: for whoever goes on with a large result. */
  breathe(): Promise<void> {
    return this.#options.breathe();
  }

  /** Throws EngineError as evaluateInstant does, and `limit` when too many wait. */
  instant(query: Expr | string, timeMs: UnixMs, options: CallOptions = {}): Promise<InstantResult> {
    return this.#run(options.signal, () => evaluateInstant(this.#options.source, query, timeMs, this.#with(options)));
  }

  /** Steps that an earlier answer had and that cannot have changed are taken from there, unless the call says `fresh`. */
  range(query: Expr | string, range: QueryRange, options: RangeCallOptions = {}): Promise<RangeResult> {
    return this.#run(options.signal, async () => {
      const expr = typeof query === 'string' ? parseExpr(query) : query;
      const evaluate = (part: QueryRange): Promise<RangeResult> => evaluateRange(this.#options.source, query, part, this.#with(options));
      if (options.fresh === true || options.explain === true || options.countSteps === true) return evaluate(range);
      return this.#reuse.range(expr, range, options.lookbackMs ?? lookbackMs, evaluate);
    });
  }

  get #isStrained(): boolean {
    return this.#options.strained?.() === true;
  }

  #with(options: CallOptions): QueryOptions {
    const { clock, breathe, askAhead } = this.#options;
    if (this.#isStrained) return { ...options, limits: { ...strainedLimits, ...options.limits }, clock, breathe };
    return { ...options, clock, breathe, ...(askAhead === undefined ? {} : { askAhead }) };
  }

  async #run<T extends { readonly stats: QueryStats }>(signal: AbortSignal | undefined, act: () => Promise<T>): Promise<T> {
    const askedMs = this.#options.clock.monotonicMs();
    await this.#turn(signal);
    const queuedMs = this.#options.clock.monotonicMs() - askedMs;
    try {
      const result = await act();
      this.#answered++;
      return { ...result, stats: { ...result.stats, queuedMs } };
    } catch (error) {
      this.#failed++;
      if (this.#isStrained && error instanceof EngineError && error.code === 'limit')
        throw new EngineError('limit', `refused under overload, when queries may read less than usual: ${error.message}`);
      throw error;
    } finally {
      this.#running--;
      const room = (this.#isStrained ? 1 : this.#runningMax) - this.#running;
      for (const next of this.#waiting.splice(0, Math.max(0, room))) {
        this.#running++;
        next();
      }
    }
  }

  /** Settles when the query may run. Who gives up while it waits leaves its place to others. */
  async #turn(signal: AbortSignal | undefined): Promise<void> {
    if (this.#running < (this.#isStrained ? 1 : this.#runningMax)) {
      this.#running++;
      return;
    }
    if (this.#waiting.length >= this.#waitingMax)
      throw new EngineError('limit', `${this.#waitingMax} queries wait already; ask again when some have been answered`);
    if (signal?.aborted === true) throw new EngineError('cancelled', 'the query was cancelled before its turn');
    const turn = Promise.withResolvers<void>();
    const leave = (): void => {
      const place = this.#waiting.indexOf(turn.resolve);
      if (place >= 0) this.#waiting.splice(place, 1);
      turn.reject(new EngineError('cancelled', 'the query was cancelled while it waited for its turn'));
    };
    this.#waiting.push(turn.resolve);
    signal?.addEventListener('abort', leave);
    await turn.promise.finally(() => signal?.removeEventListener('abort', leave));
  }
}

export function createQueries(options: QueriesOptions): Queries {
  return new Queries(options);
}

/** A result as samples, as rules and checks read it: a scalar is one sample without labels. Throws EngineError for strings and range vectors. */
export function samplesOf(result: InstantResult): readonly Sample[] {
  if (result.type === 'vector') return result.samples;
  if (result.type === 'scalar') return [{ labels: [], timeMs: result.timeMs, value: result.value }];
  throw new EngineError(
    'invalid',
    `the expression gives a ${result.type === 'matrix' ? 'range vector' : 'string'}; an instant vector or a scalar is needed`,
  );
}
