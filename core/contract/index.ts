/** Every question that a screen may ask, and the frames that carry them. */
import { alertsContract } from './alerts.ts';
import { incidentsContract } from './incidents.ts';
import { logsContract } from './logs.ts';
import { metricsContract } from './metrics.ts';
import { practiceContract } from './practice.ts';
import { routesContract } from './routes.ts';
import { rulesContract } from './rules.ts';
import { silencesContract } from './silences.ts';
import { slosContract } from './slos.ts';
import { systemContract } from './system.ts';
import { tracesContract } from './traces.ts';

export const contract = {
  ...systemContract,
  ...metricsContract,
  ...alertsContract,
  ...rulesContract,
  ...routesContract,
  ...silencesContract,
  ...slosContract,
  ...incidentsContract,
  ...tracesContract,
  ...logsContract,
  ...practiceContract,
};
export type SignalboxContract = typeof contract;

export { createClient } from './rpc.ts';
export type { CallContext, Client, Frame, Handlers, In, Item, Out, ProcedureName, StreamName, Transport } from './rpc.ts';
export { serve } from './serve.ts';
export { portTransport, socketTransport } from './transports.ts';
export type { PortLike, SocketLike } from './transports.ts';
export { decodeFrame, encodeFrame } from './frames.ts';
export type { SystemInfo, SystemStatus, Settings, Overview } from './system.ts';
export type { Dataset, InstantAnswer, MetricName, QueryReport, RangeAnswer } from './metrics.ts';
export type { AlertGroupView, AlertView, DecisionView, Notice, WhyStep, WhyView } from './alerts.ts';
export type { PracticeView } from './practice.ts';
export type { FindingView, LabAnswer, LabRun, NoiseView, RuleCheckView, RuleGroupView, RulePreview, RulesView, RuleView } from './rules.ts';
export type { InhibitionView, RoutesView, RouteTaken, RouteTest, RouteView } from './routes.ts';
export type { SilencePreview, SilenceView } from './silences.ts';
export type { BurnAlertView, SloDraft, SloDraftView, SlosView, SloView } from './slos.ts';
export type { IncidentView, RunbookSummary, Span, Suggestion } from './incidents.ts';
export type { SpanDetail, TraceAnswer, TraceRow, TraceSearchAnswer } from './traces.ts';
export type { LogBookmarkView, LogLine, LogMetric, LogPage, LogPatternRow, LogPatterns, LogStore, LogSummary, LogTail, LogVolume } from './logs.ts';
