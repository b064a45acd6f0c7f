/** Why a rule's alert did, or did not, fire for some labels at a time: asked of the stored metrics, so that it can be said of what never happened too. */
import {
  formatDuration,
  formatLabels,
  formatTime,
  labelPairs,
  labelValue,
  messageOf,
  METRIC_NAME,
  type Labels,
  type UnixMs,
} from '#core/model/index.ts';
import { parseExpr, printExpr, walk, type Expr, type VectorSelector } from '#core/promql/syntax/index.ts';
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
  readonly rule: RuleState;
  readonly group: GroupState;
  readonly labels: Labels;
  readonly timeMs: UnixMs;
  readonly ask: RuleQuery;
}

const rulesMax = 5;
/** How exactly "since when" is told within a rule's `for`. */
const lookBackSteps = 30;

/** The steps of each rule that could give an alert with these labels; a label that is not named may have any value. */
export async function explainRules(groups: readonly GroupState[], labels: Labels, timeMs: UnixMs, ask: RuleQuery): Promise<RuleStep[]> {
  const name = labelValue(labels, 'alertname');
  const fitting = groups.flatMap((group) =>
    group.rules.filter((rule) => rule.kind === 'alerting' && rule.name === name && agrees(rule, labels)).map((rule) => ({ rule, group })),
  );
  if (fitting.length === 0) return [noRule(groups, name, labels)];
  const steps = await Promise.all(fitting.slice(0, rulesMax).map((found) => explainRule({ ...found, labels, timeMs, ask })));
  return steps.flat();
}

function noRule(groups: readonly GroupState[], name: string, labels: Labels): RuleStep {
  const named = groups.flatMap((group) =>
    group.rules.filter((rule) => rule.kind === 'alerting' && rule.name === name).map((rule) => ({ rule, group })),
  );
  const [first] = named;
  if (first !== undefined)
    return {
      stage: 'rule',
      passed: 'no',
      sentence: `${name} gives other labels: ${formatLabels(first.rule.labels)} contradicts ${formatLabels(labels)}`,
      place: placeOf(first),
    };
  const sentence =
    name === ''
      ? 'the labels name no alertname, so that no rule can be looked up'
      : `no rule here is named ${name}; such an alert can only come from outside`;
  return { stage: 'rule', passed: 'no', sentence, place: '' };
}

/** Whether the labels that a rule sets itself allow these; a template may become anything. */
function agrees(rule: RuleState, labels: Labels): boolean {
  for (const [name, value] of labelPairs(rule.labels)) {
    const given = labelValue(labels, name);
    if (given !== '' && !value.includes('{{') && given !== value) return false;
  }
  return true;
}

const placeOf = ({ rule, group }: Pick<Question, 'rule' | 'group'>): string => `${group.file}:${rule.line}`;

async function explainRule(question: Question): Promise<RuleStep[]> {
  const { rule, group } = question;
  const place = placeOf(question);
  const failed = rule.health === 'err';
  const told = failed
    ? `${rule.name} fails to evaluate: ${rule.lastError}`
    : `${rule.name} of the group ${group.name} looks each ${formatDuration(group.intervalMs)}`;
  const first: RuleStep = { stage: 'rule', passed: failed ? 'no' : 'yes', sentence: told, place };
  try {
    return [first, ...(await explainExpression(question, parseExpr(rule.expr), place))];
  } catch (error) {
    return [first, { stage: 'expression', passed: 'unknown', sentence: `the expression cannot be asked for that time: ${messageOf(error)}`, place }];
  }
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

const withoutName = (labels: Labels): Labels => labels.filter((_, i) => labels[i - (i % 2)] !== METRIC_NAME);
const short = (value: number): string => String(Number(value.toPrecision(5)));
const listed = (texts: readonly string[]): string =>
  texts.length <= 3 ? texts.join('; ') : `${texts.slice(0, 3).join('; ')} and ${texts.length - 3} more`;
