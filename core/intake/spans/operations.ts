import { prometheusLabel, type SpanMetricsConfig } from '#core/formats/index.ts';
import {
  labelsFrom,
  METRIC_NAME,
  withLabel,
  type DurationMs,
  type Exemplar,
  type Histogram,
  type Labels,
  type Span,
  type UnixMs,
} from '#core/model/index.ts';
import type { SeriesRef } from '#core/tsdb/index.ts';
import { ExponentialHistogram } from './exponential.ts';

/** Spans of one set of labels, counted since the process began. */
export interface Operation {
  /** Without a metric's name. */
  readonly labels: Labels;
  /** When its first span came: its series begin with 0 there, so that a rate counts that span too. */
  readonly firstMs: UnixMs;
  calls: number;
  readonly durations: ExponentialHistogram;
  /** Of stored spans, since the last flush. */
  slowest: Exemplar | undefined;
  newest: Exemplar | undefined;
  /** Monotonic, of the last span. */
  usedMs: DurationMs;
  refs: { readonly calls: SeriesRef; readonly duration: SeriesRef } | undefined;
}

/** An empty histogram: where a series of durations begins. */
export const noDurations: Histogram = new ExponentialHistogram(2).histogram();

/** Separates the parts of a key; no text of UTF-8 holds a lone surrogate. */
const gap = '\ud800';

/** The operations that spans belong to, bounded in number. */
export class Operations {
  readonly #config: SpanMetricsConfig;
  /** Those that make a label of their own. */
  readonly #dimensions: SpanMetricsConfig['dimensions'];
  readonly #own: readonly (readonly [label: string, of: (span: Span) => string])[];
  readonly #known = new Map<string, Operation>();

  constructor(config: SpanMetricsConfig) {
    this.#config = config;
    this.#own = ownLabels.filter(([name]) => !config.excludedDimensions.includes(name)).map(([name, of]) => [prometheusLabel(name), of]);
    const taken = new Set(['job', ...this.#own.map(([label]) => label)]);
    this.#dimensions = config.dimensions.filter(({ name }) => !taken.has(prometheusLabel(name)));
  }

  get all(): Iterable<Operation> {
    return this.#known.values();
  }

  /** The operation of a span, made when it is new. Beyond the limit it is its service's overflow, or that of all services. */
  of(span: Span, nowMs: UnixMs, usedMs: DurationMs): Operation {
    const operation = this.#at(this.#keyOf(span), () => this.#labelsOf(span), nowMs) ?? this.#overflowOf(span.resource.service, nowMs);
    operation.usedMs = usedMs;
    return operation;
  }

  /** The operation of a span that was counted; undefined when it was forgotten meanwhile. */
  find(span: Span): Operation | undefined {
    return this.#known.get(this.#keyOf(span));
  }

  /** Forgets those whose last span came before `usedMs`, and answers them. */
  forgetBefore(usedMs: DurationMs): readonly Operation[] {
    const gone: Operation[] = [];
    for (const [key, operation] of this.#known) {
      if (operation.usedMs >= usedMs) continue;
      this.#known.delete(key);
      gone.push(operation);
    }
    return gone;
  }

  #at(key: string, labels: () => Labels, nowMs: UnixMs, max = this.#config.cardinalityMax): Operation | undefined {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= max) return undefined;
    const made: Operation = {
      labels: labels(),
      firstMs: nowMs,
      calls: 0,
      durations: new ExponentialHistogram(this.#config.bucketsMax),
      slowest: undefined,
      newest: undefined,
      usedMs: 0,
      refs: undefined,
    };
    this.#known.set(key, made);
    return made;
  }

  /** A tenth of the limit is for the overflow of services; names of services can be made up too. */
  #overflowOf(service: string, nowMs: UnixMs): Operation {
    const { cardinalityMax } = this.#config;
    const labels = (name: string): Labels =>
      labelsFrom([...(name === '' ? [] : [['service_name', name] as const]), ['otel_metric_overflow', 'true']]);
    const own = this.#at(`overflow${gap}${service}`, () => labels(service), nowMs, cardinalityMax + Math.ceil(cardinalityMax / 10));
    return own ?? this.#at(`overflow${gap}`, () => labels(''), nowMs, Number.POSITIVE_INFINITY)!;
  }

  #keyOf(span: Span): string {
    let key = jobOf(span);
    for (const [, of] of this.#own) key += gap + of(span);
    for (const { name, fallback } of this.#dimensions) key += gap + (attribute(span, name) ?? fallback ?? '');
    return key;
  }

  #labelsOf(span: Span): Labels {
    const dimensions = this.#dimensions.map(({ name, fallback }) => [prometheusLabel(name), attribute(span, name) ?? fallback ?? ''] as const);
    const own = this.#own.map(([label, of]) => [label, of(span)] as const);
    return labelsFrom(new Map([...dimensions, ['job', jobOf(span)] as const, ...own].filter(([, value]) => value !== '')));
  }
}

const ownLabels: readonly (readonly [name: string, of: (span: Span) => string])[] = [
  ['service.name', ({ resource }) => resource.service],
  ['span.name', ({ name }) => name],
  ['span.kind', ({ kind }) => `SPAN_KIND_${kind.toUpperCase()}`],
  ['status.code', ({ status }) => `STATUS_CODE_${status.toUpperCase()}`],
];

export function named(labels: Labels, name: string): Labels {
  return withLabel(labels, METRIC_NAME, name);
}

/** As of every OTLP metric: the service, behind its namespace. */
function jobOf({ resource }: Span): string {
  const { service, attributes } = resource;
  const namespace = service === '' ? undefined : attributes.find(({ key }) => key === 'service.namespace')?.text;
  return namespace === undefined || namespace === '' ? service : `${namespace}/${service}`;
}

function attribute({ attributes, resource }: Span, name: string): string | undefined {
  return (attributes.find(({ key }) => key === name) ?? resource.attributes.find(({ key }) => key === name))?.text;
}
