/** The alerting half of the engine: alerts come in, groups form, people are told, and every decision is written down. */
import { alertId, formatTime, matchesLabels, type Ack, type Alert, type Clock, type Labels, type Matcher, type UnixMs } from '#core/model/index.ts';
import { transaction, type WriteDb } from '#core/db/index.ts';
import { formatMatchers, tableLink, type AlertmanagerConfig } from '#core/formats/index.ts';
import { isResolved, type FlushedAlert, type HeldAlert, type PostedAlert } from './alerts.ts';
import { keepConfig } from './config-history.ts';
import { pruneRecord, readDecisions, recordDecision, type Decision, type DecisionQuery, type NewDecision } from './decisions.ts';
import type { Group } from './groups.ts';
import { HeldAlerts } from './held.ts';
import { InForce } from './in-force.ts';
import type { Inhibition } from './inhibit.ts';
import type { Channel, Notification, Send } from './notification.ts';
import { Outbox, type Outcome } from './outbox.ts';
import { toldPairs, type ToldPair } from './outbox-store.ts';
import { groupKey, groupLabels, matchRoutes, routingGaps, type Route, type RoutingGap } from './routes.ts';
import { silenceState, SilenceStore, type Silence, type SilenceRequest } from './silences.ts';
import { channelOf, runStages, type StageWorld } from './stages.ts';
import { mutesAt } from './times.ts';
import { lastAliveMs, openTurns } from './turns.ts';
import { viewAlert, type AlertView, type GroupView } from './view.ts';
import { explain, type Why } from './why.ts';

export interface AlertingOptions {
  /** The `journal` store. */
  readonly db: WriteDb;
  readonly clock: Clock;
  /** Uniform in [0, 1): jitter of retries and ids of silences. */
  readonly random: () => number;
  /** What is in force from the first moment; `configure` changes it. */
  readonly config: AlertmanagerConfig;
  readonly send: Send;
  /** Where the app is reached from outside, without a slash at its end; empty while that is not known. */
  readonly externalUrl?: () => string;
  /** Each decision, after it is on disk. */
  readonly onDecision?: (decision: Decision) => void;
  /** Each notification that was committed, whoever its receiver is: for the app's own list and banner. */
  readonly onNotify?: (notification: Notification) => void;
}

export interface RouteTaken {
  readonly route: Route;
  readonly groupLabels: Labels;
  readonly groupKey: string;
}

export class Alerting {
  readonly #options: AlertingOptions;
  readonly #held: HeldAlerts;
  readonly #silences: SilenceStore;
  readonly #outbox: Outbox;
  #decided: Decision[] = [];
  #committed: Notification[] = [];
  #inForce: InForce;

