import type { Histogram, HistogramSpan } from '#core/model/index.ts';
import { DamageError, type ByteReader, type ByteWriter } from '../bytes/bytes.ts';

export const hints = ['unknown', 'reset', 'none', 'gauge'] as const;

/** One histogram by itself, as the write-ahead log and freshly sealed chunks hold it. Layout: FORMAT.md, "Histogram row". */
export function putHistogram(writer: ByteWriter, h: Histogram): void {
  writer.zigzag(h.schema);
  writer.u8(hints.indexOf(h.resetHint));
  writer.f64(h.count);
  writer.f64(h.sum);
  writer.f64(h.zeroThreshold);
  writer.f64(h.zeroCount);
  putSpans(writer, h.positiveSpans);
  putCounts(writer, h.positive);
  putSpans(writer, h.negativeSpans);
  putCounts(writer, h.negative);
  writer.varint(h.bounds.length);
  for (const bound of h.bounds) writer.f64(bound);
}

/** Throws DamageError. */
export function getHistogram(reader: ByteReader): Histogram {
  const schema = reader.zigzag();
  const resetHint = hintOf(reader.u8());
  const count = reader.f64();
  const sum = reader.f64();
  const zeroThreshold = reader.f64();
  const zeroCount = reader.f64();
  const positiveSpans = getSpans(reader);
  const positive = getCounts(reader);
  const negativeSpans = getSpans(reader);
  const negative = getCounts(reader);
  const bounds = Array.from({ length: reader.count(8) }, () => reader.f64());
  return { schema, resetHint, count, sum, zeroThreshold, zeroCount, positiveSpans, positive, negativeSpans, negative, bounds };
}

/** Throws DamageError. */
export function hintOf(code: number): Histogram['resetHint'] {
  const hint = hints[code];
  if (hint === undefined) throw new DamageError('a histogram has an unknown reset hint');
  return hint;
}

export function putSpans(writer: ByteWriter, spans: readonly HistogramSpan[]): void {
  writer.varint(spans.length);
  for (const span of spans) {
    writer.zigzag(span.gap);
    writer.varint(span.length);
  }
}

export function getSpans(reader: ByteReader): HistogramSpan[] {
  return Array.from({ length: reader.count(2) }, () => ({ gap: reader.zigzag(), length: reader.varint() }));
}

/** Counts as varints when all are integers, else as doubles: 0 or 1, then the entries. */
function putCounts(writer: ByteWriter, counts: readonly number[]): void {
  const whole = counts.every((count) => Number.isSafeInteger(count) && count >= 0 && !Object.is(count, -0));
  writer.u8(whole ? 1 : 0);
  writer.varint(counts.length);
  for (const count of counts) {
    if (whole) writer.varint(count);
    else writer.f64(count);
  }
}

function getCounts(reader: ByteReader): number[] {
  const whole = reader.u8() === 1;
  return Array.from({ length: reader.count(whole ? 1 : 8) }, () => (whole ? reader.varint() : reader.f64()));
}

/** Whether two histograms are the same sample, NaN equal to NaN. */
export function sameHistogram(a: Histogram, b: Histogram): boolean {
  return (
    a.schema === b.schema &&
    Object.is(a.count, b.count) &&
    Object.is(a.sum, b.sum) &&
    a.zeroThreshold === b.zeroThreshold &&
    a.zeroCount === b.zeroCount &&
    sameNumbers(a.positive, b.positive) &&
    sameNumbers(a.negative, b.negative) &&
    sameNumbers(a.bounds, b.bounds) &&
    sameSpans(a.positiveSpans, b.positiveSpans) &&
    sameSpans(a.negativeSpans, b.negativeSpans)
  );
}

export function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}

export function sameSpans(a: readonly HistogramSpan[], b: readonly HistogramSpan[]): boolean {
  return a.length === b.length && a.every((span, i) => span.gap === b[i]!.gap && span.length === b[i]!.length);
}
