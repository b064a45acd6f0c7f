import { compareLabels, type DurationMs, type SeriesColumns, type UnixMs } from '#core/model/index.ts';
import { constantSeconds, printExpr, walk, type Duration, type Expr } from './syntax/index.ts';
import type { QueryRange, RangeResult } from './query.ts';
import type { SeriesSource, SourceMark } from './read/source.ts';

/** What a range query gave, kept for the next one that asks for nearly the same. */
interface Kept {
  readonly range: QueryRange;
  readonly mark: SourceMark;
  readonly series: readonly SeriesColumns[];
  readonly bytes: number;
}

/** All results kept, and the largest one: a screen of panels, and the widest raw selector that a chart can draw. */
const bytesMax = 32 << 20;
const resultBytesMax = 8 << 20;
/** Longer ranges are refused, which is the evaluator's to say. */
const stepsMax = 10_000;
const bytesPerPoint = 16;
const bytesPerSeries = 512;

/**
 * Steps of earlier range queries. A panel that refreshes asks for the same expression with a window moved by a little: the steps that it
 * saw before are taken from there, as long as the source says that nothing changed that they could see, and the others are evaluated. What
 * comes out is what a fresh evaluation gives, to the bit. Results with warnings, infos or native histograms are not kept.
 */
export class StepReuse {
  readonly #source: SeriesSource;
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;

  constructor(source: SeriesSource) {
    this.#source = source;
  }

  /** Answers `range` with what `evaluate` gives for the part of it that has to be worked out. */
  async range(expr: Expr, range: QueryRange, lookbackMs: DurationMs, evaluate: (part: QueryRange) => Promise<RangeResult>): Promise<RangeResult> {
    const mark = this.#source.mark?.();
    const aheadMs = mark === undefined || !(range.stepMs > 0) ? undefined : sightAhead(expr, lookbackMs);
    if (mark === undefined || aheadMs === undefined) return evaluate(range);
    const key = `${range.stepMs} ${range.startMs % range.stepMs} ${lookbackMs} ${printExpr(expr)}`;
    const reusable = this.#reusable(key, range, aheadMs);
    const result = reusable === undefined ? await evaluate(range) : await this.#extend(reusable, range, evaluate);
    this.#keep(key, range, mark, result);
    return result;
  }

  /** What is kept of the range and still holds, from its start to a step before its end. */
  #reusable(key: string, range: QueryRange, aheadMs: DurationMs): { readonly kept: Kept; readonly lastMs: UnixMs } | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined || kept.range.startMs > range.startMs || lastStep(range) - range.startMs > stepsMax * range.stepMs) return undefined;
    const changedMs = this.#source.unchangedBefore!(kept.mark) - aheadMs;
    const stepsHeld = Math.ceil((changedMs - range.startMs) / range.stepMs);
    // The last step is evaluated whatever was kept: it has its say on errors and on what the query cost.
    const lastMs = Math.min(lastStep(kept.range), lastStep(range) - range.stepMs, range.startMs + (stepsHeld - 1) * range.stepMs);
    return lastMs < range.startMs ? undefined : { kept, lastMs };
  }

  async #extend(
    { kept, lastMs }: { readonly kept: Kept; readonly lastMs: UnixMs },
    range: QueryRange,
    evaluate: (part: QueryRange) => Promise<RangeResult>,
  ): Promise<RangeResult> {
    const part = { ...range, startMs: lastMs + range.stepMs };
    const old = kept.series.flatMap((series) => cut(series, range.startMs, lastMs) ?? []);
    const stepsReused = Math.round((lastMs - range.startMs) / range.stepMs) + 1;
    const fresh = await evaluate(part);
    if (fresh.series.some(({ histograms }) => histograms !== undefined)) return evaluate(range);
    return { ...fresh, series: join(old, fresh.series), stats: { ...fresh.stats, steps: fresh.stats.steps + stepsReused, stepsReused } };
  }

  #keep(key: string, range: QueryRange, mark: SourceMark, { series, notes }: RangeResult): void {
    this.#forget(key);
    if (notes.warnings.length > 0 || notes.infos.length > 0 || series.some(({ histograms }) => histograms !== undefined)) return;
    const bytes = series.reduce((sum, { timesMs }) => sum + timesMs.length * bytesPerPoint + bytesPerSeries, bytesPerSeries);
    if (bytes > resultBytesMax) return;
    this.#kept.set(key, { range, mark, series, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= bytesMax) return;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    this.#bytes -= this.#kept.get(key)?.bytes ?? 0;
    this.#kept.delete(key);
  }
}

