import { matchesValue, METRIC_NAME, type Matcher } from '#core/model/index.ts';
import { constantSeconds, walk, type Expr } from '#core/promql/syntax/index.ts';
import type { RuleRunner } from '../rule-runner.ts';

/** A rule and where it stands: which group, which place in it. */
export interface Placed {
  readonly runner: RuleRunner;
  readonly group: number;
  readonly place: number;
}

/**
 * The rules in an order in which each can be worked out over a long time at once, after all those that write what it reads. Undefined
 * when there is none: some rule reads what a later one of its group, or it itself, wrote at the time before.
 */
export function batchOrder(rules: readonly Placed[]): Placed[] | undefined {
  const needs = rules.map((reader) => {
    const asked = selectors(reader.runner.rule.parsed);
    return rules.filter((writer) => asked.some((matchers) => mayMatch(matchers, writer.runner)));
  });
  const impossible = needs.some((writers, i) => writers.some((writer) => writer.group === rules[i]!.group && writer.place >= rules[i]!.place));
  if (impossible) return undefined;
  const done = new Set<Placed>();
  while (done.size < rules.length) {
    const ready = rules.filter((rule, i) => !done.has(rule) && needs[i]!.every((writer) => done.has(writer)));
    if (ready.length === 0) return undefined;
    for (const rule of ready) done.add(rule);
  }
  return [...done];
}

/** The names of the series that a rule writes. */
export function writtenNames({ rule }: RuleRunner): readonly string[] {
  return rule.kind === 'recording' ? [rule.name] : ['ALERTS', 'ALERTS_FOR_STATE'];
}

function selectors(expr: Expr): (readonly Matcher[])[] {
  const found: (readonly Matcher[])[] = [];
  walk(expr, (part) => {
    if (part.kind === 'selector') found.push(part.matchers);
  });
  return found;
}

/** Whether a selector may find what a rule writes. Of an alert's series the name of the alert is known as well. */
function mayMatch(matchers: readonly Matcher[], runner: RuleRunner): boolean {
  const { kind, name } = runner.rule;
  return writtenNames(runner).some((metric) =>
    matchers.every((one) =>
      one.name === METRIC_NAME ? matchesValue(one, metric) : one.name !== 'alertname' || kind === 'recording' || matchesValue(one, name),
    ),
  );
}

/** Whether an expression gives the same when it is asked over a range as when it is asked at each time. */
export function isSteady(expr: Expr): boolean {
  let steady = true;
  walk(expr, (part) => {
    if (part.kind === 'matrix' && constantSeconds(part.range) === undefined) steady = false;
    if (part.kind !== 'selector' && part.kind !== 'subquery') return;
    if (part.at?.kind === 'start' || part.at?.kind === 'end') steady = false;
    const durations = part.kind === 'subquery' ? [part.offset, part.range, part.step] : [part.offset];
    if (durations.some((duration) => duration !== undefined && constantSeconds(duration) === undefined)) steady = false;
  });
  return steady;
}
