import { takeAttribute, type OtlpAttribute, type OtlpAttributes } from './value.ts';
import { ProtoReader } from '../protobuf.ts';

/**
 * OTLP metrics (opentelemetry/proto/metrics/v1), protobuf form. The JSON form is read by metrics-json.ts into the same
 * shapes.
 */
export interface OtlpResourceMetrics {
  readonly attributes: OtlpAttributes;
  readonly scopes: readonly OtlpScopeMetrics[];
}

export interface OtlpScopeMetrics {
  readonly name: string;
  readonly version: string;
  readonly attributes: OtlpAttributes;
  readonly metrics: readonly OtlpMetric[];
}

export type OtlpMetricKind = 'gauge' | 'sum' | 'histogram' | 'exponential' | 'summary';

export interface OtlpMetric {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  /** Undefined: a kind of metric that is not known here. */
  readonly kind: OtlpMetricKind | undefined;
  readonly temporality: OtlpTemporality;
  readonly monotonic: boolean;
  readonly points: readonly OtlpPoint[];
}

export type OtlpTemporality = 'unspecified' | 'delta' | 'cumulative';
export const otlpTemporalities: readonly OtlpTemporality[] = ['unspecified', 'delta', 'cumulative'];

/** A data point of any kind; fields of other kinds are empty. */
export interface OtlpPoint {
  attributes: OtlpAttribute[];
  startMs: number;
  timeMs: number;
  /** The point says that the series has no value now. */
  noValue: boolean;
  value: number;
  count: number;
  /** Undefined when the point gives none. */
  sum: number | undefined;
  /** Explicit buckets: `counts` has one more than `bounds`. */
  bounds: number[];
  counts: number[];
  scale: number;
  zeroCount: number;
  zeroThreshold: number;
  positive: OtlpBuckets;
  negative: OtlpBuckets;
  quantiles: { readonly quantile: number; readonly value: number }[];
  exemplars: OtlpExemplar[];
}

/** Bucket `offset + i` holds `counts[i]` of (base^index, base^(index + 1)], base = 2^(2^-scale). */
export interface OtlpBuckets {
  readonly offset: number;
  readonly counts: readonly number[];
}

export interface OtlpExemplar {
  readonly value: number;
  readonly timeMs: number;
  /** Lower-case hex; empty when there is none. */
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: OtlpAttributes;
}

export const noBuckets: OtlpBuckets = { offset: 0, counts: [] };

export function emptyPoint(): OtlpPoint {
  return {
    attributes: [],
    startMs: 0,
    timeMs: 0,
    noValue: false,
    value: 0,
    count: 0,
    sum: undefined,
    bounds: [],
    counts: [],
    scale: 0,
    zeroCount: 0,
    zeroThreshold: 0,
    positive: noBuckets,
    negative: noBuckets,
    quantiles: [],
    exemplars: [],
  };
}

/** Reads an ExportMetricsServiceRequest. Throws EngineError `invalid` or `limit`. */
export function readOtlpMetrics(body: Uint8Array): readonly OtlpResourceMetrics[] {
  const reader = new ProtoReader(body);
  const resources: OtlpResourceMetrics[] = [];
  while (reader.next()) {
    if (reader.field === 1) resources.push(readResource(reader));
    else reader.skip();
  }
  return resources;
}

function readResource(reader: ProtoReader): OtlpResourceMetrics {
  const attributes: OtlpAttribute[] = [];
  const scopes: OtlpScopeMetrics[] = [];
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 1) reader.message(() => takeAttributes(reader, 1, attributes));
      else if (reader.field === 2) scopes.push(readScope(reader));
      else reader.skip();
    }
  });
  return { attributes, scopes };
}

function takeAttributes(reader: ProtoReader, field: number, into: OtlpAttribute[]): void {
  while (reader.next()) {
    if (reader.field === field) takeAttribute(reader, into);
    else reader.skip();
  }
}

function readScope(reader: ProtoReader): OtlpScopeMetrics {
  let name = '';
  let version = '';
  const attributes: OtlpAttribute[] = [];
  const metrics: OtlpMetric[] = [];
  const readOwn = (): void => {
    while (reader.next()) {
      if (reader.field === 1) name = reader.text();
      else if (reader.field === 2) version = reader.text();
      else if (reader.field === 3) takeAttribute(reader, attributes);
      else reader.skip();
    }
  };
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 1) reader.message(readOwn);
      else if (reader.field === 2) metrics.push(readMetric(reader));
      else reader.skip();
    }
  });
  return { name, version, attributes, metrics };
}

const kindOfField: Readonly<Record<number, OtlpMetricKind>> = { 5: 'gauge', 7: 'sum', 9: 'histogram', 10: 'exponential', 11: 'summary' };

function readMetric(reader: ProtoReader): OtlpMetric {
  const texts = ['', '', '', ''];
  let kind: OtlpMetricKind | undefined;
  let data: Data = { temporality: 'unspecified', monotonic: false, points: [] };
  reader.message(() => {
    while (reader.next()) {
      const found = kindOfField[reader.field];
      if (reader.field <= 3) texts[reader.field] = reader.text();
      else if (found === undefined) reader.skip();
      else {
        kind = found;
        data = readData(reader, found);
      }
    }
  });
  return { name: texts[1]!, description: texts[2]!, unit: texts[3]!, kind, ...data };
}

interface Data {
  readonly temporality: OtlpTemporality;
  readonly monotonic: boolean;
  readonly points: OtlpPoint[];
}

