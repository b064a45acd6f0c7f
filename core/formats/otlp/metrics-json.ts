import { parseBoundedJson } from '../bounded-json.ts';
import { emptyPoint, noBuckets, otlpTemporalities } from './metrics.ts';
import type { OtlpBuckets, OtlpExemplar, OtlpMetric, OtlpMetricKind, OtlpPoint, OtlpResourceMetrics, OtlpScopeMetrics } from './metrics.ts';
import { jsonAttributes, jsonList, jsonNanosAsMs, jsonNumber, jsonObject } from './value.ts';

type Json = Readonly<Record<string, unknown>>;

/** Reads an ExportMetricsServiceRequest in OTLP's JSON form. Throws EngineError `invalid` or `limit`. */
export function readOtlpMetricsJson(body: Uint8Array): readonly OtlpResourceMetrics[] {
  const request = jsonObject(parseBoundedJson(body));
  return jsonList(request['resourceMetrics']).map((item) => {
    const resource = jsonObject(item);
    return {
      attributes: jsonAttributes(jsonObject(resource['resource'] ?? {})['attributes']),
      scopes: jsonList(resource['scopeMetrics']).map((scope) => readScope(jsonObject(scope))),
    };
  });
}

const text = (json: unknown): string => (typeof json === 'string' ? json : '');

function readScope(json: Json): OtlpScopeMetrics {
  const scope = jsonObject(json['scope'] ?? {});
  return {
    name: text(scope['name']),
    version: text(scope['version']),
    attributes: jsonAttributes(scope['attributes']),
    metrics: jsonList(json['metrics']).map((metric) => readMetric(jsonObject(metric))),
  };
}

const kindOfField: readonly (readonly [string, OtlpMetricKind])[] = [
  ['gauge', 'gauge'],
  ['sum', 'sum'],
  ['histogram', 'histogram'],
  ['exponentialHistogram', 'exponential'],
  ['summary', 'summary'],
];

function readMetric(json: Json): OtlpMetric {
  const found = kindOfField.find(([field]) => json[field] !== undefined);
  const data = found === undefined ? {} : jsonObject(json[found[0]]);
  return {
    name: text(json['name']),
    description: text(json['description']),
    unit: text(json['unit']),
    kind: found?.[1],
    temporality: otlpTemporalities[jsonNumber(data['aggregationTemporality'])] ?? 'unspecified',
    monotonic: data['isMonotonic'] === true,
    points: jsonList(data['dataPoints']).map((point) => readPoint(jsonObject(point))),
  };
}

function readPoint(json: Json): OtlpPoint {
  return {
    ...emptyPoint(),
    attributes: [...jsonAttributes(json['attributes'])],
    startMs: jsonNanosAsMs(json['startTimeUnixNano']),
    timeMs: jsonNanosAsMs(json['timeUnixNano']),
    noValue: (jsonNumber(json['flags']) & 1) !== 0,
    value: jsonNumber(json['asInt'] ?? json['asDouble']),
    count: jsonNumber(json['count']),
    sum: json['sum'] === undefined ? undefined : jsonNumber(json['sum']),
    bounds: jsonList(json['explicitBounds']).map(jsonNumber),
    counts: jsonList(json['bucketCounts']).map(jsonNumber),
    scale: jsonNumber(json['scale']),
    zeroCount: jsonNumber(json['zeroCount']),
    zeroThreshold: jsonNumber(json['zeroThreshold']),
    positive: readBuckets(json['positive']),
    negative: readBuckets(json['negative']),
    quantiles: jsonList(json['quantileValues']).map((item) => {
      const { quantile, value } = jsonObject(item);
      return { quantile: jsonNumber(quantile), value: jsonNumber(value) };
    }),
    exemplars: jsonList(json['exemplars']).map((item) => readExemplar(jsonObject(item))),
  };
}

function readBuckets(json: unknown): OtlpBuckets {
  if (json === undefined || json === null) return noBuckets;
  const { offset, bucketCounts } = jsonObject(json);
  return { offset: jsonNumber(offset), counts: jsonList(bucketCounts).map(jsonNumber) };
}

function readExemplar(json: Json): OtlpExemplar {
  return {
    value: jsonNumber(json['asInt'] ?? json['asDouble']),
    timeMs: jsonNanosAsMs(json['timeUnixNano']),
    traceId: text(json['traceId']).toLowerCase(),
    spanId: text(json['spanId']).toLowerCase(),
    attributes: jsonAttributes(json['filteredAttributes']),
  };
}
