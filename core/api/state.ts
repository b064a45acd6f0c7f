import { formatTime, labelPairs, labelsToRecord, matcher, matchesLabels, messageOf, METRIC_NAME } from '#core/model/index.ts';
import type { Alert, HttpAnswer, Labels, Matcher, Target } from '#core/model/index.ts';
import { formatValue } from '#core/promql/index.ts';
import { parseMatchers } from '#core/promql/syntax/index.ts';
import type { TsdbView } from '#core/tsdb/index.ts';
import type { GroupState, RuleState } from '#core/rules/index.ts';
import { plainly } from './answer.ts';
import { flagParam, numberParam, refused, type Params } from './params.ts';

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

/** GET /api/v1/rules, with `type`, `exclude_alerts`, the filters of names and labels, and pages of groups. */
export function listRules(groups: readonly GroupState[], params: Params): HttpAnswer {
  const page = pageOf(params);
  const type = (params.get('type') ?? '').toLowerCase();
  if (!['', 'alert', 'record'].includes(type)) throw refused('type', `not supported value ${JSON.stringify(params.get('type'))}`);
  const showsAlerts = !flagParam(params, 'exclude_alerts');
  const names = new Set(params.getAll('rule_name[]'));
  const groupNames = new Set(params.getAll('rule_group[]'));
  const files = new Set(params.getAll('file[]'));
  const selectors = params.getAll('match[]').map(parseMatchers);
  const wanted = (rule: RuleState): boolean =>
    (names.size === 0 || names.has(rule.name)) &&
    (type === '' || type === (rule.kind === 'alerting' ? 'alert' : 'record')) &&
    (selectors.length === 0 || selectors.some((matchers) => matchesLabels(matchers, rule.labels)));
  const shown = fromToken(groups, page)
    .filter((group) => (groupNames.size === 0 || groupNames.has(group.name)) && (files.size === 0 || files.has(group.file)))
    .map((group) => ({ group, json: groupJson(group, group.rules.filter(wanted), showsAlerts) }))
    .filter(({ json }) => json.rules.length > 0);
  const next = page.limit === 0 ? undefined : shown[page.limit]?.group;
  return plainly({
    groups: shown.slice(0, page.limit === 0 ? shown.length : page.limit).map(({ json }) => json),
    ...(next === undefined ? {} : { groupNextToken: tokenOf(next) }),
  });
}

/** `limit` is 0 for all groups; an empty `token` begins with the first. */
interface Page {
  readonly limit: number;
  readonly token: string;
}

function pageOf(params: Params): Page {
  const [text, token] = [params.get('group_limit') ?? '', params.get('group_next_token') ?? ''];
  if (text === '' && token !== '') throw refused('group_next_token', 'group_limit needs to be present in order to paginate over the groups');
  if (text === '') return { limit: 0, token };
  if (!/^[+-]?\d+$/.test(text))
    throw refused('group_limit', `group_limit needs to be a valid number: strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  if (Number(text) <= 0) throw refused('group_limit', 'group_limit needs to be greater than 0');
  return { limit: Number(text), token };
}

/** Names a group on the next page; means something to this server only. */
const tokenOf = ({ file, name }: GroupState): string => Buffer.from(`${file};${name}`).toString('hex');

function fromToken(groups: readonly GroupState[], { token }: Page): readonly GroupState[] {
  if (token === '') return groups;
  const first = groups.findIndex((group) => tokenOf(group) === token);
  if (first < 0) throw refused('group_next_token', `invalid group_next_token '${token}'. were rule groups changed?`);
  return groups.slice(first);
}

/** GET /api/v1/targets/metadata: what the metrics of each target are, as far as their expositions say it. */
export function listTargetMetadata(targets: readonly Target[], store: TsdbView, params: Params): HttpAnswer {
  const limit = numberParam(params, 'limit', 'limit must be a number') ?? -1;
  const matchers = targetMatchers(params);
  const metric = params.get('metric') ?? '';
  const metadata = store.metadata();
  const found: object[] = [];
  for (const { labels } of targets.filter((target) => matchesLabels(matchers, target.labels))) {
    const own = [...labelPairs(labels)].map(([name, value]) => matcher(name, '=', value));
    for (const name of metric === '' ? namesWithMetadata(store.labelValues(METRIC_NAME, own), metadata) : [metric]) {
      if (limit >= 0 && found.length >= limit) return plainly(found);
      const known = metadata.get(name);
      if (known !== undefined)
        found.push({
          target: labelsToRecord(labels),
          ...(metric === '' ? { metric: name } : {}),
          type: known.type,
          help: known.help,
          unit: known.unit,
        });
    }
  }
  return plainly(found);
}

/** The names of metadata: a histogram's is that of its series without their endings. */
function namesWithMetadata(names: readonly string[], metadata: ReadonlyMap<string, unknown>): Set<string> {
  return new Set(names.map((name) => (metadata.has(name) ? name : name.replace(/_(bucket|sum|count|total|info)$/, ''))));
}

function targetMatchers(params: Params): readonly Matcher[] {
  const text = params.get('match_target') ?? '';
  if (text === '') return [];
  try {
    return parseMatchers(text);
  } catch (error) {
    throw refused('match_target', messageOf(error));
  }
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
