/** The contract's procedures and streams, a file a noun. */
export { Answers } from './answers.ts';
export { fromOutside } from './alerts.ts';
export { CorrelateDesk } from './correlate.ts';
export { Datasets } from './datasets.ts';
export { Forwarding } from './forwarding.ts';
export { ImportDesk, type RunImport } from './imports.ts';
export { PracticeDesk } from './practice.ts';
export type { PracticeRunner } from './practice.ts';
export { RuleJobs } from './rule-jobs.ts';
export { SourceDesk } from './sources.ts';
export { LogDesk } from './logs.ts';
export { TraceDesk } from './traces.ts';
export { usersAffected } from './users.ts';
