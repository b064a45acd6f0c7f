/** The contract's procedures and streams, a file a noun. */
export { AlertDesk, fromOutside } from './alerts.ts';
export { Forwarding } from './forwarding.ts';
export { IncidentDesk } from './incidents.ts';
export { LogDesk } from './logs.ts';
export { MetricDesk } from './metrics.ts';
export { PracticeDesk } from './practice.ts';
export type { PracticeRunner } from './practice.ts';
export { RouteDesk } from './routes.ts';
export { RuleDesk } from './rules.ts';
export { RunbookDesk } from './runbooks.ts';
export { SilenceDesk } from './silences.ts';
export { RuleJobs } from './rule-jobs.ts';
export { SourceDesk } from './sources.ts';
export { SloDesk } from './slos.ts';
export { SystemDesk } from './system.ts';
export { TraceDesk } from './traces.ts';
export { usersAffected } from './users.ts';
export type { Parts } from './parts.ts';
