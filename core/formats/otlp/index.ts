/** OTLP: OpenTelemetry's protocol, and its names as Prometheus has them. */
export { otlpText, type OtlpAttribute, type OtlpAttributes, type OtlpValue } from './value.ts';
export { readOtlpMetrics, type OtlpBuckets, type OtlpExemplar, type OtlpMetric, type OtlpPoint } from './metrics.ts';
export type { OtlpResourceMetrics, OtlpScopeMetrics } from './metrics.ts';
export { readOtlpMetricsJson } from './metrics-json.ts';
export { addBuckets, coarser, nativeHistogram } from './buckets.ts';
export { prometheusLabel, prometheusName, prometheusUnit } from './names.ts';
