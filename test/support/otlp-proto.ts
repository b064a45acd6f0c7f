import { proto, type Field } from './proto-writer.ts';

type Json = Readonly<Record<string, unknown>>;

/** How the fields of OTLP's metrics JSON stand in protobuf: name, number, kind. Source: opentelemetry/proto, v1. */
type Form = Readonly<Record<string, readonly [number: number, kind: 'bytes' | 'hex' | 'varint' | 'zigzag' | 'double' | 'fixed64' | Form]>>;

const anyValue: Form = { stringValue: [1, 'bytes'], boolValue: [2, 'varint'], intValue: [3, 'varint'], doubleValue: [4, 'double'] };
const keyValue: Form = { key: [1, 'bytes'], value: [2, anyValue] };
const exemplar: Form = {
  timeUnixNano: [2, 'fixed64'],
  asDouble: [3, 'double'],
  spanId: [4, 'hex'],
  traceId: [5, 'hex'],
  asInt: [6, 'fixed64'],
  filteredAttributes: [7, keyValue],
};
const times: Form = { startTimeUnixNano: [2, 'fixed64'], timeUnixNano: [3, 'fixed64'] };
const number: Form = {
  ...times,
  asDouble: [4, 'double'],
  exemplars: [5, exemplar],
  asInt: [6, 'fixed64'],
  attributes: [7, keyValue],
  flags: [8, 'varint'],
};
const histogram: Form = {
  ...times,
  count: [4, 'fixed64'],
  sum: [5, 'double'],
  bucketCounts: [6, 'fixed64'],
  explicitBounds: [7, 'double'],
  exemplars: [8, exemplar],
  attributes: [9, keyValue],
  min: [11, 'double'],
  max: [12, 'double'],
};
const buckets: Form = { offset: [1, 'zigzag'], bucketCounts: [2, 'varint'] };
const exponential: Form = {
  ...times,
  attributes: [1, keyValue],
  count: [4, 'fixed64'],
  sum: [5, 'double'],
  scale: [6, 'zigzag'],
  zeroCount: [7, 'fixed64'],
  positive: [8, buckets],
  negative: [9, buckets],
  min: [12, 'double'],
  max: [13, 'double'],
  zeroThreshold: [14, 'double'],
};
const quantile: Form = { quantile: [1, 'double'], value: [2, 'double'] };
const summary: Form = { ...times, count: [4, 'fixed64'], sum: [5, 'double'], quantileValues: [6, quantile], attributes: [7, keyValue] };
const data = (point: Form): Form => ({ dataPoints: [1, point], aggregationTemporality: [2, 'varint'], isMonotonic: [3, 'varint'] });
const metric: Form = {
  name: [1, 'bytes'],
  description: [2, 'bytes'],
  unit: [3, 'bytes'],
  gauge: [5, data(number)],
  sum: [7, data(number)],
  histogram: [9, data(histogram)],
  exponentialHistogram: [10, data(exponential)],
  summary: [11, data(summary)],
};
const scope: Form = { name: [1, 'bytes'], version: [2, 'bytes'], attributes: [3, keyValue] };
const resourceMetrics: Form = { resource: [1, { attributes: [1, keyValue] }], scopeMetrics: [2, { scope: [1, scope], metrics: [2, metric] }] };

/** A metrics request of OTLP's JSON form in its protobuf form. */
export function otlpMetricsProto(json: string): Uint8Array {
  return proto(fieldsOf(JSON.parse(json) as Json, { resourceMetrics: [1, resourceMetrics] }));
}

function fieldsOf(json: Json, form: Form): Field[] {
  return Object.entries(json).flatMap(([name, value]): Field[] => {
    const found = form[name];
    if (found === undefined) throw new Error(`no such field in OTLP: ${name}`);
    const [at, kind] = found;
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return values.map((one): Field => {
      if (typeof kind === 'object') return [at, 'message', fieldsOf(one as Json, kind)];
      if (kind === 'bytes') return [at, 'bytes', String(one)];
      if (kind === 'hex') return [at, 'bytes', Buffer.from(String(one), 'hex')];
      if (kind === 'fixed64') return [at, 'fixed64', BigInt(String(one))];
      return [at, kind, Number(one)];
    });
  });
}
