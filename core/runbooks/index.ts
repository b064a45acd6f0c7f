/** Markdown runbooks, read as steps that check themselves against the data, and the runs of them. */
export { createRunbooks } from './runbooks.ts';
export type { Runbooks, RunbooksOptions, StartInput } from './runbooks.ts';
export type { RunRecord } from './runs.ts';
export { readRunbook } from './read.ts';
export { judge, formatAmount } from './check.ts';
export type { CheckSample, Judgement } from './check.ts';
export { bindQuery, prefill } from './params.ts';
export type { Param, ParamValue } from './params.ts';
export type { RunbookMatch } from './library.ts';
export type { StepUsage, Usage } from './usage.ts';
export { shellAssignments } from './shell.ts';
export type { AlertRule, DataNames, Finding, Uncovered } from './lint.ts';
export { renderMarkdown } from './html.ts';
