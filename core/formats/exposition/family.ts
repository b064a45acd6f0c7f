import type { Exemplar, MetricType } from '#core/model/index.ts';

/** A sample as OpenMetrics has it. */
export interface OpenMetricsSample {
  readonly name: string;
  /** Labels in the order of the line: name, value, ... without the metric's name. */
  readonly pairs: readonly string[];
  readonly value: number;
  readonly seconds: number | undefined;
  readonly exemplar: Exemplar | undefined;
}

/** Code points that an exemplar's names and values may have together (OpenMetrics 1.0, "Exemplars"). */
const exemplarCharsMax = 128;

/** Samples whose values only count up: never NaN, never below 0. */
const countLike = new Set(['_total', '_count', '_bucket', '_gcount']);

/**
 * The rules of one metric family (OpenMetrics 1.0, "Metric types"): which labels and values its type asks for, metrics of
 * a family not interleaved, times not going back, and histograms whose buckets, counts and sums fit together.
 * `take` and `end` answer what is wrong, empty when nothing is.
 */
export class FamilyCheck {
  readonly #name: string;
  readonly #type: MetricType;
  readonly #groupsSeen = new Set<string>();
  #group: string | undefined;
  #seconds: number | undefined;
  #histogram: HistogramCheck | undefined;

  constructor(name: string, type: MetricType) {
    this.#name = name;
    this.#type = type;
  }

  /** `suffix` is what the sample's name has after the family's. */
  take(sample: OpenMetricsSample, suffix: string): string {
    return (
      this.#checkLabels(sample, suffix) || this.#checkGroup(sample, suffix) || this.#checkValue(sample, suffix) || this.#checkExemplar(sample, suffix)
    );
  }

  end(): string {
    return this.#histogram?.end(this.#name) ?? '';
  }

  #checkLabels(sample: OpenMetricsSample, suffix: string): string {
    if (this.#type === 'stateset' && labelOf(sample, this.#name) === undefined) return `a state set needs the label ${this.#name}`;
    if (suffix === '_bucket' && Number.isNaN(bound(sample))) return 'a bucket needs a label le that is a number';
    if (this.#type === 'summary' && suffix === '') {
      const quantile = toNumber(labelOf(sample, 'quantile'));
      if (!(quantile >= 0 && quantile <= 1)) return 'a summary needs a label quantile from 0 to 1';
    }
    return '';
  }

