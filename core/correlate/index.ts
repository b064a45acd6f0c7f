/** Joins across the three signals: which service a fault began in, and what changed. */
export { rankRootCauses } from './root-cause.ts';
export { whatChanged, type Change, type ChangeKind, type ChangesAnswer } from './changes.ts';
export { readAround, readCase, type CaseSources } from './read-case.ts';
export { patternOf } from './log-pattern.ts';
export { serviceOfLabels, workloadOfPod } from './service-of.ts';
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
