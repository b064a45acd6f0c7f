import { formatTime, type DurationMs, type Place, type UnixMs } from '#core/model/index.ts';
import { childrenOf, lineColumn, quote, unwrap, type Expr } from './syntax/index.ts';
import { formatG } from './format-number.ts';

/** What Prometheus calls annotations: sentences about a result that is there but may mislead. */
export interface Notes {
  readonly warnings: string[];
  readonly infos: string[];
}

const textMax = 1 << 20; // Longer than any query; makes one number of the two ends of a place.

/** For the place of each expression, when what it is an argument of is evaluated: arguments first, from left to right. */
function evaluationOrder(expr: Expr): Map<number, number> {
  const order = new Map<number, number>();
  let next = 1;
  const visit = (node: Expr): void => {
    const children = childrenOf(node);
    for (const child of children) visit(child);
    const at = next++;
    for (const { place } of children.map(unwrap)) order.set(place.from * textMax + place.to, at);
  };
  visit(expr);
  return order;
}

const named = (name: string): string => (name === '' ? '' : ` for metric name ${quote(name)}`);

/**
 * Collects the notes of a query, in Prometheus' words and with the place in the query. Of the same sentence at several places
 * one stays, that of the part evaluated last, as in Prometheus.
 */
export class Notebook {
  readonly #text: () => string;
  readonly #expr: Expr;
  /** Most queries have nothing to note. */
  #order: ReadonlyMap<number, number> | undefined;
  readonly #warnings = new Map<string, Place>();
  readonly #infos = new Map<string, Place>();
  readonly #monotonicity = new Map<string, Monotonicity>();

  /** `text` is what the places in `expr` refer to. */
  constructor(text: () => string, expr: Expr) {
    this.#text = text;
    this.#expr = expr;
  }

  notes(): Notes {
    for (const seen of this.#monotonicity.values()) this.#inform(monotonicitySentence(seen), seen.place);
    return { warnings: this.#sentences('warning', this.#warnings), infos: this.#sentences('info', this.#infos) };
  }

  #sentences(level: 'warning' | 'info', found: ReadonlyMap<string, Place>): string[] {
    return [...found].map(([what, place]) => `PromQL ${level}: ${what} (${lineColumn(this.#text(), place.from)})`).sort();
  }

  #warn(what: string, place: Place): void {
    this.#keepLast(this.#warnings, what, place);
  }

