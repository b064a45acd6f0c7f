import * as v from 'valibot';
import type { Ack, Alert } from '#core/model/index.ts';
import { named, nothing, person, shortId, unixMs } from './inputs.ts';
import { listStream, procedure, stream } from './rpc.ts';

/** An alert as the screens show it. */
export interface AlertView extends Alert {
  readonly severity: string;
  readonly summary: string;
  readonly ack: Ack | undefined;
  /** The open incident it belongs to. */
  readonly incident: number | undefined;
  /** Runbooks that are for it, the best fit first. */
  readonly runbooks: readonly { readonly id: string; readonly title: string }[];
  /** Whose turn it is to be told of it. */
  readonly receivers: readonly string[];
  /** Ids of the silences that keep it quiet. */
  readonly silencedBy: readonly string[];
  /** The alert that explains it, and the rule that says so. */
  readonly inhibitedBy: { readonly alert: string; readonly name: string; readonly place: string } | undefined;
  /** Time intervals that mute every group it is in. */
  readonly mutedBy: readonly string[];
  /** It fired three times or more within the hour. */
  readonly flapping: boolean;
}

/** Alerts that are told together. */
export interface AlertGroupView {
  readonly key: string;
  readonly receiver: string;
  /** FILE:LINE of its route. */
  readonly place: string;
  /** What its alerts have in common, pairs laid flat. */
  readonly labels: readonly string[];
  readonly alerts: readonly string[];
  /** Its next turn to tell. */
  readonly nextMs: number;
}

/** One entry of the record of decisions. */
export interface DecisionView {
  readonly id: number;
  readonly atMs: number;
  readonly kind: string;
  readonly reason: string;
  /** FILE:LINE; empty where no line decided. */
  readonly place: string;
  readonly receiver: string;
}

/** One step from the rule to the person: whether it let the alert through. */
export interface WhyStep {
  readonly stage: 'rule' | 'expression' | 'for' | 'route' | 'tell';
  readonly passed: 'yes' | 'no' | 'unknown';
  readonly sentence: string;
  readonly place: string;
  readonly atMs: number | undefined;
}

/** The answer to "why was I (not) paged?". */
export interface WhyView {
  readonly alert: string;
  readonly labels: readonly string[];
  readonly timeMs: number;
  readonly paged: boolean;
  readonly answer: string;
  readonly steps: readonly WhyStep[];
  readonly record: readonly DecisionView[];
  /** Other alerts that carry the labels that were asked about. */
  readonly alike: readonly { readonly alert: string; readonly labels: readonly string[] }[];
}

/** Something the person is told: on the desktop by the system, on the web by the Notification API. */
export interface Notice {
  /** Rises by one with each notice. */
  readonly id: number;
  readonly atMs: number;
  readonly title: string;
  readonly body: string;
  readonly severity: string;
  readonly resolved: boolean;
  /** Where a click leads. */
  readonly link: string;
}

export const alertsContract = {
  'alerts.watch': listStream<AlertView>()(nothing, ({ id }) => id),
  /** The groups in which alerts are told, as the route tree makes them. */
  'alerts.groups': listStream<AlertGroupView>()(nothing, ({ key, receiver }) => `${receiver} ${key}`),
  'alerts.ack': procedure<null>()(v.object({ alert: shortId, by: person })),
  /** Of an alert by its id, or of labels that may never have fired; at any time. */
  'alerts.why': procedure<WhyView>()(v.object({ alert: v.optional(shortId), labels: v.optional(named), timeMs: unixMs })),
  /** What was decided about an alert, oldest first; the newest 200. */
  'alerts.record': procedure<readonly DecisionView[]>()(v.object({ alert: shortId })),
  /** The last 50 notices, newest last. */
  'notices.watch': stream<readonly Notice[]>()(nothing),
};
