import * as v from 'valibot';
import type { Ack, Alert, RuleHealth } from '#core/model/index.ts';
import { nothing, person, shortId } from './inputs.ts';
import { procedure, stream } from './rpc.ts';

/** An alert as the screens show it. */
export interface AlertView extends Alert {
  readonly severity: string;
  readonly summary: string;
  readonly ack: Ack | undefined;
  /** The open incident it belongs to. */
  readonly incident: number | undefined;
  /** Runbooks that are for it, the best fit first. */
  readonly runbooks: readonly { readonly id: string; readonly title: string }[];
}

export interface RuleView {
  readonly name: string;
  readonly kind: 'alerting' | 'recording';
  readonly expr: string;
  readonly forMs: number;
  readonly labels: readonly string[];
  readonly annotations: readonly string[];
  readonly health: RuleHealth;
  readonly lastError: string;
  readonly lastEvaluationMs: number | undefined;
  readonly elapsedMs: number;
  readonly pendingCount: number;
  readonly firingCount: number;
}

export interface RuleGroupView {
  readonly name: string;
  readonly file: string;
  readonly intervalMs: number;
  readonly rules: readonly RuleView[];
}

export interface RulesView {
  readonly groups: readonly RuleGroupView[];
  /** Files that could not be read, a sentence each, with place and reason; their last good version is in force. */
  readonly problems: readonly string[];
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
  'alerts.watch': stream<readonly AlertView[]>()(nothing),
  'alerts.ack': procedure<null>()(v.object({ alert: shortId, by: person })),
  'rules.watch': stream<RulesView>()(nothing),
  /** The last 50 notices, newest last. */
  'notices.watch': stream<readonly Notice[]>()(nothing),
};
