/** What requests of both versions have in common: samples, native histograms, types. */
import type { Histogram, MetricType } from '#core/model/index.ts';
import { HistogramBuilder } from '../proto-histogram.ts';
import type { ProtoReader } from '../protobuf.ts';
import type { RemoteWriteColumns } from './columns.ts';

/** By the number that both versions give to a type. */
export const remoteWriteTypes: readonly MetricType[] = ['unknown', 'counter', 'gauge', 'histogram', 'gaugehistogram', 'summary', 'info', 'stateset'];
const resetHints: readonly Histogram['resetHint'][] = ['unknown', 'reset', 'none', 'gauge'];

const histogramFields = {
  countInt: 1,
  countFloat: 2,
  sum: 3,
  schema: 4,
  zeroThreshold: 5,
  zeroCountInt: 6,
  zeroCountFloat: 7,
  negativeSpan: 8,
  negativeDelta: 9,
  negativeCount: 10,
  positiveSpan: 11,
  positiveDelta: 12,
  positiveCount: 13,
};

/** A sample of any form, of the series that is being read. */
export function readSample(reader: ProtoReader, into: RemoteWriteColumns): void {
  let value = 0;
  let timeMs = 0;
  let stale = false;
  while (reader.next()) {
    if (reader.field === 1) {
      value = reader.double();
      stale = value !== value && isStaleAt(reader.bytes, reader.at - 8);
    } else if (reader.field === 2) timeMs = reader.int();
    else reader.skip();
  }
  into.addSample(timeMs, value, stale);
}

/** Whether the little-endian double at `at` is Prometheus' stale marker, 0x7ff0000000000002. */
function isStaleAt(bytes: Uint8Array, at: number): boolean {
  return (
    bytes[at] === 2 &&
    bytes[at + 1] === 0 &&
    bytes[at + 2] === 0 &&
    bytes[at + 3] === 0 &&
    bytes[at + 4] === 0 &&
    bytes[at + 5] === 0 &&
    bytes[at + 6] === 0xf0 &&
    bytes[at + 7] === 0x7f
  );
}

/** A native histogram of the series that is being read. */
export function takeHistogram(reader: ProtoReader, into: RemoteWriteColumns): void {
  const builder = new HistogramBuilder(histogramFields);
  let timeMs = 0;
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 14) builder.resetHint = resetHints[reader.uint()] ?? 'unknown';
      else if (reader.field === 15) timeMs = reader.int();
      else if (reader.field === 16) reader.numbers(builder.bounds, 'double');
      else if (!builder.take(reader)) reader.skip();
    }
  });
  const histogram = builder.build();
  if (histogram === undefined) into.badHistograms.push(into.seriesCount);
  else into.histograms.push({ series: into.seriesCount, timeMs, histogram });
}
