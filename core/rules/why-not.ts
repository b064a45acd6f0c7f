/** Why a rule's alert did, or did not, fire for some labels at a time: asked of the stored metrics, so that it can be said of what never happened too. */
import {
  formatDuration,
  formatLabels,
  formatTime,
  labelPairs,
  labelsKey,
  labelValue,
  messageOf,
  METRIC_NAME,
  type Labels,
  type UnixMs,
} from '#core/model/index.ts';
import { parseExpr, printExpr, walk, type Expr, type VectorSelector } from '#core/promql/syntax/index.ts';
import type { GroupDefinition, RuleDefinition, PastRules } from './rule-history.ts';
import type { GroupState, RuleState } from './rule-state.ts';
import { comparisonOf } from './threshold.ts';
import type { RuleQuery, RuleSample } from './types.ts';

export interface RuleStep {
  readonly stage: 'rule' | 'expression' | 'for';
  readonly passed: 'yes' | 'no' | 'unknown';
  readonly sentence: string;
  /** FILE:LINE; empty where no line decides. */
  readonly place: string;
}

interface Question {
  readonly rule: RuleDefinition;
  readonly group: GroupDefinition;
  readonly past: PastRules;
  readonly now: readonly GroupState[];
  readonly labels: Labels;
  readonly timeMs: UnixMs;
  readonly ask: RuleQuery;
}

const rulesMax = 5;
/** How exactly "since when" is told within a rule's `for`. */
const lookBackSteps = 30;

/**
 * The steps of each rule that could give an alert with these labels; a label that is not named may have any value. The rules are those
 * of the time, `now` says what became of them.
 */
export async function explainRules(past: PastRules, now: readonly GroupState[], labels: Labels, timeMs: UnixMs, ask: RuleQuery): Promise<RuleStep[]> {
  const name = labelValue(labels, 'alertname');
  const fitting = past.groups.flatMap((group) =>
    group.rules.filter((rule) => rule.kind === 'alerting' && rule.name === name && agrees(rule, labels)).map((rule) => ({ rule, group })),
  );
  if (fitting.length === 0) return [noRule(past, now, name, labels, timeMs)];
  const steps = await Promise.all(fitting.slice(0, rulesMax).map((found) => explainRule({ ...found, past, now, labels, timeMs, ask })));
  return steps.flat();
}

function noRule(past: PastRules, now: readonly GroupState[], name: string, labels: Labels, timeMs: UnixMs): RuleStep {
  const [first] = named(past.groups, name);
  if (first !== undefined)
    return {
      stage: 'rule',
      passed: 'no',
      sentence: `${name} gives other labels: ${formatLabels(first.rule.labels)} contradicts ${formatLabels(labels)}`,
      place: placeOf(first),
    };
  if (name === '') return { stage: 'rule', passed: 'no', sentence: 'the labels name no alertname, so that no rule can be looked up', place: '' };
  const [later] = named(now, name);
  const sentence =
    later === undefined
      ? `no rule here is named ${name}; such an alert can only come from outside`
      : `no rule was named ${name} at ${formatTime(timeMs)}; the one that is there now was loaded later`;
  return { stage: 'rule', passed: 'no', sentence, place: later === undefined ? '' : placeOf(later) };
}

function named(groups: readonly GroupDefinition[], name: string): readonly Pick<Question, 'rule' | 'group'>[] {
  return groups.flatMap((group) => group.rules.filter((rule) => rule.kind === 'alerting' && rule.name === name).map((rule) => ({ rule, group })));
}

/** Whether the labels that a rule sets itself allow these; a template may become anything. */
function agrees(rule: RuleDefinition, labels: Labels): boolean {
  for (const [name, value] of labelPairs(rule.labels)) {
    const given = labelValue(labels, name);
    if (given !== '' && !value.includes('{{') && given !== value) return false;
  }
  return true;
}

const placeOf = ({ rule, group }: Pick<Question, 'rule' | 'group'>): string => `${group.file}:${rule.line}`;

async function explainRule(question: Question): Promise<RuleStep[]> {
  const { rule, group, now } = question;
  const place = placeOf(question);
  const today = sameRule(now, question);
  const failed = today?.health === 'err' && lookedAt(today, question);
  const told = failed
    ? `${rule.name} fails to evaluate: ${today.lastError}`
    : `${rule.name} of the group ${group.name} looks each ${formatDuration(group.intervalMs)}`;
  const first: RuleStep = { stage: 'rule', passed: failed ? 'no' : 'yes', sentence: told + sinceThen(question, today), place };
  try {
    return [first, ...(await explainExpression(question, parseExpr(rule.expr), place))];
  } catch (error) {
    return [first, { stage: 'expression', passed: 'unknown', sentence: `the expression cannot be asked for that time: ${messageOf(error)}`, place }];
  }
}

/** The rule as it is now: the one of its name and labels in its group, or, where those were changed, of its name. */
function sameRule(now: readonly GroupState[], { rule, group }: Question): RuleState | undefined {
  const rules = now.filter(({ file, name }) => file === group.file && name === group.name).flatMap((one) => one.rules);
  const alike = rules.filter((one) => one.kind === 'alerting' && one.name === rule.name);
  return (
    alike.find((one) => one.expr === rule.expr && one.forMs === rule.forMs && sameLabels(one.labels, rule.labels)) ??
    alike.find((one) => sameLabels(one.labels, rule.labels)) ??
    alike[0]
  );
}

