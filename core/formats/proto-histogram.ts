import { customBoundsSchema, type Histogram, type HistogramSpan } from '#core/model/index.ts';
import type { ProtoReader } from './protobuf.ts';

/** Field numbers of a native histogram, which differ between remote write and the exposition format. */
export interface HistogramFields {
  readonly countInt: number;
  readonly countFloat: number;
  readonly sum: number;
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCountInt: number;
  readonly zeroCountFloat: number;
  readonly negativeSpan: number;
  readonly negativeDelta: number;
  readonly negativeCount: number;
  readonly positiveSpan: number;
  readonly positiveDelta: number;
  readonly positiveCount: number;
}

/** A histogram whose fields come in one by one. */
export class HistogramBuilder {
  readonly #fields: HistogramFields;
  count = 0;
  sum = 0;
  #schema = 0;
  #zeroThreshold = 0;
  #zeroCount = 0;
  readonly #positiveSpans: HistogramSpan[] = [];
  readonly #negativeSpans: HistogramSpan[] = [];
  readonly #positiveDeltas: number[] = [];
  readonly #negativeDeltas: number[] = [];
  readonly #positiveCounts: number[] = [];
  readonly #negativeCounts: number[] = [];
  readonly bounds: number[] = [];
  resetHint: Histogram['resetHint'] = 'unknown';

  constructor(fields: HistogramFields) {
    this.#fields = fields;
  }

  /** Takes the field that the reader stands at; false when it is none of a histogram's. */
  take(reader: ProtoReader): boolean {
    const fields = this.#fields;
    switch (reader.field) {
      case fields.countInt:
        this.count = reader.uint();
        return true;
      case fields.countFloat:
        this.count = reader.double();
        return true;
      case fields.sum:
        this.sum = reader.double();
        return true;
      case fields.schema:
        this.#schema = reader.zigzag();
        return true;
      case fields.zeroThreshold:
        this.#zeroThreshold = reader.double();
        return true;
      case fields.zeroCountInt:
        this.#zeroCount = reader.uint();
        return true;
      case fields.zeroCountFloat:
        this.#zeroCount = reader.double();
        return true;
      default:
        return this.#takeBuckets(reader);
    }
  }

  #takeBuckets(reader: ProtoReader): boolean {
    const fields = this.#fields;
    if (reader.field === fields.positiveSpan) this.#positiveSpans.push(readSpan(reader));
    else if (reader.field === fields.negativeSpan) this.#negativeSpans.push(readSpan(reader));
    else if (reader.field === fields.positiveDelta) reader.numbers(this.#positiveDeltas, 'zigzag');
    else if (reader.field === fields.negativeDelta) reader.numbers(this.#negativeDeltas, 'zigzag');
    else if (reader.field === fields.positiveCount) reader.numbers(this.#positiveCounts, 'double');
    else if (reader.field === fields.negativeCount) reader.numbers(this.#negativeCounts, 'double');
    else return false;
    return true;
  }

  /** Whether there is anything of a native histogram in it: classic ones have none of this. */
  get isNative(): boolean {
    return this.#positiveSpans.length > 0 || this.#negativeSpans.length > 0 || this.#zeroThreshold > 0 || this.#zeroCount > 0;
  }

  /** The histogram; undefined when its parts do not fit together. */
  build(): Histogram | undefined {
    const positive = this.#positiveCounts.length > 0 ? this.#positiveCounts : absolute(this.#positiveDeltas);
    const negative = this.#negativeCounts.length > 0 ? this.#negativeCounts : absolute(this.#negativeDeltas);
    const made: Histogram = {
      schema: this.#schema,
      resetHint: this.resetHint,
      count: this.count,
      sum: this.sum,
      zeroThreshold: this.#zeroThreshold,
      zeroCount: this.#zeroCount,
      positiveSpans: this.#positiveSpans,
      positive,
      negativeSpans: this.#negativeSpans,
      negative,
      bounds: this.bounds,
    };
    return isSound(made) ? made : undefined;
  }
}

function readSpan(reader: ProtoReader): HistogramSpan {
  let gap = 0;
  let length = 0;
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 1) gap = reader.zigzag();
      else if (reader.field === 2) length = reader.uint();
      else reader.skip();
    }
  });
  return { gap, length };
}

/** Bucket counts from the deltas between neighbours. */
function absolute(deltas: readonly number[]): number[] {
  let count = 0;
  return deltas.map((delta) => (count += delta));
}

/** Rules of the native histogram specification that later code relies on. */
function isSound(histogram: Histogram): boolean {
  const { schema, bounds, positiveSpans, positive, negativeSpans, negative } = histogram;
  const custom = schema === customBoundsSchema;
  if (!Number.isInteger(schema) || !(custom || (schema >= -4 && schema <= 8))) return false;
  if (custom ? bounds.some((bound, i) => i > 0 && !(bound > bounds[i - 1]!)) || negative.length > 0 : bounds.length > 0) return false;
  const counts = [histogram.count, histogram.zeroCount, ...positive, ...negative];
  return counts.every((count) => count >= 0) && spansFit(positiveSpans, positive.length) && spansFit(negativeSpans, negative.length);
}

function spansFit(spans: readonly HistogramSpan[], bucketCount: number): boolean {
  const total = spans.reduce((sum, { length }) => sum + length, 0);
  return total === bucketCount && spans.every(({ gap }, i) => i === 0 || gap >= 0);
}