  #inform(what: string, place: Place): void {
    this.#keepLast(this.#infos, what, place);
  }

  #keepLast(found: Map<string, Place>, what: string, place: Place): void {
    const known = found.get(what);
    if (known === undefined || this.#orderOf(known) < this.#orderOf(place)) found.set(what, place);
  }

  #orderOf(place: Place): number {
    this.#order ??= evaluationOrder(this.#expr);
    return this.#order.get(place.from * textMax + place.to) ?? 0;
  }

  invalidRatio(ratio: number, to: number, place: Place): void {
    this.#warn(`ratio value should be between -1 and 1, got ${formatG(ratio)}, capping to ${formatG(to)}`, place);
  }

  invalidQuantile(quantile: number, place: Place): void {
    this.#warn(`quantile value should be between 0 and 1, got ${formatG(quantile)}`, place);
  }

  badBucketLabel(metric: string, label: string, place: Place): void {
    this.#warn(`bucket label "le" is missing or has a malformed value of ${quote(label)}${named(metric)}`, place);
  }

  mixedFloatsHistograms(metric: string, place: Place): void {
    this.#warn(`encountered a mix of histograms and floats for metric name ${quote(metric)}`, place);
  }

  mixedFloatsHistogramsInAggregation(place: Place): void {
    this.#warn('encountered a mix of histograms and floats for aggregation', place);
  }

  mixedClassicNative(metric: string, place: Place): void {
    this.#warn(`vector contains a mix of classic and native histograms${named(metric)}`, place);
  }

  notCounter(metric: string, place: Place): void {
    this.#warn(`this native histogram metric is not a counter: ${quote(metric)}`, place);
  }

  notGauge(metric: string, place: Place): void {
    this.#warn(`this native histogram metric is not a gauge: ${quote(metric)}`, place);
  }

  mixedExponentialCustom(metric: string, place: Place): void {
    this.#warn(`vector contains a mix of histograms with exponential and custom buckets schemas for metric name ${quote(metric)}`, place);
  }

  incompatibleBucketLayout(op: string, place: Place): void {
    this.#warn(`incompatible bucket layout encountered for binary operator ${op}`, place);
  }

  resetCollision(operation: HistogramOperation, place: Place): void {
    this.#warn(`conflicting counter resets during histogram ${operation}`, place);
  }

  sortInRange(place: Place): void {
    this.#warn('sort is ineffective for range queries since results are always ordered by labels', place);
  }

  possibleNonCounter(metric: string, place: Place): void {
    this.#inform(`metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${quote(metric)}`, place);
  }

  possibleNonCounterType(metric: string, type: string, place: Place): void {
    this.#inform(`metric might not be a counter, __type__ label is not set to "counter" or "histogram", got ${quote(type)}: ${quote(metric)}`, place);
  }

  incompatibleTypes(left: string, op: string, right: string, place: Place): void {
    this.#inform(`incompatible sample types encountered for binary operator ${quote(op)}: ${left} ${op} ${right}`, place);
  }

  histogramIgnoredInAggregation(aggregation: string, place: Place): void {
    this.#inform(`ignored histogram in ${aggregation} aggregation`, place);
  }

  histogramIgnoredInMixedRange(metric: string, place: Place): void {
    this.#inform(`ignored histograms in a range containing both floats and histograms for metric name ${quote(metric)}`, place);
  }

  quantileNaNResult(metric: string, place: Place): void {
    this.#inform(`input to histogram_quantile has NaN observations, result is NaN${named(metric)}`, place);
  }

  quantileNaNSkew(metric: string, place: Place): void {
    this.#inform(`input to histogram_quantile has NaN observations, result is skewed higher${named(metric)}`, place);
  }

  fractionNaN(metric: string, place: Place): void {
    this.#inform(`input to histogram_fraction has NaN observations, which are excluded from all fractions${named(metric)}`, place);
  }

  boundsReconciled(operation: HistogramOperation, place: Place): void {
    this.#inform(`mismatched custom buckets were reconciled during ${operation}`, place);
  }

  /** Told of every answer that was made of rollups. */
  rolledUp(bucketMs: DurationMs, onlyBeforeMs: UnixMs | undefined, rounds: boolean, place: Place): void {
    const last = rounds ? '; the last digit may differ from what samples give' : '';
    const only = onlyBeforeMs === undefined ? '' : `; samples before ${formatTime(onlyBeforeMs)} are no longer kept`;
    this.#inform(`answered from ${lengthOf(bucketMs)} rollups${last}${only}`, place);
  }

  /** For part of the time there are only rollups that are too coarse for the query. */
  rollupsTooCoarse(bucketMs: DurationMs, beforeMs: UnixMs, place: Place): void {
    const length = lengthOf(bucketMs);
    this.#warn(
      `before ${formatTime(beforeMs)} only ${length} rollups are kept, which were left out here: ranges, steps and times in multiples of ${length} would use them`,
      place,
    );
  }

  /** There is nothing but rollups for part of the time, and they cannot give this answer; `what` is a function that they never fit. */
  rollupsLeftOut(bucketMs: DurationMs, onlyBeforeMs: UnixMs, what: string, place: Place): void {
    const why = what === '' ? `ranges, steps and times in multiples of ${lengthOf(bucketMs)} would use them` : `${what} needs samples`;
    this.#warn(`before ${formatTime(onlyBeforeMs)} only rollups are kept, which were left out here: ${why}`, place);
  }

  /** Sums up over the steps: one sentence for a metric and place. */
  forcedMonotonicity(seen: Omit<Monotonicity, 'count' | 'lastMs' | 'firstMs'> & { readonly timeMs: number }): void {
    const key = `${seen.metric} ${seen.place.from}`;
    const known = this.#monotonicity.get(key);
    this.#monotonicity.set(key, {
      metric: seen.metric,
      place: seen.place,
      lowest: Math.min(seen.lowest, known?.lowest ?? seen.lowest),
      highest: Math.max(seen.highest, known?.highest ?? seen.highest),
      difference: Math.max(seen.difference, known?.difference ?? 0),
      count: (known?.count ?? 0) + 1,
      firstMs: Math.min(seen.timeMs, known?.firstMs ?? seen.timeMs),
      lastMs: Math.max(seen.timeMs, known?.lastMs ?? seen.timeMs),
    });
  }
}

export type HistogramOperation = 'aggregation' | 'addition' | 'subtraction';

interface Monotonicity {
  readonly metric: string;
  readonly place: Place;
  readonly lowest: number;
  readonly highest: number;
  readonly difference: number;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

const lengthOf = (bucketMs: DurationMs): string => (bucketMs % 3_600_000 === 0 ? `${bucketMs / 3_600_000} h` : `${bucketMs / 60_000} min`);

const manual = 'https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile';

function monotonicitySentence(seen: Monotonicity): string {
  const time = (ms: number): string => new Date(ms).toISOString().replace(/\.?0*Z$/, 'Z');
  const head = `input to histogram_quantile needed to be fixed for monotonicity (see ${manual})${named(seen.metric)}`;
  const buckets = `from buckets ${formatG(seen.lowest)} to ${formatG(seen.highest)}, with a max diff of ${formatG(Number(seen.difference.toPrecision(2)))}`;
  return `${head}, ${buckets}, over ${seen.count} samples from ${time(seen.firstMs)} to ${time(seen.lastMs)}`;
}

/** The notes that functions of ranges take, bound to a metric and to the places of the first argument and of the range. */
export function rangeNotes(notes: Notebook, metric: string, first: Place, range: Place): RangeNotes {
  return {
    ignoredHistograms: () => notes.histogramIgnoredInMixedRange(metric, first),
    mixed: () => notes.mixedFloatsHistograms(metric, range),
    invalidQuantile: (value) => notes.invalidQuantile(value, first),
    notCounter: () => notes.notCounter(metric, range),
    notGauge: () => notes.notGauge(metric, range),
    mixedSchemas: () => notes.mixedExponentialCustom(metric, range),
    reconciled: (operation) => notes.boundsReconciled(operation, range),
    resetCollision: () => notes.resetCollision('aggregation', range),
  };
}

/** The notes of functions of ranges. */
export interface RangeNotes {
  ignoredHistograms(): void;
  mixed(): void;
  invalidQuantile(value: number): void;
  notCounter(): void;
  notGauge(): void;
  mixedSchemas(): void;
  reconciled(operation: HistogramOperation): void;
  resetCollision(): void;
}