/** Whether how the rule's last evaluation went says something of the moment that is asked about. */
const lookedAt = ({ lastEvaluationMs }: RuleState, { timeMs, group }: Question): boolean =>
  lastEvaluationMs !== undefined && timeMs >= lastEvaluationMs - group.intervalMs;

/** What became of the rule after the moment that is asked about; empty while it is the same. */
function sinceThen({ rule, group, past }: Question, today: RuleState | undefined): string {
  if (past.earliestMs !== undefined) return `; asked of the rules of ${formatTime(past.earliestMs)}, the first that were kept`;
  const untilMs = past.files.get(group.file)?.untilMs;
  const at = untilMs === undefined ? '' : ` at ${formatTime(untilMs)}`;
  if (today === undefined) return `; it is gone since its file was changed${at}`;
  const changes = [
    ...(today.expr === rule.expr ? [] : [`its expression is now ${today.expr.trim()}`]),
    ...(today.forMs === rule.forMs ? [] : [`its "for" is now ${formatDuration(today.forMs)}`]),
    ...(sameLabels(today.labels, rule.labels) ? [] : [`its labels are now ${formatLabels(today.labels)}`]),
  ];
  return changes.length === 0 ? '' : `; as it was then, the file was changed${at}: ${changes.join(', ')}`;
}

async function explainExpression(question: Question, expr: Expr, place: string): Promise<RuleStep[]> {
  const { rule, timeMs, ask } = question;
  const held = (await ask(expr, timeMs)).filter((sample) => fits(sample, question));
  if (held.length === 0) return [{ stage: 'expression', passed: 'no', sentence: await whyNotHeld(question, expr), place }];
  const shown = held.map(({ labels, value }) => `${formatLabels(withoutName(labels))} ${short(value)}`);
  const sentence = `its expression held at ${formatTime(timeMs)}: ${listed(shown)}`;
  const step: RuleStep = { stage: 'expression', passed: 'yes', sentence, place };
  return rule.forMs === 0 ? [step] : [step, await explainFor(question, expr, place)];
}

async function whyNotHeld(question: Question, expr: Expr): Promise<string> {
  const { timeMs, ask } = question;
  const comparison = comparisonOf(expr);
  if (comparison !== undefined) {
    const measured = (await ask(comparison.measured, timeMs)).filter((sample) => fits(sample, question));
    if (measured.length > 0) {
      const values = measured.map(({ labels, value }) => `${short(value)} for ${formatLabels(withoutName(labels))}`);
      return `it fires when ${printExpr(comparison.measured)} ${comparison.op} ${short(comparison.level)}, and that was ${listed(values)}`;
    }
  }
  const missing = await missingSelector(question, expr);
  return missing ?? `its expression gave nothing for these labels at ${formatTime(timeMs)}`;
}

/** The first selector of the expression that finds nothing, or nothing for these labels. */
async function missingSelector(question: Question, expr: Expr): Promise<string | undefined> {
  const selectors: VectorSelector[] = [];
  walk(expr, (part) => void (part.kind === 'selector' && selectors.push(part)));
  for (const selector of selectors) {
    const found = await question.ask(selector, question.timeMs);
    if (found.length === 0) return `${printExpr(selector)} found no series at ${formatTime(question.timeMs)}: nothing was scraped or pushed under it`;
    if (!found.some((sample) => fits(sample, question, true)))
      return `${printExpr(selector)} found ${found.length} series, none of them with these labels`;
  }
  return undefined;
}

async function explainFor(question: Question, expr: Expr, place: string): Promise<RuleStep> {
  const { rule, group, timeMs, ask } = question;
  const stepMs = Math.max(group.intervalMs, rule.forMs / lookBackSteps);
  let sinceMs = timeMs;
  while (timeMs - sinceMs < rule.forMs) {
    const beforeMs = Math.max(timeMs - rule.forMs, sinceMs - stepMs);
    if (!(await ask(expr, beforeMs)).some((sample) => fits(sample, question))) break;
    sinceMs = beforeMs;
  }
  const long = timeMs - sinceMs >= rule.forMs;
  const wanted = formatDuration(rule.forMs);
  const sentence = long
    ? `it had held for ${wanted} without a break, as its "for" asks`
    : `it had held since about ${formatTime(sinceMs)} only; its "for" asks ${wanted} without a break`;
  return { stage: 'for', passed: long ? 'yes' : 'no', sentence, place };
}

/** Whether a sample could be the alert's. `loose`: labels that the sample lacks do not count, as in a part of an expression. */
function fits({ labels }: RuleSample, { labels: wanted, rule }: Question, loose = false): boolean {
  for (const [name, value] of labelPairs(wanted)) {
    if (name === 'alertname' || labelValue(rule.labels, name) !== '') continue;
    const own = labelValue(labels, name);
    if (own !== value && !(loose && own === '')) return false;
  }
  return true;
}

const sameLabels = (a: Labels, b: Labels): boolean => labelsKey(a) === labelsKey(b);
const withoutName = (labels: Labels): Labels => labels.filter((_, i) => labels[i - (i % 2)] !== METRIC_NAME);
const short = (value: number): string => String(Number(value.toPrecision(5)));
const listed = (texts: readonly string[]): string =>
  texts.length <= 3 ? texts.join('; ') : `${texts.slice(0, 3).join('; ')} and ${texts.length - 3} more`;
