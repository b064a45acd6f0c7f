import type { GroupRunner } from './group-runner.ts';
import type { RuleRunner } from './rule-runner.ts';
import type { GroupState, RuleState } from './rule-state.ts';
import type { Stream } from './stream/stream.ts';

/** How a group is; without a stream its rules ask the store. */
export function groupState(group: GroupRunner, stream: Pick<Stream, 'explain'> | undefined): GroupState {
  const { file, line, name, limit } = group.spec;
  const { intervalMs, queryOffsetMs, lastEvaluationMs, durationMs, missedCount, lastError } = group;
  const rules = group.rules.map((rule) => ruleState(rule, stream));
  return { file, line, name, intervalMs, queryOffsetMs, limit, lastEvaluationMs, durationMs, missedCount, lastError, rules };
}

function ruleState(runner: RuleRunner, stream: Pick<Stream, 'explain'> | undefined): RuleState {
  const evaluation = stream?.explain(runner.rule.parsed) ?? { streamed: false, why: 'rules ask the store here' };
  const { kind, name, line, expr, forMs, keepFiringForMs, labels, annotations } = runner.rule;
  const { health, lastError, lastWarning, lastEvaluationMs, durationMs, states } = runner;
  return {
    kind,
    name,
    line,
    expr,
    forMs,
    keepFiringForMs,
    labels,
    annotations: annotations.flatMap((annotation) => [annotation.name, annotation.source]),
    health,
    lastError,
    lastWarning,
    lastEvaluationMs,
    durationMs,
    seriesCount: runner.previous.size,
    evaluation,
    alerts: states === undefined ? [] : [...states.held.values()].map((state) => states.alert(state)),
  };
}
