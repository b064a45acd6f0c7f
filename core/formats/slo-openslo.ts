/** OpenSLO v1alpha and v1. */
import { formatDuration, parseDuration, type DurationMs } from '#core/model/index.ts';
import type { OpenSloObject } from './slo-object.ts';
import { policyWindows } from './slo-policies.ts';
import { type BurnWindow, type SloAlerting, type SloIndicator, type SloSlice, type SloSpec } from './slo-spec.ts';
import { boolean, listOf, number, oneOf, optional, record, required, text, type Decode } from './yaml-decode.ts';
import { minEventsAnnotation } from './slo-write.ts';
import { yamlError, type YamlMap, type YamlNode } from './yaml.ts';

type Version = 'openslo/v1alpha' | 'openslo/v1';

/** The objectives of one object: an SLO has several, any other kind none. Throws EngineError `invalid` as "FILE:LINE: reason". */
export function readOpenSlo(document: YamlMap, version: Version, references: readonly OpenSloObject[], periodMs: DurationMs): SloSpec[] {
  const head = record('OpenSLO object', {
    apiVersion: required('apiVersion', text),
    kind: required('kind', text),
    metadata: required('metadata', metadata),
    spec: required('spec', anything),
  })(document);
  if (head.kind !== 'SLO') return [];
  const spec = sloShape(head.spec!);
  const several = version === 'openslo/v1alpha' || spec.objectives.length > 1;
  return spec.objectives.map((objective, i) => ({
    file: document.file,
    line: objective.line,
    form: version,
    service: spec.service ?? '',
    name: several ? `${head.metadata.name}-${i}` : head.metadata.name,
    title: objective.title === '' ? head.metadata.title : objective.title,
    description: spec.description,
    labels: [],
    objective: target(objective),
    periodMs: spec.period ?? spec.periodAlpha ?? periodMs,
    indicator: sliced(indicator(objective, spec, references), objective, spec.method),
    alerting: alerting(
      head.metadata.title || head.metadata.name,
      policyWindows(spec.alertPolicies, references, spec.period ?? spec.periodAlpha ?? periodMs),
      head.metadata.annotations,
    ),
  }));
}

const anything: Decode<YamlNode | undefined> = (node) => node;
const metadata = record('metadata', {
  name: required('name', text),
  title: optional('displayName', text, ''),
  labels: optional('labels', anything, undefined),
  annotations: optional('annotations', anything, undefined),
});

/** A budget's window. A minute is no such window: where `1m` stands a month is meant, as in OpenSLO's own examples. */
const period: Decode<DurationMs> = (node) => {
  const written = text(node);
  const months = /^(\d+)([mMQY])$/.exec(written);
  if (months === null) {
    const durationMs = parseDuration(written);
    if (durationMs === undefined || durationMs === 0)
      throw yamlError(node, `${JSON.stringify(written)} is not a window; write it like 28d, 4w or 1M`);
    return durationMs;
  }
  const days: Readonly<Record<string, number>> = { m: 30, M: 30, Q: 90, Y: 365 };
  return Number(months[1]) * days[months[2]!]! * 86_400_000;
};

const windowV1 = record('time window', {
  duration: optional('duration', period, undefined as DurationMs | undefined),
  count: optional('count', number, 0),
  unit: optional('unit', oneOf('Second', 'Minute', 'Hour', 'Day', 'Week', 'Month', 'Quarter', 'Year'), undefined),
  isRolling: optional('isRolling', boolean, true),
  calendar: optional('calendar', anything, undefined),
});
const unitDays: Readonly<Record<string, number>> = {
  Second: 1 / 86_400,
  Minute: 1 / 1440,
  Hour: 1 / 24,
  Day: 1,
  Week: 7,
  Month: 30,
  Quarter: 90,
  Year: 365,
};

const timeWindow: Decode<DurationMs | undefined> = (node) => {
  const [first] = listOf(windowV1)(node);
  if (first === undefined) return undefined;
  return first.duration ?? (first.unit === undefined ? undefined : first.count * unitDays[first.unit]! * 86_400_000);
};

const metricSource = record('metricSource', {
  ref: optional('metricSourceRef', text, ''),
  type: optional('type', text, ''),
  spec: required('spec', anything),
});

/** The PromQL of a metric: v1 keeps it in `metricSource.spec.query`, v1alpha beside `source`. */
const query: Decode<string> = (node) => {
  const fields = record('metric', {
    source: optional('source', text, ''),
    queryType: optional('queryType', text, ''),
    query: optional('query', text, ''),
    metricSource: optional('metricSource', metricSource, undefined),
  })(node);
  const spec = fields.metricSource?.spec;
  const inner = spec?.kind === 'map' ? (spec.entries.get('query') ?? spec.entries.get('promql'))?.value : undefined;
  const written = inner === undefined ? fields.query : text(inner);
  if (written.trim() === '') throw yamlError(node, 'the metric has no query');
  return written;
};

const ratio = record('ratioMetric', {
  counter: optional('counter', boolean, true),
  incremental: optional('incremental', boolean, true),
  good: optional('good', query, undefined as string | undefined),
  bad: optional('bad', query, undefined as string | undefined),
  total: optional('total', query, undefined as string | undefined),
  raw: optional('raw', query, undefined as string | undefined),
  rawType: optional('rawType', oneOf('success', 'failure'), 'success' as const),
});
type Ratio = ReturnType<typeof ratio>;

const sliShape = record('indicator', {
  ratio: optional('ratioMetric', ratio, undefined as Ratio | undefined),
  threshold: optional('thresholdMetric', query, undefined as string | undefined),
  description: optional('description', text, ''),
});

