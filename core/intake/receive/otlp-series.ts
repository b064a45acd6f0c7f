import { nativeHistogram, otlpText, prometheusLabel, prometheusName, prometheusUnit, sortedPairs } from '#core/formats/index.ts';
import type { OtlpAttributes, OtlpConfig, OtlpExemplar, OtlpMetric, OtlpPoint, OtlpResourceMetrics, OtlpScopeMetrics } from '#core/formats/index.ts';
import { compareText, labelsFrom, labelsKey, METRIC_NAME, withLabel, type Labels, type MetricType, type UnixMs } from '#core/model/index.ts';
import type { SampleSink } from '../sink.ts';
import type { DeltaTotals } from './delta-totals.ts';
import type { PushBatch } from './push-batch.ts';

/**
 * OTLP's metrics as Prometheus' series: the resource becomes job, instance and target_info; scope and attributes become labels;
 * explicit histograms become classic ones, exponential histograms native ones; differences become totals.
 * Source: OpenTelemetry specification, "Prometheus and OpenMetrics Compatibility".
 */
export class OtlpSeriesWriter {
  /** Samples made of the request's points, and points that none could be made of. */
  receivedCount = 0;
  /** Points of which at least one sample was refused. */
  rejectedPointCount = 0;
  readonly #sink: SampleSink;
  readonly #batch: PushBatch;
  readonly #deltas: DeltaTotals;
  readonly #nowMs: UnixMs;
  readonly #config: OtlpConfig;

  constructor(sink: SampleSink, batch: PushBatch, deltas: DeltaTotals, nowMs: UnixMs, config: OtlpConfig) {
    this.#config = config;
    this.#sink = sink;
    this.#batch = batch;
    this.#deltas = deltas;
    this.#nowMs = nowMs;
  }

  write(resources: readonly OtlpResourceMetrics[]): void {
    for (const resource of resources) {
      const identity = identityOf(resource.attributes);
      const { promoted: wanted, ignored } = this.#config;
      const promoted = resource.attributes.filter(([key]) => (wanted === 'all' ? !ignored.includes(key) : wanted.includes(key)));
      let newestMs = 0;
      for (const scope of resource.scopes) newestMs = Math.max(newestMs, this.#writeScope(scope, identity, promoted));
      this.#writeTargetInfo(resource.attributes, identity, newestMs);
    }
  }

  /** Answers the newest time of its points; 0 when it has none. */
  #writeScope(scope: OtlpScopeMetrics, identity: readonly Pair[], promoted: OtlpAttributes): UnixMs {
    const own: Pair[] = [
      ['otel_scope_name', scope.name],
      ['otel_scope_version', scope.version],
      ...scope.attributes.map(([key, value]): Pair => [`otel_scope_${prometheusLabel(key)}`, otlpText(value)]),
      ...identity,
    ];
    let newestMs = 0;
    for (const metric of scope.metrics) {
      const name = prometheusName(metric);
      this.#sink.setMetadata(name, { type: typeOf(metric), help: metric.description, unit: prometheusUnit(metric.unit) });
      for (const point of metric.points) {
        newestMs = Math.max(newestMs, point.timeMs);
        this.#writePoint(metric, point, labelsOf(name, withPromoted(point.attributes, promoted), own));
      }
    }
    return newestMs;
  }

  #writePoint(metric: OtlpMetric, point: OtlpPoint, labels: Labels): void {
    const rejectedBefore = this.#batch.rejectedCount;
    const whole = this.#asTotal(metric, point, labels);
    if (typeof whole === 'string') {
      this.receivedCount++;
      this.#batch.reject(whole);
    } else if (metric.kind === 'histogram') this.#writeHistogram(whole, labels);
    else if (metric.kind === 'exponential') this.#writeExponential(whole, labels);
    else if (metric.kind === 'summary') this.#writeSummary(whole, labels);
    else this.#addWithExemplars(labels, whole, whole.value);
    if (this.#batch.rejectedCount > rejectedBefore) this.rejectedPointCount++;
  }

