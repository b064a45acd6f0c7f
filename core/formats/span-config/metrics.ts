import type { DurationMs } from '#core/model/index.ts';
import { boolean, count, duration, listOf, oneOf, optional, record, required, text, type Decode } from '../yaml-decode.ts';
import { yamlError } from '../yaml.ts';

/** `span_metrics` of signalbox.yml: the fields and names of the OpenTelemetry Collector's span metrics connector. */
export interface SpanMetricsConfig {
  readonly enabled: boolean;
  /** Before the metrics' names, such as `traces.span.metrics`. */
  readonly namespace: string;
  /** Attributes of spans, or else of their resource, that become labels too. */
  readonly dimensions: readonly SpanDimension[];
  /** Of service.name, span.name, span.kind and status.code, those left out. */
  readonly excludedDimensions: readonly string[];
  readonly histogram: boolean;
  readonly unit: 'ms' | 's';
  /** Buckets of one histogram; more range makes them wider. */
  readonly bucketsMax: number;
  readonly exemplars: boolean;
  readonly flushMs: DurationMs;
  /** Series without a span for this long end; 0: never. */
  readonly expirationMs: DurationMs;
  /** Operations (sets of labels) at once; spans of others are counted together under `otel_metric_overflow="true"`. */
  readonly cardinalityMax: number;
}

export interface SpanDimension {
  readonly name: string;
  /** What the label says where the attribute is missing; undefined: there is no label then. */
  readonly fallback: string | undefined;
}

export const defaultSpanMetrics: SpanMetricsConfig = {
  enabled: true,
  namespace: 'traces.span.metrics',
  dimensions: [],
  excludedDimensions: [],
  histogram: true,
  unit: 'ms',
  bucketsMax: 160,
  exemplars: true,
  flushMs: 15_000,
  expirationMs: 3_600_000,
  cardinalityMax: 5_000,
};

const dimension = record('dimension', { name: required('name', text), fallback: optional<string | undefined>('default', text, undefined) });

const explicit: Decode<never> = (node) => {
  throw yamlError(node, 'explicit buckets are not yet supported; durations are kept in exponential histograms');
};

const histogramFields = record('histogram', {
  disable: optional('disable', boolean, false),
  unit: optional('unit', oneOf('ms', 's'), defaultSpanMetrics.unit),
  explicit: optional<undefined>('explicit', explicit, undefined),
  exponential: optional('exponential', record('exponential', { bucketsMax: optional('max_size', count, defaultSpanMetrics.bucketsMax) }), {
    bucketsMax: defaultSpanMetrics.bucketsMax,
  }),
});

const fields = record('span_metrics', {
  enabled: optional('enabled', boolean, true),
  namespace: optional('namespace', text, defaultSpanMetrics.namespace),
  dimensions: optional('dimensions', listOf(dimension), []),
  excludedDimensions: optional('exclude_dimensions', listOf<string>(oneOf('service.name', 'span.name', 'span.kind', 'status.code')), []),
  histogram: optional('histogram', histogramFields, {
    disable: false,
    unit: defaultSpanMetrics.unit,
    explicit: undefined,
    exponential: { bucketsMax: defaultSpanMetrics.bucketsMax },
  }),
  exemplars: optional('exemplars', record('exemplars', { enabled: optional('enabled', boolean, true) }), { enabled: true }),
  flushMs: optional('metrics_flush_interval', duration, defaultSpanMetrics.flushMs),
  expirationMs: optional('metrics_expiration', duration, defaultSpanMetrics.expirationMs),
  cardinalityMax: optional('aggregation_cardinality_limit', count, defaultSpanMetrics.cardinalityMax),
});

/** Throws EngineError `invalid`. */
export const spanMetricsConfig: Decode<SpanMetricsConfig> = (node) => {
  const { histogram, exemplars, ...rest } = fields(node);
  if (rest.flushMs < 1000) throw yamlError(node, 'a metrics_flush_interval below 1s is not taken');
  if (histogram.exponential.bucketsMax < 2) throw yamlError(node, 'a histogram needs a max_size of at least 2');
  return {
    ...rest,
    histogram: !histogram.disable,
    unit: histogram.unit,
    bucketsMax: histogram.exponential.bucketsMax,
    exemplars: exemplars.enabled,
    cardinalityMax: rest.cardinalityMax || defaultSpanMetrics.cardinalityMax,
  };
};
