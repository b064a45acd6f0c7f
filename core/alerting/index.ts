/** The Alertmanager half: route, group, inhibit, silence, mute, notify, and the record of every decision. */
export { createAlerting } from './alerting.ts';
export type { Alerting, AlertingOptions, AlertView, GroupView, RouteTaken } from './alerting.ts';
export { isResolved } from './alerts.ts';
export type { HeldAlert, PostedAlert, RuleOrigin } from './alerts.ts';
export { pruneRecord } from './decisions.ts';
export type { Decision, DecisionDetail, DecisionKind, DecisionQuery } from './decisions.ts';
export type { Inhibition } from './inhibit.ts';
export type { Notification, NotifiedAlert, NotifyReason, Recipient, Send, SendResult } from './outbox.ts';
export type { Route, RoutingGap } from './routes.ts';
export { silenceState } from './silences.ts';
export type { Silence, SilenceRequest, SilenceState } from './silences.ts';
