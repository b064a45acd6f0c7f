import type { Place } from '#core/model/index.ts';
import { lineColumn, quote } from './syntax/index.ts';
import { formatG } from './format-number.ts';

/** What Prometheus calls annotations: sentences about a result that is there but may mislead. */
export interface Notes {
  readonly warnings: string[];
  readonly infos: string[];
}

const named = (name: string): string => (name === '' ? '' : ` for metric name ${quote(name)}`);

/** Collects the notes of a query, each sentence once, in Prometheus' words and with the place in the query. */
export class Notebook {
  readonly #text: string;
  readonly #warnings = new Set<string>();
  readonly #infos = new Set<string>();
  readonly #monotonicity = new Map<string, Monotonicity>();

  constructor(text: string) {
    this.#text = text;
  }

  notes(): Notes {
    const forced = [...this.#monotonicity.values()].map((seen) => this.#sentence('info', monotonicitySentence(seen), seen.place));
    return { warnings: [...this.#warnings].sort(), infos: [...new Set([...this.#infos, ...forced])].sort() };
  }

  #sentence(level: 'warning' | 'info', what: string, place: Place): string {
    return `PromQL ${level}: ${what} (${lineColumn(this.#text, place.from)})`;
  }

  #warn(what: string, place: Place): void {
    this.#warnings.add(this.#sentence('warning', what, place));
  }

  #inform(what: string, place: Place): void {
    this.#infos.add(this.#sentence('info', what, place));
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

const manual = 'https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile';

function monotonicitySentence(seen: Monotonicity): string {
  const time = (ms: number): string => new Date(ms).toISOString().replace(/\.?0*Z$/, 'Z');
  const head = `input to histogram_quantile needed to be fixed for monotonicity (see ${manual})${named(seen.metric)}`;
  const buckets = `from buckets ${formatG(seen.lowest)} to ${formatG(seen.highest)}, with a max diff of ${formatG(Number(seen.difference.toPrecision(2)))}`;
  return `${head}, ${buckets}, over ${seen.count} samples from ${time(seen.firstMs)} to ${time(seen.lastMs)}`;
}