  /** The point as a total since its beginning, or the reason why it is refused. */
  #asTotal(metric: OtlpMetric, point: OtlpPoint, labels: Labels): OtlpPoint | string {
    if (metric.kind === undefined) return 'unknown_metric_kind';
    if (metric.kind === 'gauge' || metric.kind === 'summary' || metric.temporality === 'cumulative') return point;
    if (metric.temporality === 'unspecified') return 'no_temporality';
    return this.#deltas.add(labelsKey(labels), point) ?? 'delta_out_of_order';
  }

  #writeHistogram(point: OtlpPoint, labels: Labels): void {
    const base = labels[labels.indexOf(METRIC_NAME) + 1]!;
    const named = (suffix: string): Labels => withLabel(labels, METRIC_NAME, base + suffix);
    const buckets = named('_bucket');
    this.#add(named('_count'), point, point.count);
    if (point.sum !== undefined) this.#add(named('_sum'), point, point.sum);
    let below = 0;
    let exemplars = point.exemplars;
    point.bounds.forEach((bound, i) => {
      below += point.counts[i] ?? 0;
      const series = withLabel(buckets, 'le', boundText(bound));
      this.#add(series, point, below);
      this.#addExemplars(
        series,
        exemplars.filter(({ value }) => value <= bound),
      );
      exemplars = exemplars.filter(({ value }) => value > bound);
    });
    const last = withLabel(buckets, 'le', '+Inf');
    this.#add(last, point, point.count);
    this.#addExemplars(last, exemplars);
  }

  #writeExponential(point: OtlpPoint, labels: Labels): void {
    this.receivedCount++;
    const histogram = nativeHistogram(point);
    const ref = this.#sink.ref(labels);
    if (point.noValue) this.#batch.addStale(ref, point.timeMs);
    else if (histogram === undefined) this.#batch.reject('histogram_too_coarse');
    else this.#batch.addHistogram(ref, point.timeMs, histogram);
    this.#addExemplars(labels, point.exemplars);
  }

  #writeSummary(point: OtlpPoint, labels: Labels): void {
    const base = labels[labels.indexOf(METRIC_NAME) + 1]!;
    this.#add(withLabel(labels, METRIC_NAME, `${base}_count`), point, point.count);
    this.#add(withLabel(labels, METRIC_NAME, `${base}_sum`), point, point.sum ?? 0);
    for (const { quantile, value } of point.quantiles) this.#add(withLabel(labels, 'quantile', boundText(quantile)), point, value);
  }

  #writeTargetInfo(attributes: OtlpAttributes, identity: readonly Pair[], timeMs: UnixMs): void {
    const others = this.#config.keepsIdentifying ? attributes : attributes.filter(([key]) => !identifying.has(key));
    if (timeMs === 0 || identity.length === 0 || others.length === 0) return;
    this.#sink.setMetadata('target_info', { type: 'info', help: 'Attributes of the resource', unit: '' });
    this.receivedCount++;
    this.#batch.add(this.#sink.ref(labelsOf('target_info', others, identity)), timeMs, 1);
  }

  #addWithExemplars(labels: Labels, point: OtlpPoint, value: number): void {
    this.#add(labels, point, value);
    this.#addExemplars(labels, point.exemplars);
  }

  #add(labels: Labels, { timeMs, noValue }: OtlpPoint, value: number): void {
    this.receivedCount++;
    const ref = this.#sink.ref(labels);
    if (noValue) this.#batch.addStale(ref, timeMs);
    else this.#batch.add(ref, timeMs, value);
  }

  #addExemplars(labels: Labels, exemplars: readonly OtlpExemplar[]): void {
    if (exemplars.length === 0) return;
    const ref = this.#sink.ref(labels);
    if (ref < 0) return;
    for (const { traceId, spanId, attributes, value, timeMs } of exemplars) {
      const own: Pair[] = attributes.map(([key, text]) => [labelOf(key), otlpText(text)]);
      this.#sink.addExemplar(ref, { labels: labelsFrom([...own, ['trace_id', traceId], ['span_id', spanId]]), value, timeMs: timeMs || this.#nowMs });
    }
  }
}

