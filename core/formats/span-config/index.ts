/** What signalbox.yml says of spans: the metrics made of them, and which of them are kept. */
export { defaultSpanMetrics, spanMetricsConfig, type SpanMetricsConfig } from './metrics.ts';
export { tailSamplingConfig, type SamplingPolicy, type TailSamplingConfig } from './sampling.ts';
