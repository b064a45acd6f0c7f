import { compareText, formatTime, labelPairs, labelsToRecord, matchesLabels, type Alert, type HttpAnswer, type Labels } from '#core/model/index.ts';
import { parseExpr, parseMatchers, printExpr } from '#core/promql/syntax/index.ts';
import type { GroupState, RuleState } from '#core/rules/index.ts';
import { plainly, timeText } from './answer.ts';
import { flagParam, refused, type Params } from './params.ts';

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
  const shown = fromToken([...groups].sort(byFileAndName), page)
    .filter((group) => (groupNames.size === 0 || groupNames.has(group.name)) && (files.size === 0 || files.has(group.file)))
    .map((group) => ({ group, json: groupJson(group, group.rules.filter(wanted), showsAlerts) }))
    .filter(({ json }) => json.rules.length > 0);
  const next = page.limit === 0 ? undefined : shown[page.limit]?.group;
  return plainly({
    groups: shown.slice(0, page.limit === 0 ? shown.length : page.limit).map(({ json }) => json),
    ...(next === undefined ? {} : { groupNextToken: tokenOf(next) }),
  });
}

const byFileAndName = (a: GroupState, b: GroupState): number => compareText(a.file, b.file) || compareText(a.name, b.name);

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
    lastEvaluation: timeText(group.lastEvaluationMs),
  };
}

function ruleJson(rule: RuleState, showsAlerts: boolean): object {
  const shared = {
    name: rule.name,
    query: printExpr(parseExpr(rule.expr)),
    labels: labelsToRecord(rule.labels),
    health: rule.health,
    evaluationTime: rule.durationMs / 1000,
    lastEvaluation: timeText(rule.lastEvaluationMs),
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
    alerts: showsAlerts ? alive.map(alertJson) : null,
  };
}

function alertJson(alert: Alert): object {
  return {
    labels: labelsToRecord(alert.labels),
    annotations: labelsToRecord(alert.annotations),
    state: alert.state,
    activeAt: formatTime(alert.activeAtMs),
    value: formatExponent(alert.value),
  };
}

const pairsJson = (pairs: Labels): object => Object.fromEntries(labelPairs(pairs));

/** A value as Prometheus has it in alerts: always with an exponent of two digits or more, `1e+00`. */
function formatExponent(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const text = Object.is(value, -0) ? '-0e+0' : value.toExponential();
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}