  constructor(options: AlertingOptions) {
    const { db, clock, random, send } = options;
    this.#options = options;
    this.#silences = new SilenceStore(db, random, clock.now());
    this.#held = new HeldAlerts({
      db,
      record: (decision) => this.#record(decision),
      sourceUrl: (expr) => `${options.externalUrl?.() ?? ''}${tableLink(expr)}`,
      onHeld: (alert) => this.#inForce.inhibitor.add(alert),
      onFiring: (alert) => this.#inForce.groups.add(alert, false),
    });
    this.#outbox = new Outbox({
      db,
      clock,
      random,
      send,
      onOutcome: (outcome) => this.#recordOutcome(outcome),
      onIdle: (channels) => this.#onIdle(channels),
    });
    this.#inForce = transaction(db, () => this.#build(options.config, lastAliveMs(db)));
    this.#commit(() => {
      this.#noteConfig();
      this.#outbox.restore((channel) => this.#inForce.recipientOf(channel));
    });
  }

  get config(): AlertmanagerConfig {
    return this.#inForce.config;
  }

  get root(): Route {
    return this.#inForce.root;
  }

  get db(): WriteDb {
    return this.#options.db;
  }

  now(): UnixMs {
    return this.#options.clock.now();
  }

  /** Puts another configuration in force: alerts are routed anew, and what receivers were told is remembered. */
  configure(config: AlertmanagerConfig): void {
    this.#inForce.groups.stop();
    this.#inForce = transaction(this.db, () => this.#build(config, this.now()));
    this.#commit(() => {
      this.#noteConfig();
      this.#outbox.rebind((channel) => this.#inForce.recipientOf(channel));
    });
  }

  /** Takes rules' alerts as they now are. Ones that did not change cost nothing, so a whole group may be put at each evaluation. */
  put(alerts: readonly Alert[]): void {
    this.#commit(() => {
      for (const alert of alerts) this.#held.putRule(alert, this.now());
    });
  }

  /** Takes alerts from outside. Those without an end are over when nobody renews them for `resolve_timeout`. */
  post(alerts: readonly PostedAlert[]): void {
    this.#commit(() => {
      const { resolveTimeoutMs } = this.config.global;
      for (const posted of alerts) this.#held.post(posted, alertId(posted.labels), this.now(), resolveTimeoutMs);
    });
  }

  /** Ends the alerts of rules that no longer exist: `exists` is asked for each firing alert that a rule gave. */
  retire(exists: (alert: HeldAlert) => boolean): void {
    const nowMs = this.now();
    const gone = [...this.#held.byId.values()].filter((alert) => alert.rule !== undefined && !isResolved(alert, nowMs) && !exists(alert));
    this.#commit(() => {
      for (const alert of gone) this.#held.finish(alert, nowMs, 'its rule no longer exists');
    });
  }

  /** Every alert that is held. */
  alerts(): AlertView[] {
    const nowMs = this.now();
    return [...this.#held.byId.values()].map((alert) => this.#view(alert, nowMs));
  }

  alert(id: string): AlertView | undefined {
    const alert = this.#held.byId.get(id);
    return alert === undefined ? undefined : this.#view(alert, this.now());
  }

  groups(): GroupView[] {
    const nowMs = this.now();
    return this.#inForce.groups.list().map(({ key, route, labels, alerts, nextMs }) => ({
      key,
      route,
      labels,
      receiver: route.receiver,
      nextMs,
      alerts: [...alerts].map((id) => this.#view(this.#held.byId.get(id)!, nowMs)),
    }));
  }

  /** The routes that a label set would take, for the route tester. */
  routesOf(labels: Labels): RouteTaken[] {
    return matchRoutes(this.root, labels).map((route) => {
      const group = groupLabels(route, labels);
      return { route, groupLabels: group, groupKey: groupKey(route, group) };
    });
  }

  /** What would keep an alert with these labels from being told at a moment, beside the routes it takes. */
  obstacles(labels: Labels, timeMs: UnixMs): { readonly inhibitedBy: Inhibition | undefined; readonly silences: readonly Silence[] } {
    return { inhibitedBy: this.#inForce.inhibitor.inhibitedBy(labels, timeMs), silences: this.#silences.silencing(labels, timeMs) };
  }

  /** Time intervals that keep a route quiet at a moment. */
  mutesOf(route: Route, timeMs: UnixMs): string[] {
    return mutesAt(route, this.config.intervals, timeMs);
  }

  /** Label sets that only the root route takes, or that nobody is told of. */
  unroutable(labelSets: readonly Labels[]): RoutingGap[] {
    return routingGaps(this.root, labelSets);
  }

  /** Marks a firing alert as somebody's; it changes nothing in what is sent. Throws EngineError `not-found`, `conflict`. */
  ack(id: string, by: string): Ack {
    return this.#commit(() => this.#held.ack(id, by, this.now()));
  }

  /** Gives an alert back. Throws EngineError `not-found`. */
  unack(id: string, by: string): void {
    this.#commit(() => this.#held.unack(id, by, this.now()));
  }

  silences(): Silence[] {
    return this.#silences.list(this.now());
  }

  silence(id: string): Silence | undefined {
    return this.#silences.get(id);
  }

  /** Creates a silence, or changes the one with `request.id`; see SilenceStore.set. */
  setSilence(request: SilenceRequest): Silence {
    const nowMs = this.now();
    return this.#commit(() => {
      const { silence, replaced } = this.#silences.set(request, nowMs);
      if (replaced !== undefined) this.#recordSilence('silence-ended', replaced, `replaced by the silence ${silence.id}`);
      const from = silenceState(silence, nowMs) === 'pending' ? `from ${formatTime(silence.startsMs)} ` : '';
      const what = `${formatMatchers(silence.matchers)} ${from}until ${formatTime(silence.endsMs)}: ${silence.comment}`;
      this.#recordSilence('silence-set', silence, `${silence.createdBy} silenced ${what}`);
      return silence;
    });
  }

  /** Ends a silence now. `by` is empty where the tool that asks does not say. Throws EngineError `not-found`, `conflict`. */
  expireSilence(id: string, by = ''): Silence {
    return this.#commit(() => {
      const silence = this.#silences.expire(id, this.now());
      this.#recordSilence('silence-ended', silence, `the silence of ${formatMatchers(silence.matchers)} was ended${by === '' ? '' : ` by ${by}`}`);
      return silence;
    });
  }

  /** The firing alerts that a silence with these matchers would match: its live count, and whether it is too broad. */
  silencePreview(matchers: readonly Matcher[]): AlertView[] {
    if (matchers.length === 0) return [];
    return this.alerts().filter(({ state, alert }) => state !== 'resolved' && matchesLabels(matchers, alert.labels));
  }

  /** The record, oldest first. */
  decisions(query: DecisionQuery): Decision[] {
    return readDecisions(this.db, query);
  }

  /** Why somebody was, or was not, told of an alert by a moment; of an id, or of labels that may never have fired. See `explain`. */
  why(target: string | Labels, timeMs: UnixMs): Why {
    return explain(this.db, target, timeMs);
  }

  /** Which notifications since a moment told that which alert fires; those that were given up are left out. */
  toldSince(sinceMs: UnixMs): readonly ToldPair[] {
    return toldPairs(this.db, sinceMs);
  }

  /** Forgets decisions and delivered notifications from before a moment; what receivers know is never forgotten. Gives how many went. */
  prune(beforeMs: UnixMs): number {
    return this.#commit(() => pruneRecord(this.db, beforeMs));
  }

  /** How many notifications are committed and not yet delivered. */
  get undeliveredCount(): number {
    return this.#outbox.pendingCount;
  }

  /** Ends timers and sends; what is undelivered is taken up by the next start. */
  stop(): void {
    this.#inForce.groups.stop();
    this.#outbox.stop();
  }

  /** One transaction; only when it is on disk are listeners told what it decided, and is sent what it committed. */
  #commit<T>(act: () => T): T {
    const result = transaction(this.db, act);
    this.#publish();
    this.#outbox.deliver();
    return result;
  }

  #publish(): void {
    const [decided, committed] = [this.#decided, this.#committed];
    this.#decided = [];
    this.#committed = [];
    for (const decision of decided) this.#options.onDecision?.(decision);
    for (const notification of committed) this.#options.onNotify?.(notification);
  }

  #record(decision: NewDecision): void {
    this.#decided.push(recordDecision(this.db, this.now(), decision));
  }

  #build(config: AlertmanagerConfig, aliveMs: UnixMs): InForce {
    const { db, clock } = this.#options;
    return new InForce({
      config,
      clock,
      held: this.#held.byId,
      tell: (group, alerts, nowMs) => this.#tell(group, alerts, nowMs),
      together: (turns) => this.#commit(turns),
      record: (decision) => this.#record(decision),
      onLeft: (alert, group) => this.#held.noteLeft(alert, group.route.id),
      onEmpty: (group) => {
        for (const integration of group.route.integrations) this.#outbox.forget(channelOf(group, integration));
      },
      onGone: (alert) => this.#forget(alert),
      turns: openTurns(db),
      aliveMs,
    });
  }

  #noteConfig(): void {
    const { path } = this.config;
    if (keepConfig(this.db, this.config, this.now()))
      this.#record({ kind: 'configured', reason: `the configuration ${path} is in force`, place: `${path}:1` });
  }

  #tell(group: Group, alerts: readonly FlushedAlert[], nowMs: UnixMs): void {
    for (const { alert, resolved } of alerts) {
      if (resolved) this.#held.noteEnd(alert, nowMs, alert.timesOut ? 'nobody renewed it within resolve_timeout' : 'its end came');
    }
    runStages({ group, nowMs, world: this.#world }, alerts);
  }

  readonly #world: StageWorld = {
    inhibitedBy: (labels, nowMs) => this.#inForce.inhibitor.inhibitedBy(labels, nowMs),
    interval: (name) => this.#inForce.interval(name),
    silencing: (labels, nowMs) => this.#silences.silencing(labels, nowMs),
    isFlying: (channel) => this.#outbox.isFlying(channel),
    isUndelivered: (channel) => this.#outbox.isUndelivered(channel),
    lastTold: (channel) => this.#outbox.lastTold(channel),
    nextSeq: (channel) => this.#outbox.nextSeq(channel),
    commit: (intent) => {
      this.#outbox.commit(intent);
      this.#committed.push(intent.notification);
    },
    note: (intent) => this.#outbox.note(intent),
    record: (decision) => this.#record(decision),
  };

  #forget(alert: HeldAlert): void {
    this.#held.forget(alert);
    this.#inForce.inhibitor.remove(alert);
  }

  #recordOutcome({ kind, key, channel, reason, place }: Outcome): void {
    const { group, receiver, integration } = channel;
    this.#record({ kind, group, receiver, reason: `${receiver} (${integration}): ${reason}`, place, detail: { notification: key } });
  }

  #onIdle(channels: readonly Channel[]): void {
    this.#publish();
    for (const { group } of channels) this.#inForce.groups.again(group);
  }

  #recordSilence(kind: 'silence-set' | 'silence-ended', silence: Silence, reason: string): void {
    this.#record({ kind, reason, detail: { silences: [silence.id], by: silence.createdBy } });
  }

  #view(alert: HeldAlert, nowMs: UnixMs): AlertView {
    const { groups, inhibitor } = this.#inForce;
    return viewAlert(alert, nowMs, {
      groups: [...groups.groupsOf(alert.id)],
      silences: this.#silences.silencing(alert.labels, nowMs),
      inhibitedBy: inhibitor.inhibitedBy(alert.labels, nowMs),
      ack: this.#held.ackOf(alert.id),
    });
  }
}

/** Starts the alerting half: takes up held alerts, groups and undelivered notifications where the last run left them. */
export function createAlerting(options: AlertingOptions): Alerting {
  return new Alerting(options);
}
