import type { Handlers, RuleGroupView, RulesView, RuleView, SignalboxContract } from '#core/contract/index.ts';
import type { Alert } from '#core/model/index.ts';
import type { GroupState, RuleState } from '#core/rules/index.ts';
import type { Parts } from './parts.ts';
import { Watched } from './watch.ts';

type Names = Extract<keyof SignalboxContract, `rules.${string}`>;

/** Rules: how they do. */
export class RuleDesk {
  readonly #rules: Watched<RulesView>;

  constructor(parts: Parts) {
    this.#rules = new Watched<RulesView>(parts.clock, parts.report, () => ({
      groups: parts.rules.groups().map(groupView),
      problems: parts.rules.problems(),
    }));
  }

  changed(): void {
    this.#rules.changed();
  }

  handlers(): Pick<Handlers<SignalboxContract>, Names> {
    return { 'rules.watch': (_input, emit) => this.#rules.open(emit) };
  }
}

function groupView({ name, file, line, intervalMs, missedCount, rules }: GroupState): RuleGroupView {
  return { name, file, line, intervalMs, missedCount, rules: rules.map(ruleView) };
}

function ruleView(rule: RuleState): RuleView {
  const count = (state: Alert['state']): number => rule.alerts.filter((alert) => alert.state === state).length;
  const { name, kind, line, expr, forMs, keepFiringForMs, labels, annotations, health, lastError, lastWarning, lastEvaluationMs, seriesCount } = rule;
  return {
    name,
    kind,
    line,
    expr,
    forMs,
    keepFiringForMs,
    labels,
    annotations,
    health,
    lastError,
    lastWarning,
    lastEvaluationMs,
    elapsedMs: rule.durationMs,
    seriesCount,
    askedBecause: rule.evaluation.streamed ? '' : rule.evaluation.why,
    pendingCount: count('pending'),
    firingCount: count('firing'),
  };
}
