import type { Histogram, HistogramSpan } from '#core/model/index.ts';
import { DamageError, type ByteReader, type ByteWriter } from '../bytes/bytes.ts';
import { getSpans, hintOf, hints, putSpans, sameNumbers, sameSpans } from './histogram-row.ts';

/** What neighbouring histograms of a series have in common; with it, each histogram is a row of numbers. */
export type Layout = Pick<Histogram, 'schema' | 'resetHint' | 'zeroThreshold' | 'positiveSpans' | 'negativeSpans' | 'bounds'>;

interface Run {
  readonly from: number;
  readonly to: number;
  /** Undefined for a run of float samples. */
  readonly layout: Layout | undefined;
}

/** Splits samples into runs of one layout. */
export function layoutRuns(histograms: readonly (Histogram | undefined)[]): Run[] {
  const runs: Run[] = [];
  for (let from = 0; from < histograms.length;) {
    const layout = histograms[from];
    let to = from + 1;
    while (to < histograms.length && sameLayout(layout, histograms[to])) to++;
    runs.push({ from, to, layout });
    from = to;
  }
  return runs;
}

function sameLayout(a: Layout | undefined, b: Layout | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.schema === b.schema &&
    a.resetHint === b.resetHint &&
    a.zeroThreshold === b.zeroThreshold &&
    sameSpans(a.positiveSpans, b.positiveSpans) &&
    sameSpans(a.negativeSpans, b.negativeSpans) &&
    sameNumbers(a.bounds, b.bounds)
  );
}

const ownColumns = 3;

/** Columns of a layout: count, sum, zero count, then the positive and the negative buckets. */
export function layoutColumns({ positiveSpans, negativeSpans }: Layout): number {
  return ownColumns + bucketCount(positiveSpans) + bucketCount(negativeSpans);
}

function bucketCount(spans: readonly HistogramSpan[]): number {
  return spans.reduce((sum, span) => sum + span.length, 0);
}

export function columnsOfHistograms({ positiveSpans, negativeSpans }: Layout, histograms: readonly Histogram[]): Float64Array[] {
  const columns = [
    Float64Array.from(histograms, (h) => h.count),
    Float64Array.from(histograms, (h) => h.sum),
    Float64Array.from(histograms, (h) => h.zeroCount),
  ];
  for (let i = 0; i < bucketCount(positiveSpans); i++) columns.push(Float64Array.from(histograms, (h) => h.positive[i]!));
  for (let i = 0; i < bucketCount(negativeSpans); i++) columns.push(Float64Array.from(histograms, (h) => h.negative[i]!));
  return columns;
}

export function histogramsOf(layout: Layout, columns: readonly Float64Array[]): Histogram[] {
  const { schema, resetHint, zeroThreshold, positiveSpans, negativeSpans, bounds } = layout;
  const buckets = columns.slice(ownColumns);
  const positives = bucketCount(positiveSpans);
  return Array.from(columns[0]!, (count, i) => ({
    schema,
    resetHint,
    count,
    sum: columns[1]![i]!,
    zeroThreshold,
    zeroCount: columns[2]![i]!,
    positiveSpans,
    positive: buckets.slice(0, positives).map((column) => column[i]!),
    negativeSpans,
    negative: buckets.slice(positives).map((column) => column[i]!),
    bounds,
  }));
}

export function putLayout(writer: ByteWriter, layout: Layout): void {
  writer.zigzag(layout.schema);
  writer.u8(hints.indexOf(layout.resetHint));
  writer.f64(layout.zeroThreshold);
  putSpans(writer, layout.positiveSpans);
  putSpans(writer, layout.negativeSpans);
  writer.varint(layout.bounds.length);
  for (const bound of layout.bounds) writer.f64(bound);
}

/** Throws DamageError. */
export function getLayout(reader: ByteReader): Layout {
  const schema = reader.zigzag();
  const resetHint = hintOf(reader.u8());
  const zeroThreshold = reader.f64();
  const positiveSpans = getSpans(reader);
  const negativeSpans = getSpans(reader);
  const bounds = Array.from({ length: reader.count(8) }, () => reader.f64());
  const layout = { schema, resetHint, zeroThreshold, positiveSpans, negativeSpans, bounds };
  if (layoutColumns(layout) > reader.end - reader.at) throw new DamageError('a histogram with more buckets than bytes');
  return layout;
}
