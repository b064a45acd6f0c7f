import type { SpanDetail } from '#core/contract/index.ts';
import type { Attribute } from '#core/model/index.ts';
import { formatLink } from '../../../shell/link.ts';
import { fixedRange } from '../../../shell/time-range.ts';

/** Logs are looked for this long before a trace begins and after it ends: they are written late, and clocks differ. */
const logMarginMs = 60_000;
const metricMarginMs = 15 * 60_000;

const datasetParam = (dataset: string): { dataset?: string } => (dataset === 'live' ? {} : { dataset });

/** The log lines of a trace, around its time. */
export function logsLink(traceId: string, startMs: number, endMs: number, dataset: string): string {
  const range = fixedRange(startMs - logMarginMs, endMs + logMarginMs);
  return formatLink(['explore', 'logs'], { q: `trace_id=${JSON.stringify(traceId)}`, ...range, ...datasetParam(dataset) });
}

/** Where the metrics of what a span ran on may be found. */
export interface MetricWay {
  readonly what: string;
  /** A PromQL selector without a name. */
  readonly selector: string;
}

const textOf = (attributes: readonly Attribute[], key: string): string => attributes.find((one) => one.key === key)?.text ?? '';

/**
 * Selectors for the series of a span's service, instance, pod and host: `job` and `instance` as Prometheus takes them from OpenTelemetry's
 * resources (Prometheus and OpenMetrics compatibility, "Resource attributes"), the others by the names that exporters use.
 */
export function metricWays({ resource }: Pick<SpanDetail, 'resource'>): readonly MetricWay[] {
  const of = (key: string): string => textOf(resource.attributes, key);
  const job = [of('service.namespace'), resource.service].filter((part) => part !== '').join('/');
  const host = of('host.name');
  return [
    ...way('service', 'job', job === '' ? [] : [job, resource.service]),
    ...way('instance', 'instance', [of('service.instance.id')]),
    ...way('pod', 'pod', [of('k8s.pod.name')]),
    ...way('container', 'container', [of('k8s.container.name'), of('container.name')]),
    ...way('node', 'node', [of('k8s.node.name')]),
    ...(host === '' ? [] : [{ what: `host ${host}`, selector: `{instance=~${JSON.stringify(`${quoteRegex(host)}(:[0-9]+)?`)}}` }]),
  ];
}

function way(what: string, label: string, values: readonly string[]): readonly MetricWay[] {
  const known = [...new Set(values.filter((value) => value !== ''))];
  if (known.length === 0) return [];
  const matcher = known.length === 1 ? `${label}=${JSON.stringify(known[0])}` : `${label}=~${JSON.stringify(known.map(quoteRegex).join('|'))}`;
  return [{ what: `${what} ${known[0]}`, selector: `{${matcher}}` }];
}

const quoteRegex = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Explore with a selector, around a span's time. */
export function metricsLink(expr: string, startMs: number, endMs: number, dataset: string): string {
  const range = fixedRange(startMs - metricMarginMs, endMs + metricMarginMs);
  return formatLink(['explore'], { 'g0.expr': expr, ...range, ...datasetParam(dataset) });
}