const inlineIndicator = record('indicator', {
  metadata: optional('metadata', anything, undefined),
  ratio: optional('ratioMetric', ratio, undefined as Ratio | undefined),
  threshold: optional('thresholdMetric', query, undefined as string | undefined),
  spec: optional('spec', sliShape, undefined),
});

const comparisons = { lt: '<', lte: '<=', gt: '>', gte: '>=' } as const;

const objectiveShape = record('objective', {
  title: optional('displayName', text, ''),
  op: optional('op', oneOf('lt', 'lte', 'gt', 'gte'), undefined),
  value: optional('value', number, undefined as number | undefined),
  target: optional('target', number, undefined as number | undefined),
  targetPercent: optional('targetPercent', number, undefined as number | undefined),
  sliceTarget: optional('timeSliceTarget', number, undefined as number | undefined),
  sliceWindow: optional('timeSliceWindow', sliceWindow, undefined as DurationMs | undefined),
  ratio: optional('ratioMetrics', ratio, undefined as Ratio | undefined),
  indicator: optional('indicator', inlineIndicator, undefined),
  indicatorRef: optional('indicatorRef', text, ''),
  weight: optional('compositeWeight', number, 1),
});

function sliceWindow(node: YamlNode): DurationMs {
  const written = text(node);
  const durationMs = parseDuration(/^\d+$/.test(written) ? `${written}m` : written);
  if (durationMs === undefined || durationMs === 0) throw yamlError(node, `${JSON.stringify(written)} is not a duration; write it like 1m`);
  return durationMs;
}

type Objective = ReturnType<typeof objectiveShape> & { readonly line: number; readonly node: YamlNode };

const sloShape = record('spec', {
  description: optional('description', text, ''),
  service: optional('service', text, ''),
  indicator: optional('indicator', inlineIndicator, undefined),
  indicatorRef: optional('indicatorRef', text, ''),
  method: optional('budgetingMethod', oneOf('Occurrences', 'Timeslices', 'RatioTimeslices'), 'Occurrences' as const),
  objectives: required(
    'objectives',
    listOf<Objective>((node) => ({ ...objectiveShape(node), line: node.line, node })),
  ),
  period: optional('timeWindow', timeWindow, undefined as DurationMs | undefined),
  periodAlpha: optional('timeWindows', timeWindow, undefined as DurationMs | undefined),
  alertPolicies: optional('alertPolicies', anything, undefined),
});

function target({ target, targetPercent, node }: Objective): number {
  const percent = targetPercent ?? (target === undefined ? undefined : target * 100);
  if (percent === undefined || !(percent > 0 && percent < 100)) throw yamlError(node, 'an objective needs a target between 0 and 1');
  return percent;
}

function indicator(objective: Objective, spec: ReturnType<typeof sloShape>, references: readonly OpenSloObject[]): SloIndicator {
  if (objective.ratio !== undefined) return ratioIndicator(objective.ratio, objective.node);
  const ref = objective.indicatorRef || spec.indicatorRef;
  const inline = objective.indicator ?? spec.indicator;
  const found = ref === '' ? inline && (inline.spec ?? inline) : referred(ref, references, objective.node);
  if (found?.ratio !== undefined) return ratioIndicator(found.ratio, objective.node);
  if (found?.threshold === undefined) throw yamlError(objective.node, 'the objective has no indicator: give ratioMetric or thresholdMetric');
  if (objective.op === undefined || objective.value === undefined) throw yamlError(objective.node, 'a threshold needs "op" and "value"');
  return { kind: 'threshold', query: found.threshold, op: comparisons[objective.op], value: objective.value };
}

function referred(name: string, references: readonly OpenSloObject[], at: YamlNode): ReturnType<typeof sliShape> {
  const spec = references.find((object) => object.kind === 'SLI' && object.name === name)?.node.entries.get('spec')?.value;
  if (spec === undefined) throw yamlError(at, `the file has no SLI named ${JSON.stringify(name)}`);
  return sliShape(spec);
}

function ratioIndicator({ good, bad, total, raw, rawType, counter }: Ratio, at: YamlNode): SloIndicator {
  if (raw !== undefined) return { kind: 'ratio', of: rawType === 'success' ? 'good' : 'bad', query: raw };
  const query = good ?? bad;
  if (query === undefined || total === undefined) throw yamlError(at, 'a ratio needs "total", and "good" or "bad"');
  return { kind: 'events', of: good === undefined ? 'bad' : 'good', query, total, counter };
}

function sliced(made: SloIndicator, { sliceTarget, sliceWindow: windowMs, node }: Objective, method: string): SloIndicator {
  if (method === 'Occurrences') return made;
  if (windowMs === undefined) throw yamlError(node, `budgetingMethod ${method} needs "timeSliceWindow", such as ${formatDuration(60_000)}`);
  if (method === 'Timeslices' && sliceTarget === undefined && made.kind !== 'threshold')
    throw yamlError(node, 'budgetingMethod Timeslices needs "timeSliceTarget"');
  const slice: SloSlice = { windowMs, target: method === 'Timeslices' ? sliceTarget : undefined };
  return { ...made, slice };
}

/** Sloth makes no alerts of OpenSLO; here an objective that names alert policies gets burn-rate ones. */
function alerting(name: string, windows: readonly BurnWindow[], annotations: YamlNode | undefined): SloAlerting {
  const guard = annotations?.kind === 'map' ? annotations.entries.get(minEventsAnnotation)?.value : undefined;
  const none = { labels: [], annotations: [] };
  return { name, windows, page: none, ticket: none, minEvents: guard === undefined ? 0 : Math.max(0, number(guard)) };
}