const lastStep = ({ startMs, endMs, stepMs }: QueryRange): UnixMs => startMs + Math.floor((endMs - startMs) / stepMs) * stepMs;

/** Functions and aggregations whose answer at a step depends on the whole range, or on which series the range has. */
const ofWholeRange: ReadonlySet<string> = new Set(['start', 'end', 'range', 'step', 'info', 'limitk', 'limit_ratio']);

/** How far after a step the samples may lie that it depends on; undefined when a step depends on the range that is asked for. */
function sightAhead(expr: Expr, lookbackMs: DurationMs): DurationMs | undefined {
  let aheadMs: DurationMs | undefined = 0;
  const look = (offset: Duration | undefined, ...others: readonly (Duration | undefined)[]): void => {
    const seconds = offset === undefined ? 0 : constantSeconds(offset);
    const isConstant = seconds !== undefined && others.every((one) => one === undefined || constantSeconds(one) !== undefined);
    aheadMs = isConstant && aheadMs !== undefined ? aheadMs + Math.max(0, -seconds * 1000) : undefined;
  };
  walk(expr, (part) => {
    if (part.kind === 'selector' || part.kind === 'subquery') {
      look(part.offset, ...(part.kind === 'subquery' ? [part.range, part.step] : []));
      if (part.at !== undefined) aheadMs = undefined;
      else if (part.kind === 'selector' && part.extend === 'smoothed' && aheadMs !== undefined) aheadMs += lookbackMs;
    } else if (part.kind === 'matrix') look(undefined, part.range);
    else if ((part.kind === 'call' && ofWholeRange.has(part.name)) || (part.kind === 'aggregation' && ofWholeRange.has(part.op))) aheadMs = undefined;
  });
  return aheadMs;
}

/** The points from `fromMs` to `toMs`, both inclusive; undefined when there are none. */
function cut(series: SeriesColumns, fromMs: UnixMs, toMs: UnixMs): SeriesColumns | undefined {
  const { labels, timesMs, values } = series;
  const from = firstAt(timesMs, fromMs);
  const to = firstAt(timesMs, toMs + 1);
  if (from === to) return undefined;
  return { labels, timesMs: timesMs.subarray(from, to), values: values.subarray(from, to) };
}

function firstAt(timesMs: Float64Array, timeMs: UnixMs): number {
  let low = 0;
  let high = timesMs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timesMs[middle]! < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Puts the later points behind the earlier ones of the same series. Both lists are sorted by labels, and so is the result. */
function join(before: readonly SeriesColumns[], after: readonly SeriesColumns[]): SeriesColumns[] {
  const joined: SeriesColumns[] = [];
  let [b, a] = [0, 0];
  while (b < before.length || a < after.length) {
    const order = b === before.length ? 1 : a === after.length ? -1 : compareLabels(before[b]!.labels, after[a]!.labels);
    if (order < 0) joined.push(whole(before[b++]!));
    else if (order > 0) joined.push(after[a++]!);
    else joined.push(concatenated(before[b++]!, after[a++]!));
  }
  return joined;
}

/** Not a view: what is kept must not hold on to the columns of all refreshes before. */
const whole = ({ labels, timesMs, values }: SeriesColumns): SeriesColumns => ({ labels, timesMs: timesMs.slice(), values: values.slice() });

function concatenated(before: SeriesColumns, after: SeriesColumns): SeriesColumns {
  const count = before.timesMs.length;
  const timesMs = new Float64Array(count + after.timesMs.length);
  const values = new Float64Array(timesMs.length);
  timesMs.set(before.timesMs);
  timesMs.set(after.timesMs, count);
  values.set(before.values);
  values.set(after.values, count);
  return { labels: after.labels, timesMs, values };
}
