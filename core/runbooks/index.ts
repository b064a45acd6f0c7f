/** Markdown runbooks, read as steps that check themselves against the data, and the runs of them. */
export { createRunbooks } from './runbooks.ts';
export type { Runbooks, RunbooksOptions } from './runbooks.ts';
export type { RunRecord } from './runs.ts';
export { readRunbook } from './read.ts';
export { judge, formatAmount } from './check.ts';
export type { CheckSample } from './check.ts';
export { bindQuery, prefill } from './params.ts';
export { shellAssignments } from './shell.ts';
export { renderMarkdown } from './html.ts';
