/** Recording and alerting rules as Prometheus runs them: evaluation, the life of alerts, their journal. */
export { createRules } from './rules.ts';
export type { RuleFile, Rules, RulesOptions } from './rules.ts';
export type { GroupState, RuleState } from './rule-state.ts';
export type { PastTransition } from './journal.ts';
export type { RuleAppend, RuleQuery, RuleSample, RuleSeries, Transition } from './types.ts';
export { runRuleTests } from './unit-test/run.ts';
export type { RuleTestReport } from './unit-test/run.ts';
export { createStream } from './stream/stream.ts';
export type { Stream, Streaming, StreamOptions } from './stream/stream.ts';
export type { IncrementalStore, Increments } from './stream/increments.ts';
export { errorBudget, burnFactor, sloId, sloRuleFile } from './slo/slo-rules.ts';
export type { SloRulesOptions } from './slo/slo-rules.ts';
export { budgetForecast, sloQueries } from './slo/slo-status.ts';
export type { BudgetForecast, SloQueries } from './slo/slo-status.ts';