type Pair = [name: string, value: string];

/** Resource attributes that name the source; the others go to target_info. */
const identifying = new Set(['service.name', 'service.namespace', 'service.instance.id']);

function identityOf(attributes: OtlpAttributes): readonly Pair[] {
  const text = (wanted: string): string => otlpText(attributes.find(([key]) => key === wanted)?.[1] ?? null);
  const [name, namespace, instance] = [text('service.name'), text('service.namespace'), text('service.instance.id')];
  const pairs: Pair[] = [];
  if (name !== '') pairs.push(['job', namespace === '' ? name : `${namespace}/${name}`]);
  if (instance !== '') pairs.push(['instance', instance]);
  return pairs;
}

/** A point's attributes and those of its resource that become labels; where both make the same label the point's own stays. */
function withPromoted(own: OtlpAttributes, promoted: OtlpAttributes): OtlpAttributes {
  if (promoted.length === 0) return own;
  const taken = new Set(own.map(([key]) => labelOf(key)));
  return [...own, ...promoted.filter(([key]) => !taken.has(labelOf(key)))];
}

/** The labels of a point. Keys that become the same label are joined with ";", in order of key. What the source is called wins. */
function labelsOf(name: string, attributes: OtlpAttributes, own: readonly Pair[]): Labels {
  const pairs: string[] = [METRIC_NAME, name];
  for (const [label, value] of own) if (value !== '') pairs.push(label, value);
  const ownLength = pairs.length;
  for (const [key, value] of attributes) {
    const label = labelOf(key);
    const at = nameAt(pairs, label);
    if (at >= ownLength) return joinedLabels(name, attributes, own);
    if (at < 0) pairs.push(label, otlpText(value));
  }
  return sortedPairs(pairs);
}

/** The same where two keys become one label. */
function joinedLabels(name: string, attributes: OtlpAttributes, own: readonly Pair[]): Labels {
  const merged = new Map<string, string>();
  for (const [key, value] of [...attributes].sort(([a], [b]) => compareText(a, b))) {
    const before = merged.get(labelOf(key));
    merged.set(labelOf(key), before === undefined ? otlpText(value) : `${before};${otlpText(value)}`);
  }
  for (const [label, value] of own) if (value !== '') merged.set(label, value);
  return labelsFrom(merged.set(METRIC_NAME, name));
}

function nameAt(pairs: readonly string[], name: string): number {
  for (let i = 0; i < pairs.length; i += 2) if (pairs[i] === name) return i;
  return -1;
}

/** Keys come again with every point; this many are remembered with their labels. */
const knownKeysMax = 10_000;
const knownKeys = new Map<string, string>();

function labelOf(key: string): string {
  const known = knownKeys.get(key);
  if (known !== undefined) return known;
  if (knownKeys.size >= knownKeysMax) knownKeys.clear();
  const label = prometheusLabel(key);
  knownKeys.set(key, label);
  return label;
}

/** A bucket's bound or a quantile as Prometheus' own receiver writes it: in plain decimals, never with an exponent. */
function boundText(bound: number): string {
  if (bound === Number.POSITIVE_INFINITY) return '+Inf';
  const [digits = '', exponent] = String(bound).split('e');
  if (exponent === undefined) return digits;
  const [whole = '', fraction = ''] = digits.split('.');
  const point = whole.replace('-', '').length + Number(exponent);
  const all = `${whole.replace('-', '')}${fraction}`;
  const text = point <= 0 ? `0.${'0'.repeat(-point)}${all}` : all.padEnd(point, '0');
  return bound < 0 ? `-${text}` : text;
}

function typeOf({ kind, monotonic }: OtlpMetric): MetricType {
  if (kind === 'sum') return monotonic ? 'counter' : 'gauge';
  return kind === 'exponential' ? 'histogram' : (kind ?? 'unknown');
}
