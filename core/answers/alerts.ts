import type { AlertGroupView, AlertView, Handlers, Notice, SignalboxContract } from '#core/contract/index.ts';
import { isResolved, type AlertView as Routed, type DesktopNotice, type HeldAlert } from '#core/alerting/index.ts';
import { EngineError, labelsFrom, labelValue, type Alert, type Labels } from '#core/model/index.ts';
import { isFlapping } from '#core/rules/index.ts';
import type { Parts } from './parts.ts';
import { Watched } from './watch.ts';
import { decisionView, whyView } from './why.ts';

type Names = Extract<keyof SignalboxContract, `alerts.${string}` | `notices.${string}`>;

const noticesMax = 50;
const recordShown = 200;
const stateOrder = { firing: 0, pending: 1, resolved: 2 } as const;
/** Flapping is told from the journal, and is a matter of an hour. */
const flappingEveryMs = 15_000;
const hourMs = 3_600_000;

/** Alerts with all that a person needs beside them, what was decided of them, and what the person was told. */
export class AlertDesk {
  readonly #parts: Parts;
  readonly #alerts: Watched<readonly AlertView[]>;
  readonly #groups: Watched<readonly AlertGroupView[]>;
  readonly #notices: Watched<readonly Notice[]>;
  #told: readonly Notice[] = [];
  #flapping: { readonly untilMs: number; readonly ids: ReadonlySet<string> } = { untilMs: -Infinity, ids: new Set() };

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#alerts = new Watched(parts.clock, parts.report, () => this.#views());
    this.#groups = new Watched(parts.clock, parts.report, () => this.#groupViews());
    this.#notices = new Watched(parts.clock, parts.report, () => this.#told);
  }

  changed(): void {
    this.#alerts.changed();
    this.#groups.changed();
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
    const { alerting } = this.#parts;
    return {
      'alerts.watch': (_input, emit) => this.#alerts.open(emit),
      'alerts.groups': (_input, emit) => this.#groups.open(emit),
      'alerts.ack': ({ alert, by }) => this.#ack(alert, by),
      'alerts.why': ({ alert, labels, timeMs }) => whyView(this.#parts, alert ?? labelsOf(labels), timeMs),
      'alerts.record': ({ alert }) => alerting.decisions({ alert, limit: recordShown }).map(decisionView),
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
    const routed = new Map(this.#parts.alerting.alerts().map((one) => [one.alert.id, one]));
    const flapping = this.#flappingNow();
    return this.#parts
      .alerts()
      .map((alert) => this.#view(alert, routed.get(alert.id), flapping))
      .sort((a, b) => stateOrder[a.state] - stateOrder[b.state] || b.activeAtMs - a.activeAtMs);
  }

  #view(alert: Alert, routed: Routed | undefined, flapping: ReadonlySet<string>): AlertView {
    const { incidents, runbooks } = this.#parts;
    const by = routed?.inhibitedBy;
    return {
      ...alert,
      severity: labelValue(alert.labels, 'severity'),
      summary: summaryOf(alert.annotations),
      ack: routed?.ack,
      incident: incidents.incidentOf(alert.id),
      runbooks: runbooks.forAlert(alert.labels, alert.annotations).map(({ runbook }) => ({ id: runbook.id, title: runbook.title })),
      receivers: routed?.receivers ?? [],
      silencedBy: routed?.silencedBy ?? [],
      inhibitedBy: by && { alert: by.by.id, name: labelValue(by.by.labels, 'alertname'), place: by.place },
      mutedBy: routed?.mutedBy ?? [],
      flapping: flapping.has(alert.id),
    };
  }

  #flappingNow(): ReadonlySet<string> {
    const { clock, rules } = this.#parts;
    if (clock.monotonicMs() < this.#flapping.untilMs) return this.#flapping.ids;
    const nowMs = clock.now();
    const byAlert = Map.groupBy(rules.history(nowMs - hourMs, nowMs), ({ alert }) => alert);
    const ids = [...byAlert].filter(([, edges]) => isFlapping(edges, nowMs)).map(([id]) => id);
    this.#flapping = { untilMs: clock.monotonicMs() + flappingEveryMs, ids: new Set(ids) };
    return this.#flapping.ids;
  }

  #groupViews(): readonly AlertGroupView[] {
    return this.#parts.alerting.groups().map(({ key, route, labels, receiver, nextMs, alerts }) => ({
      key: `${route.id} ${key}`,
      receiver,
      place: route.place,
      labels,
      alerts: alerts.map(({ alert }) => alert.id),
      nextMs,
    }));
  }
}

function labelsOf(given: readonly { readonly name: string; readonly value: string }[] | undefined): Labels {
  if (given === undefined || given.length === 0) throw new EngineError('invalid', 'name an alert, or labels such as alertname="X"');
  return labelsFrom(given.map(({ name, value }) => [name, value] as const));
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
