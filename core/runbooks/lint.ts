/** What can be known wrong with runbooks before the incident: names that the data does not have, rules that have no runbook. */
import { labelValue, matchesValue, METRIC_NAME, EngineError, type Labels, type Runbook } from '#core/model/index.ts';
import { walk, type Expr, type VectorSelector } from '#core/promql/syntax/index.ts';
import { parseSample } from './params.ts';

/** What the data holds. */
export interface DataNames {
  hasMetric(name: string): boolean;
  /** Whether any series of that metric has that label. */
  hasLabel(metric: string, label: string): boolean;
}

export interface Finding {
  readonly runbook: string;
  /** The step's id. */
  readonly step: string;
  readonly sentence: string;
}

export interface AlertRule {
  readonly alert: string;
  /** Of the rule; the alert will have more. */
  readonly labels: Labels;
  readonly annotations: Labels;
}

export interface Uncovered {
  readonly alert: string;
  readonly sentence: string;
}

/** Names in the runbook's checks that no series has. A query that cannot be read is the reader's to report, not said again here. */
export function lintRunbook(runbook: Runbook, names: DataNames): readonly Finding[] {
  return runbook.steps.flatMap((step) => {
    if (step.check === undefined) return [];
    const sentences = namesMissing(step.check.query, runbook.params, names);
    return [...new Set(sentences)].map((sentence) => ({ runbook: runbook.id, step: step.id, sentence }));
  });
}

function namesMissing(query: string, params: Runbook['params'], names: DataNames): readonly string[] {
  let expr: Expr;
  try {
    expr = parseSample(query, params);
  } catch (error) {
    if (error instanceof EngineError) return [];
    throw error;
  }
  const found: string[] = [];
  walk(expr, (node) => {
    if (node.kind === 'selector') found.push(...missingInSelector(node, names));
    if (node.kind === 'aggregation' && !node.without) found.push(...missingInBy(node.labels, node.expr, names));
  });
  return found;
}

/** A matcher that an absent label satisfies (`=~".*"`, `!="x"`) asks for nothing. */
function missingInSelector({ name, matchers }: VectorSelector, names: DataNames): readonly string[] {
  if (name === '') return [];
  if (!names.hasMetric(name)) return [`no series is called ${name}`];
  return matchers
    .filter((matcher) => matcher.name !== METRIC_NAME && !matchesValue(matcher, '') && !names.hasLabel(name, matcher.name))
    .map((matcher) => `no series of ${name} has the label ${matcher.name}`);
}

const labelMakers = new Set(['label_replace', 'label_join', 'absent', 'absent_over_time', 'vector']);

/** Labels of a `by` that none of the metrics below it has; functions that make labels end the search. */
function missingInBy(labels: readonly string[], below: Expr, names: DataNames): readonly string[] {
  const metrics = new Set<string>();
  let known = true;
  walk(below, (node) => {
    if (node.kind === 'selector') {
      if (names.hasMetric(node.name)) metrics.add(node.name);
      else known = false;
    }
    if ((node.kind === 'call' && labelMakers.has(node.name)) || (node.kind === 'aggregation' && node.op === 'count_values')) known = false;
  });
  if (!known || metrics.size === 0) return [];
  return labels
    .filter((label) => ![...metrics].some((metric) => names.hasLabel(metric, label)))
    .map((label) => `no series of ${[...metrics].join(', ')} has the label ${label}`);
}

/** Why a rule has no runbook; empty when it has one. */
export function lintRule(rule: AlertRule, matchCount: number): readonly Uncovered[] {
  if (matchCount > 0) return [];
  const url = labelValue(rule.annotations, 'runbook_url') || labelValue(rule.annotations, 'runbook');
  const sentence =
    url === ''
      ? `${rule.alert} has no runbook: list it under "alerts" of one, or name a file ${rule.alert}.md`
      : `${rule.alert} links to ${url}, which is not here: keep it as ${rule.alert}.md, so that it opens offline`;
  return [{ alert: rule.alert, sentence }];
}