  #checkValue(sample: OpenMetricsSample, suffix: string): string {
    const { value } = sample;
    if (this.#type === 'stateset' && value !== 0 && value !== 1) return 'a state set has only the values 0 and 1';
    if (this.#type === 'info' && value !== 1) return 'an info metric has only the value 1';
    if (this.#type === 'summary' && suffix === '' && value < 0) return 'a quantile is not below 0';
    const sum = suffix === '_sum' || suffix === '_gsum';
    if ((sum || countLike.has(suffix)) && Number.isNaN(value)) return `${sample.name} is not NaN`;
    if ((suffix === '_sum' || countLike.has(suffix)) && value < 0) return `${sample.name} is not below 0`;
    return '';
  }

  #checkExemplar(sample: OpenMetricsSample, suffix: string): string {
    if (sample.exemplar === undefined) return '';
    const bucket = (this.#type === 'histogram' || this.#type === 'gaugehistogram') && suffix === '_bucket';
    if (!bucket && !(this.#type === 'counter' && suffix === '_total')) return 'only buckets and counters may have exemplars';
    const chars = sample.exemplar.labels.reduce((sum, text) => sum + Array.from(text).length, 0);
    return chars > exemplarCharsMax ? `the exemplar's labels have ${chars} characters, over the limit of ${exemplarCharsMax}` : '';
  }

  /** A group is one metric of the family: the labels without the one that parts its samples. All labels of an info metric may. */
  #checkGroup(sample: OpenMetricsSample, suffix: string): string {
    const group = this.#type === 'info' ? '' : groupKey(sample, this.#partingLabel(suffix));
    const same = group === this.#group;
    if (!same && this.#groupsSeen.has(group)) return 'the samples of one metric do not stand together';
    const reason = same ? this.#checkTime(sample.seconds) : '';
    let ended = '';
    if ((this.#type === 'histogram' || this.#type === 'gaugehistogram') && !(same && sample.seconds === this.#seconds)) {
      ended = this.end();
      this.#histogram = new HistogramCheck();
    }
    this.#group = group;
    this.#seconds = sample.seconds;
    this.#groupsSeen.add(group);
    return reason || ended || (this.#histogram?.take(sample, suffix) ?? '');
  }

  #checkTime(seconds: number | undefined): string {
    if ((seconds === undefined) !== (this.#seconds === undefined)) return 'some samples of a metric have times and some have none';
    const back = seconds !== undefined && this.#seconds !== undefined && seconds < this.#seconds;
    return back && this.#type !== 'info' ? 'the time goes back within a metric' : '';
  }

  #partingLabel(suffix: string): string | undefined {
    switch (this.#type) {
      case 'histogram':
      case 'gaugehistogram':
        return suffix === '_bucket' ? 'le' : undefined;
      case 'summary':
        return suffix === '' ? 'quantile' : undefined;
      case 'stateset':
        return this.#name;
      case 'info':
      case 'counter':
      case 'gauge':
      case 'unknown':
        return undefined;
    }
  }
}

/** One histogram at one time. */
class HistogramCheck {
  #bound = Number.NEGATIVE_INFINITY;
  #bucketCount = 0;
  #lastBucket = 0;
  #count: number | undefined;
  #sum: number | undefined;
  #gaugeSum: number | undefined;
  #negativeBounds = false;

  take(sample: OpenMetricsSample, suffix: string): string {
    switch (suffix) {
      case '_bucket':
        return this.#takeBucket(bound(sample), sample.value);
      case '_count':
      case '_gcount':
        this.#count = sample.value;
        return '';
      case '_sum':
        this.#sum = sample.value;
        return '';
      case '_gsum':
        this.#gaugeSum = sample.value;
        return '';
      default:
        return '';
    }
  }

  #takeBucket(le: number, value: number): string {
    if (this.#bucketCount > 0 && le <= this.#bound) return 'the buckets are not in order of le';
    if (value < this.#lastBucket) return 'a bucket holds less than the one before it';
    this.#bound = le;
    this.#lastBucket = value;
    this.#bucketCount++;
    if (le < 0) this.#negativeBounds = true;
    return '';
  }

  end(name: string): string {
    const hasSum = this.#sum !== undefined || this.#gaugeSum !== undefined;
    if (this.#bound !== Number.POSITIVE_INFINITY) return `the histogram ${name} has no bucket with le="+Inf"`;
    if (this.#count !== undefined && this.#count !== this.#lastBucket) return `the count of ${name} is not what its bucket le="+Inf" holds`;
    if (hasSum !== (this.#count !== undefined)) return `${name} needs both a count and a sum, or neither`;
    if (this.#negativeBounds && this.#sum !== undefined) return `${name} has buckets below 0, so its sum could fall and must be left out`;
    if (!this.#negativeBounds && this.#gaugeSum !== undefined && this.#gaugeSum < 0) return `${name} has no bucket below 0, but a sum below 0`;
    return '';
  }
}

function labelOf(sample: OpenMetricsSample, name: string): string | undefined {
  for (let i = 0; i < sample.pairs.length; i += 2) if (sample.pairs[i] === name) return sample.pairs[i + 1];
  return undefined;
}

function bound(sample: OpenMetricsSample): number {
  return toNumber(labelOf(sample, 'le'));
}

/** The number a label's text says; NaN when it says none. */
function toNumber(text: string | undefined): number {
  if (text === '+Inf' || text === 'Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  return text !== undefined && /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
}

function groupKey(sample: OpenMetricsSample, without: string | undefined): string {
  const pairs: string[] = [];
  for (let i = 0; i < sample.pairs.length; i += 2) {
    if (sample.pairs[i] !== without) pairs.push(`${sample.pairs[i]}\ud800${sample.pairs[i + 1]}`);
  }
  return pairs.sort().join('\ud801');
}
