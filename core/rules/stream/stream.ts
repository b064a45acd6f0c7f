import { formatDuration, formatMatcher, type Cancel, type DurationMs, type Matcher, type SeriesColumns, type UnixMs } from '#core/model/index.ts';
import { evaluateInstant, samplesOf, type QueryOptions, type Sample, type SeriesSource } from '#core/promql/index.ts';
import { childrenOf, durationMs, type Expr, type Subquery, type VectorSelector } from '#core/promql/syntax/index.ts';
import type { RuleQuery } from '../types.ts';
import type { IncrementalStore } from './increments.ts';
import { SharingPlan, type SharedExpr } from './plan.ts';
import { WindowCache } from './window-cache.ts';

export interface StreamOptions {
  readonly store: IncrementalStore;
  /** As for every query on the store: lookback, subquery step, limits, clock. */
  readonly query?: Omit<QueryOptions, 'signal'>;
  /** How much of a series is kept decoded. A rule that reads further back asks the store each time. */
  readonly windowMaxMs?: DurationMs;
}

/** How a rule is evaluated: on what arrives, or by asking the store anew, and why. */
export interface Streaming {
  readonly streamed: boolean;
  /** Empty when streamed. */
  readonly why: string;
}

/**
 * Evaluates rules on the increments of what arrived (the idea of Netflix' Atlas): the windows of all rules' selectors stay decoded in
 * memory, and parts that several rules have in common are worked out once for each time. Answers are those of evaluateInstant on the store; an unsorted
 * vector may come in another order.
 */
export interface Stream {
  readonly query: RuleQuery;
  /** Says which rules there are. */
  plan(exprs: readonly Expr[]): void;
  explain(expr: Expr): Streaming;
  /** Parts that were answered by an earlier rule, and parts that were worked out, since the start. */
  counts(): { readonly shared: number; readonly evaluated: number };
  close(): void;
}

const windowDefaultMs: DurationMs = 2 * 3_600_000; // Nearly all published rules look back an hour or less.
const lookbackDefaultMs: DurationMs = 300_000; // As in core/promql.

export function createStream(options: StreamOptions): Stream {
  return new RuleStream(options);
}

/** Something whose version tells whether an answer made from it still holds. */
interface Versioned {
  readonly version: number;
}
type Dependencies = Map<Versioned, number>;

interface Answer {
  readonly timeMs: UnixMs;
  readonly columns: readonly SeriesColumns[];
  readonly dependencies: Dependencies;
}

