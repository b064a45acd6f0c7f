import { formatTime, labelPairs, labelsToRecord, type Alert, type HttpAnswer, type Labels, type Target } from '#core/model/index.ts';
import { formatValue } from '#core/promql/index.ts';
import type { GroupState, RuleState } from '#core/rules/index.ts';
import { plainly } from './answer.ts';
import { flagParam, refused, type Params } from './params.ts';

const never = '0001-01-01T00:00:00Z'; // Go's zero time, which clients of Prometheus know as "not yet".
const timeOf = (ms: number | undefined): string => (ms === undefined ? never : formatTime(ms));

/** GET /api/v1/targets, with `state` and `scrapePool`. */
export function listTargets(targets: readonly Target[], params: Params): HttpAnswer {
  const state = (params.get('state') ?? '').toLowerCase();
  const pool = params.get('scrapePool') ?? '';
  const active = state === 'dropped' ? [] : targets.filter(({ job }) => pool === '' || job === pool);
  return plainly({ activeTargets: active.map(targetJson), droppedTargets: [], droppedTargetCounts: state === 'active' ? null : {} });
}

function targetJson(target: Target): object {
  return {
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
  };
}

/** GET /api/v1/alerts: what rules have pending or firing. */
export function listAlerts(alerts: readonly Alert[]): HttpAnswer {
  return plainly({ alerts: alerts.filter(({ state }) => state !== 'resolved').map(alertJson) });
}

/** GET /api/v1/rules, with `type`, `exclude_alerts` and the name filters. */
export function listRules(groups: readonly GroupState[], params: Params): HttpAnswer {
  const type = (params.get('type') ?? '').toLowerCase();
  if (!['', 'alert', 'record'].includes(type)) throw refused('type', `not supported value ${JSON.stringify(params.get('type'))}`);
  const showsAlerts = !flagParam(params, 'exclude_alerts');
  const names = new Set(params.getAll('rule_name[]'));
  const groupNames = new Set(params.getAll('rule_group[]'));
  const files = new Set(params.getAll('file[]'));
  const wanted = (rule: RuleState): boolean =>
    (names.size === 0 || names.has(rule.name)) && (type === '' || type === (rule.kind === 'alerting' ? 'alert' : 'record'));
  const shown = groups
    .filter((group) => (groupNames.size === 0 || groupNames.has(group.name)) && (files.size === 0 || files.has(group.file)))
    .map((group) => groupJson(group, group.rules.filter(wanted), showsAlerts))
    .filter(({ rules }) => rules.length > 0 || (names.size === 0 && type === ''));
  return plainly({ groups: shown });
}

function groupJson(
  group: GroupState,
  rules: readonly RuleState[],
  showsAlerts: boolean,
): { readonly rules: readonly object[]; readonly [field: string]: unknown } {
  return {
    name: group.name,
    file: group.file,
    rules: rules.map((rule) => ruleJson(rule, showsAlerts)),
    interval: group.intervalMs / 1000,
    limit: group.limit,
    evaluationTime: group.durationMs / 1000,
    lastEvaluation: timeOf(group.lastEvaluationMs),
  };
}

function ruleJson(rule: RuleState, showsAlerts: boolean): object {
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
    ...(showsAlerts ? { alerts: alive.map(alertJson) } : {}),
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
