import { labelsUsed, readRuleFile } from '#core/formats/index.ts';
import { formatDuration, labelValue, messageOf } from '#core/model/index.ts';
import { childrenOf, parseExpr, printExpr, unwrap, walk, type Expr } from '#core/promql/syntax/index.ts';
import type { RuleFile } from '../rules.ts';
import type { GroupSpec, Rule } from '../types.ts';
import { ratedGauges, rawCounters, type TypeOfMetric } from './counters.ts';
import { keptLabels } from './kept-labels.ts';

/** A rule that works, but not as it was meant: the pitfall by name, what it does, and the mend. */
export interface LintFinding {
  readonly pitfall: Pitfall;
  readonly file: string;
  readonly line: number;
  readonly group: string;
  readonly rule: string;
  readonly sentence: string;
  readonly mend: string;
}

export type Pitfall =
  | 'duplicate-rule'
  | 'raw-counter'
  | 'rate-of-gauge'
  | 'rate-of-sum'
  | 'lost-label'
  | 'no-for'
  | 'irate'
  | 'no-runbook'
  | 'no-severity';

type Advice = Pick<LintFinding, 'pitfall' | 'sentence' | 'mend'>;

/** What is doubtful in rules that are valid. `typeOfMetric` says what metadata knows; names tell the rest. */
export function lintRules(groups: readonly GroupSpec[], typeOfMetric: TypeOfMetric = () => undefined): LintFinding[] {
  const seen = new Map<string, Rule>();
  return groups.flatMap((group) =>
    group.rules.flatMap((rule) => {
      const advice = [...duplicate(rule, seen), ...inExpr(rule, typeOfMetric), ...(rule.kind === 'alerting' ? inAlert(rule) : [])];
      return advice.map((one) => ({ ...one, file: group.file, line: rule.line, group: group.name, rule: rule.name }));
    }),
  );
}

function duplicate(rule: Rule, seen: Map<string, Rule>): Advice[] {
  const key = JSON.stringify([rule.kind, rule.name, rule.labels]);
  const first = seen.get(key);
  if (first === undefined) seen.set(key, rule);
  if (first === undefined) return [];
  const sentence = `the rule in line ${first.line} has the same name and labels, so that both may write the same series`;
  return [{ pitfall: 'duplicate-rule', sentence, mend: 'remove one, or give them labels that differ' }];
}

function inExpr(rule: Rule, typeOfMetric: TypeOfMetric): Advice[] {
  const raw = rule.kind === 'alerting' ? rawCounters(rule.parsed, typeOfMetric) : [];
  const advice: Advice[] = [...new Set(raw.map(({ name }) => name))].map((name) => ({
    pitfall: 'raw-counter',
    sentence: `${name} is a counter: it only rises, and falls to 0 when its process restarts, so that a threshold on it says how long the process has been up`,
    mend: `compare its rate: rate(${name}[5m])`,
  }));
  for (const { name } of ratedGauges(rule.parsed, typeOfMetric)) {
    const sentence = `${name} is a gauge: rate takes every fall of it for a restart and counts it as growth`;
    advice.push({ pitfall: 'rate-of-gauge', sentence, mend: `use deriv(${name}[5m]) or delta(${name}[5m])` });
  }
  walk(rule.parsed, (expr) => advice.push(...rateOfSum(expr)));
  return advice;
}

function rateOfSum(expr: Expr): Advice[] {
  if (expr.kind !== 'call' || (expr.name !== 'rate' && expr.name !== 'increase')) return [];
  const range = unwrap(expr.args[0]!);
  const inner = range.kind === 'subquery' ? unwrap(range.expr) : undefined;
  if (inner?.kind !== 'aggregation') return [];
  const sentence = `${expr.name} of ${inner.op}: when one process restarts the ${inner.op} falls, and ${expr.name} takes all the others for restarted too`;
  return [{ pitfall: 'rate-of-sum', sentence, mend: `first ${expr.name}, then ${inner.op}: ${inner.op}(${expr.name}(...))` }];
}

function inAlert(rule: Rule): Advice[] {
  const advice: Advice[] = [...lostLabels(rule)];
  const names = rule.annotations.map(({ name }) => name);
  if (!names.some((name) => name.startsWith('runbook')))
    advice.push({ pitfall: 'no-runbook', sentence: 'whoever is woken by it finds no runbook', mend: 'add the annotation runbook_url' });
  if (labelValue(rule.labels, 'severity') === '')
    advice.push({
      pitfall: 'no-severity',
      sentence: 'no severity says whether it is worth waking someone for',
      mend: 'add the label severity: page or ticket',
    });
  if (rule.forMs === 0 && !looksBack(rule.parsed)) {
    const sentence = 'one bad scrape is enough to fire it: it looks at single samples and has no for';
    advice.push({ pitfall: 'no-for', sentence, mend: `add for: ${formatDuration(300_000)}, or look back with avg_over_time or rate` });
  }
  walk(rule.parsed, (expr) => {
    if (expr.kind !== 'call' || expr.name !== 'irate') return;
    const sentence = 'irate looks at two samples only, so that the alert flaps with every spike';
    advice.push({ pitfall: 'irate', sentence, mend: 'use rate in alerts and keep irate for graphs' });
  });
  return advice;
}

/** Labels that the texts name although the expression does not keep them: they come out empty. */
function lostLabels(rule: Rule): Advice[] {
  const kept = keptLabels(rule.parsed);
  if (kept === undefined) return [];
  return [...rule.labelTemplates, ...rule.annotations].flatMap(({ name, template }) => {
    const lost = template === undefined ? [] : [...labelsUsed(template)].filter((label) => !kept.has(label) && label !== 'alertname');
    return lost.map<Advice>((label) => ({
      pitfall: 'lost-label',
      sentence: `${JSON.stringify(name)} shows $labels.${label}, which ${printExpr(rule.parsed)} does not keep: it comes out empty`,
      mend: `keep it: by (${[...kept, label].join(', ')})`,
    }));
  });
}

/** Whether a range of samples decides, not the newest alone. */
function looksBack(expr: Expr): boolean {
  return expr.kind === 'matrix' || expr.kind === 'subquery' || childrenOf(expr).some(looksBack);
}

/** What `signalbox check rules` says of a file. */
export interface RuleCheck {
  readonly groupCount: number;
  readonly ruleCount: number;
  /** "FILE:LINE: reason" each; the file is refused when there are any. */
  readonly problems: readonly string[];
  readonly findings: readonly LintFinding[];
}

/** Checks a rule file as promtool does, and lints it. Never throws for what is in the file. */
export function checkRules(file: RuleFile): RuleCheck {
  const { groups, problems } = readRuleFile(file.text, file.path, parseExpr);
  return {
    groupCount: groups.length,
    ruleCount: groups.reduce((sum, group) => sum + group.rules.length, 0),
    problems: problems.map(messageOf),
    findings: lintRules(groups),
  };
}
