/** Joins across the three signals: which service a fault began in, what changed, and where else a thing is spoken of. */
export { rankRootCauses } from './root-cause.ts';
export { baselineBefore, whatChanged, type ChangesAnswer } from './changes.ts';
export { readAround, readCase, type CaseSources } from './read-case.ts';
export { Pace, type PaceOptions } from './pace.ts';
export { patternOf } from './log-pattern.ts';
export { logsOfTrace, waysFrom, type TraceLogs, type Way, type Ways, type WaySources } from './ways.ts';
export { Attributes, serviceOfLabels, workloadOfPod } from './service-of.ts';
export type {
  CallEdge,
  CallSpan,
  Evidence,
  EvidenceKind,
  IncidentData,
  LogEvent,
  MetricSuspect,
  RootCauseAnswer,
  ServiceSeries,
  Suspect,
  TimeWindow,
} from './types.ts';
