import type { Exemplar, Histogram } from '#core/model/index.ts';
import { HistogramBuilder } from '../proto-histogram.ts';
import type { ProtoReader } from '../protobuf.ts';
import { sortedPairs } from './line.ts';

const histogramFields = {
  countInt: 1,
  countFloat: 4,
  sum: 2,
  schema: 5,
  zeroThreshold: 6,
  zeroCountInt: 7,
  zeroCountFloat: 8,
  negativeSpan: 9,
  negativeDelta: 10,
  negativeCount: 11,
  positiveSpan: 12,
  positiveDelta: 13,
  positiveCount: 14,
};

interface Bucket {
  readonly bound: number;
  readonly count: number;
  readonly exemplar: Exemplar | undefined;
}

/** What one Metric message of the protobuf exposition holds; only one of the kinds is there. */
export interface ProtoMetric {
  /** As the text format has them, without braces. */
  labels: string;
  /** NaN when it has none. */
  timeMs: number;
  value: number | undefined;
  exemplar: Exemplar | undefined;
  count: number;
  sum: number;
  quantiles: { readonly quantile: number; readonly value: number }[];
  buckets: Bucket[];
  native: Histogram | undefined;
  nativeExemplars: Exemplar[];
  kind: 'plain' | 'summary' | 'histogram';
  /** Why it cannot be used; empty when it can. */
  bad: string;
}

/** Reads the Metric message that the reader stands at. */
export function readMetric(reader: ProtoReader): ProtoMetric {
  const labels: string[] = [];
  const metric: ProtoMetric = {
    labels: '',
    timeMs: Number.NaN,
    value: undefined,
    exemplar: undefined,
    count: 0,
    sum: 0,
    quantiles: [],
    buckets: [],
    native: undefined,
    nativeExemplars: [],
    kind: 'plain',
    bad: '',
  };
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 1) labels.push(readLabelPair(reader));
      else if (reader.field === 6) metric.timeMs = reader.int();
      else if (reader.field === 2 || reader.field === 3 || reader.field === 5) readPlain(reader, metric);
      else if (reader.field === 4) readSummary(reader, metric);
      else if (reader.field === 7) readHistogram(reader, metric);
      else reader.skip();
    }
  });
  metric.labels = labels.join(',');
  return metric;
}

/** `name="value"`, as the text format has it. */
function readLabelPair(reader: ProtoReader): string {
  let name = '';
  let value = '';
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 1) name = reader.text();
      else if (reader.field === 2) value = reader.text();
      else reader.skip();
    }
  });
  const written = /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : quoted(name);
  return `${written}=${quoted(value)}`;
}

function quoted(text: string): string {
  return `"${text.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))}"`;
}

/** Gauge, Counter or Untyped. */
function readPlain(reader: ProtoReader, metric: ProtoMetric): void {
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 1) metric.value = reader.double();
      else if (reader.field === 2) metric.exemplar = readExemplar(reader);
      else reader.skip();
    }
  });
}

function readSummary(reader: ProtoReader, metric: ProtoMetric): void {
  metric.kind = 'summary';
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 1) metric.count = reader.uint();
      else if (reader.field === 2) metric.sum = reader.double();
      else if (reader.field === 3) {
        const [quantile, value] = readPair(reader);
        metric.quantiles.push({ quantile, value });
      } else reader.skip();
    }
  });
}

function readPair(reader: ProtoReader): readonly [number, number] {
  let first = 0;
  let second = 0;
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 1) first = reader.double();
      else if (reader.field === 2) second = reader.double();
      else reader.skip();
    }
  });
  return [first, second];
}

function readHistogram(reader: ProtoReader, metric: ProtoMetric): void {
  metric.kind = 'histogram';
  const builder = new HistogramBuilder(histogramFields);
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 3) metric.buckets.push(readBucket(reader));
      else if (reader.field === 16) metric.nativeExemplars.push(readExemplar(reader));
      else if (!builder.take(reader)) reader.skip();
    }
  });
  metric.count = builder.count;
  metric.sum = builder.sum;
  if (!builder.isNative) return;
  metric.native = builder.build();
  if (metric.native === undefined) metric.bad = 'the native histogram does not fit together';
}

function readBucket(reader: ProtoReader): Bucket {
  let bound = 0;
  let count = 0;
  let exemplar: Exemplar | undefined;
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 1) count = reader.uint();
      else if (reader.field === 4) count = reader.double();
      else if (reader.field === 2) bound = reader.double();
      else if (reader.field === 3) exemplar = readExemplar(reader);
      else reader.skip();
    }
  });
  return { bound, count, exemplar };
}

function readExemplar(reader: ProtoReader): Exemplar {
  const pairs: string[] = [];
  let value = 0;
  let timeMs = Number.NaN;
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 1) readExemplarLabel(reader, pairs);
      else if (reader.field === 2) value = reader.double();
      else if (reader.field === 3) timeMs = readTimestamp(reader);
      else reader.skip();
    }
  });
  return { labels: sortedPairs(pairs), value, timeMs };
}

function readExemplarLabel(reader: ProtoReader, into: string[]): void {
  const pair = ['', ''];
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 1 || reader.field === 2) pair[reader.field - 1] = reader.text();
      else reader.skip();
    }
  });
  into.push(...pair);
}

/** google.protobuf.Timestamp as whole ms. */
function readTimestamp(reader: ProtoReader): number {
  let seconds = 0;
  let nanos = 0;
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 1) seconds = reader.int();
      else if (reader.field === 2) nanos = reader.int();
      else reader.skip();
    }
  });
  return seconds * 1000 + Math.floor(nanos / 1e6);
}
