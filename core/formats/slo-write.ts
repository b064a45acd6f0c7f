/** An objective as an OpenSLO v1 file. Source: github.com/OpenSLO/OpenSLO. */
import { dump } from 'js-yaml';
import { EngineError, formatDuration, labelsToRecord } from '#core/model/index.ts';
import { writePolicies } from './slo-policies.ts';
import type { SloIndicator, SloSpec } from './slo-spec.ts';

/** Kept beside the objective, since OpenSLO knows no guard against few events. */
export const minEventsAnnotation = 'signalbox/min-events';

const operators = { '<': 'lt', '<=': 'lte', '>': 'gt', '>=': 'gte' } as const;

/** The text of a file that readSloFile reads as the same objective. Throws EngineError `unsupported` for what OpenSLO cannot say. */
export function writeOpenSlo(slo: SloSpec): string {
  const { service, name, title, description, labels, objective, periodMs, indicator, alerting } = slo;
  if (indicator.slice !== undefined) throw new EngineError('unsupported', 'objectives in time slices are not yet written; edit their file');
  const level = indicator.kind === 'threshold' ? { op: operators[indicator.op], value: indicator.value } : {};
  const metadata = {
    name,
    ...(title !== '' && { displayName: title }),
    ...(labels.length > 0 && { labels: labelsToRecord(labels) }),
    ...(alerting.minEvents > 0 && { annotations: { [minEventsAnnotation]: String(alerting.minEvents) } }),
  };
  const spec = {
    ...(description !== '' && { description }),
    service,
    indicator: { metadata: { name: `${name}-sli` }, spec: indicatorSpec(indicator) },
    timeWindow: [{ duration: formatDuration(periodMs), isRolling: true }],
    budgetingMethod: 'Occurrences',
    objectives: [{ ...level, target: Number((objective / 100).toPrecision(12)) }],
    ...(alerting.windows.length > 0 && { alertPolicies: writePolicies(name, alerting.windows, periodMs) }),
  };
  return dump({ apiVersion: 'openslo/v1', kind: 'SLO', metadata, spec }, { lineWidth: 140, noRefs: true });
}

function indicatorSpec(indicator: SloIndicator): object {
  const source = (query: string): object => ({ metricSource: { type: 'prometheus', spec: { query } } });
  switch (indicator.kind) {
    case 'events':
      return { ratioMetric: { counter: indicator.counter, [indicator.of]: source(indicator.query), total: source(indicator.total) } };
    case 'ratio':
      return { ratioMetric: { rawType: indicator.of === 'good' ? 'success' : 'failure', raw: source(indicator.query) } };
    case 'threshold':
      return { thresholdMetric: source(indicator.query) };
    case 'latency':
      return { ratioMetric: latency(indicator, source) };
  }
}

function latency({ metric, matchers, seconds, histogram }: SloIndicator & { kind: 'latency' }, source: (query: string) => object): object {
  if (histogram === 'native') {
    const query = `histogram_fraction(0, ${seconds}, sum(rate(${metric}{${matchers}}[{{.window}}])))`;
    return { rawType: 'success', raw: source(query) };
  }
  const bucket = [matchers, `le="${seconds}"`].filter((part) => part !== '').join(', ');
  return { counter: true, good: source(`${metric}_bucket{${bucket}}`), total: source(`${metric}_count{${matchers}}`) };
}
