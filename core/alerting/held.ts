/** Keeps the alerts that are held: takes news of them, notices what fires and what ends, and who has taken which. */
import { EngineError, formatTime, labelValue, type Ack, type Alert, type DurationMs, type Labels, type UnixMs } from '#core/model/index.ts';
import type { WriteDb } from '#core/db/index.ts';
import { endAck, loadAcks, saveAck } from './acks.ts';
import {
  deleteAlert,
  differs,
  fromPost,
  fromRule,
  isResolved,
  loadAlerts,
  mergeAlert,
  saveAlert,
  type HeldAlert,
  type PostedAlert,
} from './alerts.ts';
import type { NewDecision } from './decisions.ts';

export interface HeldOptions {
  readonly db: WriteDb;
  readonly record: (decision: NewDecision) => void;
  /** Where the source of a rule's alert is seen. */
  readonly sourceUrl: (expr: string) => string;
  /** An alert is held that was not before. */
  readonly onHeld: (alert: HeldAlert) => void;
  /** An alert began to fire, for the first time or again. */
  readonly onFiring: (alert: HeldAlert) => void;
}

/** All changes belong in a transaction of the caller. */
export class HeldAlerts {
  readonly #options: HeldOptions;
  readonly #held = new Map<string, HeldAlert>();
  readonly #pending = new Set<string>();
  /** Alerts whose end has been recorded. */
  readonly #over = new Set<string>();
  readonly #acks: Map<string, Ack>;

  constructor(options: HeldOptions) {
    this.#options = options;
    this.#acks = loadAcks(options.db);
    for (const alert of loadAlerts(options.db)) this.#held.set(alert.id, alert);
  }

  get byId(): ReadonlyMap<string, HeldAlert> {
    return this.#held;
  }

  ackOf(id: string): Ack | undefined {
    return this.#acks.get(id);
  }

  putRule(alert: Alert, nowMs: UnixMs): void {
    if (alert.state === 'pending') this.#pend(alert);
    else if (alert.firedAtMs === undefined) this.#unpend(alert);
    else this.#take(fromRule(alert, nowMs, this.#options.sourceUrl(alert.expr)), nowMs, 'its condition no longer holds');
  }

  post(posted: PostedAlert, id: string, nowMs: UnixMs, resolveTimeoutMs: DurationMs): void {
    this.#take(fromPost(posted, id, nowMs, resolveTimeoutMs), nowMs, 'its sender says so');
  }

  /** Ends an alert for a reason of its own. */
  finish(alert: HeldAlert, nowMs: UnixMs, why: string): void {
    this.#take({ ...alert, endsMs: nowMs, timesOut: false, updatedMs: nowMs }, nowMs, why);
  }

  /** Records that an alert is over, once; for ends that come by themselves. */
  noteEnd(alert: HeldAlert, nowMs: UnixMs, why: string): void {
    if (this.#over.has(alert.id)) return;
    this.#over.add(alert.id);
    this.#options.record({
      kind: 'resolved',
      alert: alert.id,
      reason: `${nameOf(alert.labels)} is over: ${why}`,
      detail: { labels: alert.labels },
    });
    if (this.#acks.delete(alert.id)) endAck(this.#options.db, alert.id, nowMs);
  }

  /** One of its groups has told its end; others have not yet. */
  noteLeft(alert: HeldAlert, route: string): void {
    const left = { ...alert, leftRoutes: [...alert.leftRoutes, route] };
    this.#held.set(alert.id, left);
    saveAlert(this.#options.db, left);
  }

  forget(alert: HeldAlert): void {
    this.#held.delete(alert.id);
    this.#over.delete(alert.id);
    deleteAlert(this.#options.db, alert.id);
  }

  /** Throws EngineError `not-found`, or `conflict` when the alert is over. Asking again changes nothing. */
  ack(id: string, by: string, nowMs: UnixMs): Ack {
    const { db, record } = this.#options;
    const alert = this.#held.get(id);
    if (alert === undefined) throw new EngineError('not-found', `there is no alert ${id}; it may be over`);
    if (isResolved(alert, nowMs)) throw new EngineError('conflict', `the alert ${nameOf(alert.labels)} is already over`);
    const present = this.#acks.get(id);
    if (present?.by === by) return present;
    const ack: Ack = { by, atMs: nowMs };
    endAck(db, id, nowMs);
    saveAck(db, id, ack);
    record({
      kind: 'acked',
      alert: id,
      reason: present === undefined ? `taken by ${by}` : `taken by ${by}, from ${present.by}`,
      detail: { by, labels: alert.labels },
    });
    this.#acks.set(id, ack);
    return ack;
  }

  /** Throws EngineError `not-found` when nobody has the alert. */
  unack(id: string, by: string, nowMs: UnixMs): void {
    if (!this.#acks.has(id)) throw new EngineError('not-found', `nobody has taken the alert ${id}`);
    endAck(this.#options.db, id, nowMs);
    this.#options.record({ kind: 'unacked', alert: id, reason: `given back by ${by}`, detail: { by } });
    this.#acks.delete(id);
  }

  #pend(alert: Alert): void {
    if (this.#pending.has(alert.id)) return;
    this.#pending.add(alert.id);
    const reason = `${nameOf(alert.labels)} holds since ${formatTime(alert.activeAtMs)} and waits for its "for"`;
    this.#options.record({ kind: 'pending', alert: alert.id, reason, place: alert.ruleFile, detail: { labels: alert.labels } });
  }

  #unpend(alert: Alert): void {
    if (!this.#pending.delete(alert.id)) return;
    const reason = `${nameOf(alert.labels)} no longer holds; it had not fired`;
    this.#options.record({ kind: 'not-pending', alert: alert.id, reason, place: alert.ruleFile, detail: { labels: alert.labels } });
  }

  #take(next: HeldAlert, nowMs: UnixMs, whyOver: string): void {
    this.#pending.delete(next.id);
    const before = this.#held.get(next.id);
    if (before === undefined && isResolved(next, nowMs)) return;
    const alert = mergeAlert(before, next, nowMs);
    const fires = !isResolved(alert, nowMs) && (before === undefined || isResolved(before, nowMs));
    if (!fires && before !== undefined && !differs(before, alert)) return;
    this.#held.set(alert.id, alert);
    saveAlert(this.#options.db, alert);
    if (before === undefined) this.#options.onHeld(alert);
    if (fires) this.#fire(alert);
    else if (isResolved(alert, nowMs)) this.noteEnd(alert, nowMs, whyOver);
  }

  #fire(alert: HeldAlert): void {
    this.#over.delete(alert.id);
    this.#options.record({
      kind: 'firing',
      alert: alert.id,
      reason: `${nameOf(alert.labels)} fires`,
      place: alert.rule?.file ?? '',
      detail: { labels: alert.labels },
    });
    this.#options.onFiring(alert);
  }
}

function nameOf(labels: Labels): string {
  return labelValue(labels, 'alertname') || 'the alert';
}
