import type { AlertView, Handlers, Notice, RulesView, SignalboxContract } from '#core/contract/index.ts';
import { isResolved, type HeldAlert, type DesktopNotice } from '#core/alerting/index.ts';
import { labelValue, type Alert, type Labels } from '#core/model/index.ts';
import type { GroupState, RuleState } from '#core/rules/index.ts';
import type { Parts } from './parts.ts';
import { Watched } from './watch.ts';

type Names = Extract<keyof SignalboxContract, `alerts.${string}` | `rules.${string}` | `notices.${string}`>;

const noticesMax = 50;
const stateOrder = { firing: 0, pending: 1, resolved: 2 } as const;

/** Alerts with all that a person needs beside them; rules; and what the person was told. */
export class AlertDesk {
  readonly #parts: Parts;
  readonly #alerts: Watched<readonly AlertView[]>;
  readonly #rules: Watched<RulesView>;
  readonly #notices: Watched<readonly Notice[]>;
  #told: readonly Notice[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#alerts = new Watched(parts.clock, parts.report, () => this.#views());
    this.#rules = new Watched<RulesView>(parts.clock, parts.report, () => ({
      groups: parts.rules.groups().map(groupView),
      problems: parts.rules.problems(),
    }));
    this.#notices = new Watched(parts.clock, parts.report, () => this.#told);
  }

  changed(): void {
    this.#alerts.changed();
    this.#rules.changed();
  }

  /** A notification that was routed to the desktop. */
  told({ notification, title, body, status }: DesktopNotice): void {
    const first = notification.alerts[0];
    const notice: Notice = {
      id: (this.#told.at(-1)?.id ?? 0) + 1,
      atMs: notification.atMs,
      title,
      body,
      severity: first === undefined ? '' : labelValue(first.labels, 'severity'),
      resolved: status === 'resolved',
      link: first === undefined || notification.alerts.length > 1 ? '#/alerts' : `#/alerts/${first.id}`,
    };
    this.#told = [...this.#told, notice].slice(-noticesMax);
    this.#notices.changed();
  }

  handlers(): Pick<Handlers<SignalboxContract>, Names> {
    return {
      'alerts.watch': (_input, emit) => this.#alerts.open(emit),
      'alerts.ack': ({ alert, by }) => this.#ack(alert, by),
      'rules.watch': (_input, emit) => this.#rules.open(emit),
      'notices.watch': (_input, emit) => this.#notices.open(emit),
    };
  }

  #ack(id: string, by: string): null {
    const { alerting, incidents, alertsChanged } = this.#parts;
    const ack = alerting.ack(id, by);
    const labels = this.#parts.alert(id)?.labels;
    if (labels !== undefined) incidents.onAck(id, labels, ack);
    alertsChanged();
    return null;
  }

  #views(): readonly AlertView[] {
    return this.#parts
      .alerts()
      .map((alert) => this.#view(alert))
      .sort((a, b) => stateOrder[a.state] - stateOrder[b.state] || b.activeAtMs - a.activeAtMs);
  }

  #view(alert: Alert): AlertView {
    const { incidents, runbooks } = this.#parts;
    return {
      ...alert,
      severity: labelValue(alert.labels, 'severity'),
      summary: summaryOf(alert.annotations),
      ack: this.#parts.ackOf(alert.id),
      incident: incidents.incidentOf(alert.id),
      runbooks: runbooks.forAlert(alert.labels, alert.annotations).map(({ runbook }) => ({ id: runbook.id, title: runbook.title })),
    };
  }
}

/** An alert that came from outside, as one of ours: it knows no expression and was never seen pending. */
export function fromOutside(held: HeldAlert, nowMs: number): Alert {
  const over = isResolved(held, nowMs);
  return {
    id: held.id,
    labels: held.labels,
    annotations: held.annotations,
    state: over ? 'resolved' : 'firing',
    value: Number.NaN,
    activeAtMs: held.startsMs,
    firedAtMs: held.startsMs,
    resolvedAtMs: over ? held.endsMs : undefined,
    expr: '',
    group: '',
    ruleFile: '',
  };
}

function summaryOf(annotations: Labels): string {
  return ['summary', 'message', 'description'].map((name) => labelValue(annotations, name)).find((text) => text !== '') ?? '';
}

function groupView(group: GroupState): RulesView['groups'][number] {
  return { name: group.name, file: group.file, intervalMs: group.intervalMs, rules: group.rules.map(ruleView) };
}

function ruleView(rule: RuleState): RulesView['groups'][number]['rules'][number] {
  const count = (state: Alert['state']): number => rule.alerts.filter((alert) => alert.state === state).length;
  return {
    name: rule.name,
    kind: rule.kind,
    expr: rule.expr,
    forMs: rule.forMs,
    labels: rule.labels,
    annotations: rule.annotations,
    health: rule.health,
    lastError: rule.lastError,
    lastEvaluationMs: rule.lastEvaluationMs,
    elapsedMs: rule.durationMs,
    pendingCount: count('pending'),
    firingCount: count('firing'),
  };
}