function readData(reader: ProtoReader, kind: OtlpMetricKind): Data {
  let temporality: OtlpTemporality = 'unspecified';
  let monotonic = false;
  const points: OtlpPoint[] = [];
  const readPoint = pointReaders[kind];
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 1) {
        const point = emptyPoint();
        reader.message(() => {
          while (reader.next()) readPoint(reader, point);
        });
        points.push(point);
      } else if (reader.field === 2) temporality = otlpTemporalities[reader.uint()] ?? 'unspecified';
      else if (reader.field === 3) monotonic = reader.uint() !== 0;
      else reader.skip();
    }
  });
  return { temporality, monotonic, points };
}

type PointReader = (reader: ProtoReader, point: OtlpPoint) => void;
const pointReaders: Readonly<Record<OtlpMetricKind, PointReader>> = {
  gauge: readNumber,
  sum: readNumber,
  histogram: readHistogram,
  exponential: readExponential,
  summary: readSummary,
};

/** Bit 0 of a point's flags: no recorded value. */
const flagNoValue = 1;

function readNumber(reader: ProtoReader, point: OtlpPoint): void {
  if (reader.field === 7) takeAttribute(reader, point.attributes);
  else if (reader.field === 3) point.timeMs = reader.nanosAsMs();
  else if (reader.field === 4) point.value = reader.double();
  else if (reader.field === 6) point.value = reader.signedFixed64();
  else if (reader.field === 2) point.startMs = reader.nanosAsMs();
  else if (reader.field === 5) point.exemplars.push(readExemplar(reader));
  else if (reader.field === 8) point.noValue = (reader.uint() & flagNoValue) !== 0;
  else reader.skip();
}

function readHistogram(reader: ProtoReader, point: OtlpPoint): void {
  if (reader.field === 9) takeAttribute(reader, point.attributes);
  else if (reader.field === 2) point.startMs = reader.nanosAsMs();
  else if (reader.field === 3) point.timeMs = reader.nanosAsMs();
  else if (reader.field === 4) point.count = reader.fixed64();
  else if (reader.field === 5) point.sum = reader.double();
  else if (reader.field === 6) reader.numbers(point.counts, 'fixed64');
  else if (reader.field === 7) reader.numbers(point.bounds, 'double');
  else if (reader.field === 8) point.exemplars.push(readExemplar(reader));
  else if (reader.field === 10) point.noValue = (reader.uint() & flagNoValue) !== 0;
  else reader.skip();
}

function readExponential(reader: ProtoReader, point: OtlpPoint): void {
  if (reader.field === 1) takeAttribute(reader, point.attributes);
  else if (reader.field === 2) point.startMs = reader.nanosAsMs();
  else if (reader.field === 3) point.timeMs = reader.nanosAsMs();
  else if (reader.field === 4) point.count = reader.fixed64();
  else if (reader.field === 5) point.sum = reader.double();
  else if (reader.field === 6) point.scale = reader.zigzag();
  else if (reader.field === 7) point.zeroCount = reader.fixed64();
  else if (reader.field === 8) point.positive = readBuckets(reader);
  else if (reader.field === 9) point.negative = readBuckets(reader);
  else if (reader.field === 10) point.noValue = (reader.uint() & flagNoValue) !== 0;
  else if (reader.field === 11) point.exemplars.push(readExemplar(reader));
  else if (reader.field === 14) point.zeroThreshold = reader.double();
  else reader.skip();
}

function readBuckets(reader: ProtoReader): OtlpBuckets {
  let offset = 0;
  const counts: number[] = [];
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 1) offset = reader.zigzag();
      else if (reader.field === 2) reader.numbers(counts, 'varint');
      else reader.skip();
    }
  });
  return { offset, counts };
}

function readSummary(reader: ProtoReader, point: OtlpPoint): void {
  if (reader.field === 7) takeAttribute(reader, point.attributes);
  else if (reader.field === 2) point.startMs = reader.nanosAsMs();
  else if (reader.field === 3) point.timeMs = reader.nanosAsMs();
  else if (reader.field === 4) point.count = reader.fixed64();
  else if (reader.field === 5) point.sum = reader.double();
  else if (reader.field === 6) point.quantiles.push(readQuantile(reader));
  else if (reader.field === 8) point.noValue = (reader.uint() & flagNoValue) !== 0;
  else reader.skip();
}

function readQuantile(reader: ProtoReader): OtlpPoint['quantiles'][number] {
  let quantile = 0;
  let value = 0;
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 1) quantile = reader.double();
      else if (reader.field === 2) value = reader.double();
      else reader.skip();
    }
  });
  return { quantile, value };
}

function readExemplar(reader: ProtoReader): OtlpExemplar {
  const attributes: OtlpAttribute[] = [];
  const ids = ['', ''];
  let timeMs = 0;
  let value = 0;
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 7) takeAttribute(reader, attributes);
      else if (reader.field === 2) timeMs = reader.nanosAsMs();
      else if (reader.field === 3) value = reader.double();
      else if (reader.field === 6) value = reader.signedFixed64();
      else if (reader.field === 4 || reader.field === 5) {
        reader.span();
        ids[reader.field - 4] = Buffer.from(reader.bytes.subarray(reader.spanFrom, reader.spanTo)).toString('hex');
      } else reader.skip();
    }
  });
  return { attributes, spanId: ids[0]!, traceId: ids[1]!, timeMs, value };
}