class RuleStream implements Stream {
  readonly #options: StreamOptions;
  readonly #windowMaxMs: DurationMs;
  readonly #cache: WindowCache;
  readonly #stopObserving: Cancel;
  #plan = new SharingPlan([]);
  /** The last answer of each shared expression, or the one that is being worked out. */
  #answers = new Map<SharedExpr, Promise<Answer>>();
  #shared = 0;
  #evaluated = 0;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#windowMaxMs = options.windowMaxMs ?? windowDefaultMs;
    this.#cache = new WindowCache(options.store);
    this.#stopObserving = options.store.observe({ added: (increments) => this.#cache.take(increments), changed: () => this.#forget() });
  }

  readonly query: RuleQuery = async (expr, timeMs) => (await this.#evaluate(this.#plan.rewritten(expr), timeMs)).samples;

  plan(exprs: readonly Expr[]): void {
    this.#plan = new SharingPlan(exprs);
    this.#forget();
  }

  #forget(): void {
    this.#answers = new Map();
    this.#cache.clear();
  }

  explain(expr: Expr): Streaming {
    const far = this.#farthest(expr, 0);
    if (far === undefined || far.reachMs <= this.#windowMaxMs) return { streamed: true, why: '' };
    const selector = `{${far.selector.matchers.map(formatMatcher).join(', ')}}`;
    const kept = `the ${formatDuration(this.#windowMaxMs)} that are kept in memory`;
    const why = Number.isFinite(far.reachMs)
      ? `it reads ${formatDuration(far.reachMs)} of ${selector}, more than ${kept}`
      : `${selector} is read at a fixed time`;
    return { streamed: false, why };
  }

  counts(): { readonly shared: number; readonly evaluated: number } {
    return { shared: this.#shared, evaluated: this.#evaluated };
  }

  close(): void {
    this.#stopObserving();
    this.#forget();
  }

  async #evaluate(expr: Expr, timeMs: UnixMs): Promise<{ samples: readonly Sample[]; dependencies: Dependencies }> {
    this.#evaluated++;
    const dependencies: Dependencies = new Map();
    const source: SeriesSource = {
      select: (matchers, minMs, maxMs) => {
        const shared = this.#plan.sharedBy(matchers);
        return shared === undefined ? this.#select(matchers, minMs, maxMs, dependencies) : this.#answer(shared, timeMs, dependencies);
      },
    };
    return { samples: samplesOf(await evaluateInstant(source, expr, timeMs, this.#options.query)), dependencies };
  }

  #select(matchers: readonly Matcher[], minMs: UnixMs, maxMs: UnixMs, dependencies: Dependencies): readonly SeriesColumns[] {
    if (maxMs - minMs > this.#windowMaxMs || this.#cache.newestMs - minMs > this.#windowMaxMs) {
      dependencies.set(this.#cache, this.#cache.version);
      return this.#options.store.select(matchers, minMs, maxMs);
    }
    const selection = this.#cache.selection(matchers, minMs, maxMs);
    dependencies.set(selection, selection.version);
    return selection.read(minMs, maxMs);
  }

  /** What a shared expression gives at a time, as series of one sample. */
  async #answer(shared: SharedExpr, timeMs: UnixMs, dependencies: Dependencies): Promise<readonly SeriesColumns[]> {
    const known = await this.#answers.get(shared);
    const holds = known !== undefined && known.timeMs === timeMs && stillHolds(known.dependencies);
    if (holds) this.#shared++;
    const answer = holds ? known : await this.#begin(shared, timeMs);
    for (const [on, version] of answer.dependencies) dependencies.set(on, version);
    return answer.columns;
  }

  /** Works a shared expression out, so that others may wait for the same answer. A failure is not kept. */
  #begin(shared: SharedExpr, timeMs: UnixMs): Promise<Answer> {
    const answer = this.#workOut(shared, timeMs);
    this.#answers.set(shared, answer);
    answer.catch(() => {
      if (this.#answers.get(shared) === answer) this.#answers.delete(shared);
    });
    return answer;
  }

  async #workOut(shared: SharedExpr, timeMs: UnixMs): Promise<Answer> {
    const { samples, dependencies } = await this.#evaluate(shared.expr, timeMs);
    return { timeMs, columns: columnsOf(samples, timeMs), dependencies };
  }

  /** The selector that reads furthest back, and how far; Infinity for one at a fixed time. */
  #farthest(expr: Expr, addedMs: DurationMs): { selector: VectorSelector; reachMs: DurationMs } | undefined {
    const context = { stepMs: 0, rangeMs: 0 };
    if (expr.kind === 'selector' || expr.kind === 'matrix') {
      const selector = expr.kind === 'selector' ? expr : expr.selector;
      const backMs = expr.kind === 'matrix' ? durationMs(expr.range, context) : (this.#options.query?.lookbackMs ?? lookbackDefaultMs);
      return { selector, reachMs: addedMs + backMs + movedMs(selector) };
    }
    const insideMs = expr.kind === 'subquery' ? addedMs + durationMs(expr.range, context) + movedMs(expr) : addedMs;
    const found = childrenOf(expr).flatMap((child) => this.#farthest(child, insideMs) ?? []);
    return found.sort((a, b) => b.reachMs - a.reachMs)[0];
  }
}

function movedMs({ at, offset }: VectorSelector | Subquery): DurationMs {
  if (at?.kind === 'time') return Infinity;
  return offset === undefined ? 0 : durationMs(offset, { stepMs: 0, rangeMs: 0 }, true);
}

function stillHolds(dependencies: Dependencies): boolean {
  for (const [on, version] of dependencies) if (on.version !== version) return false;
  return true;
}

function columnsOf(samples: readonly Sample[], timeMs: UnixMs): SeriesColumns[] {
  const timesMs = Float64Array.of(timeMs);
  const values = Float64Array.from(samples, (sample) => sample.value);
  return samples.map(({ labels, histogram }, i) => {
    const column = { labels, timesMs, values: values.subarray(i, i + 1) };
    return histogram === undefined ? column : { ...column, histograms: [histogram] };
  });
}
