import type { Labels } from './labels.ts';
import type { RunbookEvent } from './runbook.ts';
import type { UnixMs } from './time.ts';

/** 1 is the worst. What each means: `severities`. */
export type Sev = 1 | 2 | 3 | 4;

export interface Severity {
  readonly sev: Sev;
  readonly means: string;
  /** Share of users affected above which this SEV holds, 0..1. */
  readonly usersAbove: number;
}

/** From the worst down; a share on the border counts as the worse one when in doubt. */
export const severities: readonly Severity[] = [
  { sev: 1, means: 'complete outage, or more than 50 % of users', usersAbove: 0.5 },
  { sev: 2, means: 'major degradation, more than 10 % of users', usersAbove: 0.1 },
  { sev: 3, means: 'minor degradation, less than 10 % of users', usersAbove: 0 },
  { sev: 4, means: 'no user impact, potential risk', usersAbove: -1 },
];

export type IncidentStatus = 'open' | 'mitigated' | 'resolved';

/**
 * One line of an incident's log. The log is append-only; timeline, state and post-mortem are readings of it.
 * `atMs` is when it happened (it may be set back by hand), `loggedMs` when it was written.
 */
export interface IncidentEvent {
  readonly incident: number;
  /** 1, 2, 3 ... within the incident. */
  readonly seq: number;
  readonly atMs: UnixMs;
  readonly loggedMs: UnixMs;
  /** A person's name, or `signalbox`. */
  readonly by: string;
  readonly what: IncidentFact;
}

export type IncidentFact =
  | { readonly kind: 'declared'; readonly title: string; readonly sev: Sev; readonly why: string; readonly startedMs: UnixMs }
  | {
      readonly kind: 'alert';
      readonly alert: string;
      readonly labels: Labels;
      readonly to: 'pending' | 'firing' | 'resolved';
      readonly summary: string;
      readonly expr: string;
    }
  | { readonly kind: 'ack'; readonly alert: string; readonly labels: Labels }
  | { readonly kind: 'sev'; readonly from: Sev; readonly to: Sev; readonly why: string }
  | { readonly kind: 'role'; readonly role: string; readonly who: string }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'step'; readonly run: string; readonly runbook: string; readonly event: RunbookEvent }
  | { readonly kind: 'mitigated'; readonly how: string }
  | { readonly kind: 'resolved'; readonly how: string }
  | { readonly kind: 'reopened'; readonly why: string }
  /** The start as it is known now; corrects what `declared` said. */
  | { readonly kind: 'started'; readonly startedMs: UnixMs; readonly why: string }
  | { readonly kind: 'title'; readonly title: string }
  /** The alert was attached by mistake. */
  | { readonly kind: 'detached'; readonly alert: string; readonly why: string }
  | StatusUpdate
  /** The action item as it stands from now on; the same `id` again replaces it. */
  | { readonly kind: 'action'; readonly action: ActionItem };

/** What was told to others: conditions, actions, needs. */
export interface StatusUpdate {
  readonly kind: 'update';
  readonly conditions: string;
  readonly actions: string;
  readonly needs: string;
  /** When the next one is promised; undefined when none is. */
  readonly nextMs: UnixMs | undefined;
}

export type ActionState = 'open' | 'done' | 'dropped';

/** Something to do after the incident, so that it does not come again or hurts less. */
export interface ActionItem {
  /** 1, 2, 3 ... within the incident. */
  readonly id: number;
  readonly text: string;
  /** Empty: nobody yet. */
  readonly owner: string;
  readonly dueMs: UnixMs | undefined;
  readonly state: ActionState;
}

/** What the log says when read to its end. */
export interface Incident {
  readonly id: number;
  readonly title: string;
  readonly sev: Sev;
  readonly status: IncidentStatus;
  /** When users began to be hurt, as far as is known. */
  readonly startedMs: UnixMs;
  readonly declaredMs: UnixMs;
  readonly ackedMs: UnixMs | undefined;
  readonly mitigatedMs: UnixMs | undefined;
  readonly resolvedMs: UnixMs | undefined;
  readonly roles: readonly { readonly role: string; readonly who: string }[];
  /** Alert ids that belong to it. */
  readonly alerts: readonly string[];
  /** Ids of the runbook runs started in it. */
  readonly runs: readonly string[];
  /** When the next status update is owed; undefined when none is (SEV-4, resolved). */
  readonly nextUpdateMs: UnixMs | undefined;
  readonly actions: readonly ActionItem[];
}
