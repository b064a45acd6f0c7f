import { formatTime, labelPairs, labelsToRecord, labelValue, type Alert, type HttpAnswer, type Labels, type Target } from '#core/model/index.ts';
import { formatValue } from '#core/promql/index.ts';
import type { GroupState, RuleState } from '#core/rules/index.ts';
import type { TsdbStats } from '#core/tsdb/index.ts';
import { plainly } from './answer.ts';
import type { Params } from './params.ts';

const never = '0001-01-01T00:00:00Z'; // Go's zero time, which clients of Prometheus know as "not yet".
const timeOf = (ms: number | undefined): string => (ms === undefined ? never : formatTime(ms));

/** GET /api/v1/targets. */
export function listTargets(targets: readonly Target[]): HttpAnswer {
  const activeTargets = targets.map((target) => ({
    discoveredLabels: labelsToRecord(target.labels),
    labels: labelsToRecord(target.labels),
    scrapePool: target.job,
    scrapeUrl: target.url,
    globalUrl: target.url,
    lastError: target.lastError,
    lastScrape: timeOf(target.lastScrapeMs),
    lastScrapeDuration: target.lastDurationMs / 1000,
    health: target.health,
    scrapeInterval: `${target.intervalMs / 1000}s`,
    scrapeTimeout: `${target.timeoutMs / 1000}s`,
  }));
  return plainly({ activeTargets, droppedTargets: [], droppedTargetCounts: {} });
}

/** GET /api/v1/alerts: what rules have pending or firing. */
export function listAlerts(alerts: readonly Alert[]): HttpAnswer {
  return plainly({ alerts: alerts.filter(({ state }) => state !== 'resolved').map(alertJson) });
}

/** GET /api/v1/rules, with `type` and the name filters. */
export function listRules(groups: readonly GroupState[], params: Params): HttpAnswer {
  const type = params.get('type');
  const names = new Set(params.getAll('rule_name[]'));
  const groupNames = new Set(params.getAll('rule_group[]'));
  const files = new Set(params.getAll('file[]'));
  const wanted = (rule: RuleState): boolean =>
    (names.size === 0 || names.has(rule.name)) && (type === null || type === '' || type === (rule.kind === 'alerting' ? 'alert' : 'record'));
  const shown = groups
    .filter((group) => (groupNames.size === 0 || groupNames.has(group.name)) && (files.size === 0 || files.has(group.file)))
    .map((group) => groupJson(group, group.rules.filter(wanted)))
    .filter(({ rules }) => rules.length > 0 || (names.size === 0 && (type === null || type === '')));
  return plainly({ groups: shown });
}

/** GET /api/v1/status/tsdb: only what the store counts. */
export function tsdbStatus(stats: TsdbStats, top: readonly { readonly name: string; readonly value: number }[]): HttpAnswer {
  return plainly({
    headStats: { numSeries: stats.series, chunkCount: stats.frames, minTime: stats.oldestMs ?? 0, maxTime: stats.newestMs ?? 0, numLabelPairs: 0 },
    seriesCountByMetricName: top,
    labelValueCountByLabelName: [],
    memoryInBytesByLabelName: [],
    seriesCountByLabelValuePair: [],
  });
}

function groupJson(group: GroupState, rules: readonly RuleState[]): { readonly rules: readonly object[]; readonly [field: string]: unknown } {
  return {
    name: group.name,
    file: group.file,
    rules: rules.map(ruleJson),
    interval: group.intervalMs / 1000,
    limit: group.limit,
    evaluationTime: group.durationMs / 1000,
    lastEvaluation: timeOf(group.lastEvaluationMs),
  };
}

function ruleJson(rule: RuleState): object {
  const shared = {
    name: rule.name,
    query: rule.expr,
    labels: labelsToRecord(rule.labels),
    health: rule.health,
    evaluationTime: rule.durationMs / 1000,
    lastEvaluation: timeOf(rule.lastEvaluationMs),
    ...(rule.lastError === '' ? {} : { lastError: rule.lastError }),
  };
  if (rule.kind === 'recording') return { ...shared, type: 'recording' };
  const alive = rule.alerts.filter(({ state }) => state !== 'resolved');
  const state = alive.some((alert) => alert.state === 'firing') ? 'firing' : alive.length > 0 ? 'pending' : 'inactive';
  return {
    ...shared,
    type: 'alerting',
    state,
    duration: rule.forMs / 1000,
    keepFiringFor: rule.keepFiringForMs / 1000,
    annotations: pairsJson(rule.annotations),
    alerts: alive.map(alertJson),
  };
}

function alertJson(alert: Alert): object {
  return {
    labels: labelsToRecord(alert.labels),
    annotations: labelsToRecord(alert.annotations),
    state: alert.state,
    activeAt: formatTime(alert.activeAtMs),
    value: formatValue(alert.value),
  };
}

const pairsJson = (pairs: Labels): object => Object.fromEntries(labelPairs(pairs));

/** The metrics with the most series, for status/tsdb. */
export function topMetrics(series: readonly Labels[], count: number): { name: string; value: number }[] {
  const counts = new Map<string, number>();
  for (const labels of series) {
    const name = labelValue(labels, '__name__');
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts]
    .map(([name, value]) => ({ name, value }))
    .sort((a, b) => b.value - a.value || (a.name < b.name ? -1 : 1))
    .slice(0, count);
}
