/** The alerting half of the engine: alerts come in, groups form, people are told, and every decision is written down. */
import {
  alertId,
  assert,
  EngineError,
  formatTime,
  labelValue,
  matchesLabels,
  type Ack,
  type Alert,
  type Clock,
  type Labels,
  type Matcher,
  type UnixMs,
} from '#core/model/index.ts';
import { sql, transaction, type WriteDb } from '#core/db/index.ts';
import { formatMatchers, type AlertmanagerConfig, type NamedInterval } from '#core/formats/index.ts';
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
import { readDecisions, recordDecision, type Decision, type DecisionQuery, type NewDecision } from './decisions.ts';
import { Groups, type Group } from './groups.ts';
import { createInhibitor, type Inhibition, type Inhibitor } from './inhibit.ts';
import { lastEntry, lastSeq, lastToldMs, Outbox, type Channel, type Intent, type LogEntry, type Notification, type Outcome } from './outbox.ts';
import type { Recipient, Send } from './outbox.ts';
import { buildRoutes, groupKey, groupLabels, matchRoutes, routingGaps, type Route, type RoutingGap } from './routes.ts';
import { silenceState, SilenceStore, type Silence, type SilenceRequest } from './silences.ts';
import { runStages, type FlushedAlert, type StageWorld } from './stages.ts';

export interface AlertingOptions {
  /** The `journal` store. */
  readonly db: WriteDb;
  readonly clock: Clock;
  /** Uniform in [0, 1): jitter of retries and ids of silences. */
  readonly random: () => number;
  /** What is in force from the first moment; `configure` changes it. */
  readonly config: AlertmanagerConfig;
  readonly send: Send;
  /** Each decision, after it is on disk. */
  readonly onDecision?: (decision: Decision) => void;
  /** Each notification that was committed, whoever its receiver is: for the app's own list and banner. */
  readonly onNotify?: (notification: Notification) => void;
}

/** An alert with all that is known of it now. */
export interface AlertView {
  readonly alert: HeldAlert;
  readonly state: 'active' | 'suppressed' | 'resolved';
  readonly receivers: readonly string[];
  readonly silencedBy: readonly string[];
  readonly inhibitedBy: Inhibition | undefined;
  /** Names of time intervals that mute every group it is in. */
  readonly mutedBy: readonly string[];
  readonly ack: Ack | undefined;
}

export interface GroupView {
  readonly key: string;
  readonly route: Route;
  readonly labels: Labels;
  readonly receiver: string;
  readonly alerts: readonly AlertView[];
  readonly nextMs: UnixMs;
}

export interface RouteTaken {
  readonly route: Route;
  readonly groupLabels: Labels;
  readonly groupKey: string;
}

export class Alerting {
  readonly #options: AlertingOptions;
  readonly #held = new Map<string, HeldAlert>();
  readonly #pendingRules = new Set<string>();
  /** Alerts whose end has been recorded. */
  readonly #over = new Set<string>();
  readonly #acks: Map<string, Ack>;
  readonly #silences: SilenceStore;
  readonly #outbox: Outbox;
  #fresh: Decision[] = [];
  #told: Notification[] = [];
  #config: AlertmanagerConfig;
  #root: Route;
  #intervals: ReadonlyMap<string, NamedInterval>;
  #inhibitor: Inhibitor;
  #groups: Groups;

  constructor(options: AlertingOptions) {
    const { db, clock, random, send } = options;
    this.#options = options;
    this.#acks = loadAcks(db);
    this.#silences = new SilenceStore(db, () => newId(random), clock.now());
    this.#outbox = new Outbox({
      db,
      clock,
      random,
      send,
      onOutcome: (outcome) => this.#recordOutcome(outcome),
      onIdle: (channel) => this.#onIdle(channel),
    });
    for (const alert of loadAlerts(db)) this.#held.set(alert.id, alert);
    this.#config = options.config;
    this.#root = buildRoutes(options.config);
    this.#intervals = new Map(options.config.intervals.map((interval) => [interval.name, interval]));
    this.#inhibitor = createInhibitor(options.config, this.#held);
    this.#groups = this.#newGroups();
    this.#keepConfig();
    this.#regroup();
    this.#commit(() => this.#outbox.restore((channel) => this.#recipientOf(channel)));
  }

  get config(): AlertmanagerConfig {
    return this.#config;
  }

  get root(): Route {
    return this.#root;
  }

  get db(): WriteDb {
    return this.#options.db;
  }

  now(): UnixMs {
    return this.#options.clock.now();
  }

  /** Puts another configuration in force: alerts are routed anew, and what receivers were told is remembered. */
  configure(config: AlertmanagerConfig): void {
    this.#groups.stop();
    this.#config = config;
    this.#root = buildRoutes(config);
    this.#intervals = new Map(config.intervals.map((interval) => [interval.name, interval]));
    this.#inhibitor = createInhibitor(config, this.#held);
    this.#groups = this.#newGroups();
    this.#keepConfig();
    this.#regroup();
    this.#commit(() => this.#outbox.rebind((channel) => this.#recipientOf(channel)));
  }

  /** Takes a rule's alerts as they now are. Ones that did not change cost nothing, so a whole group may be put at each evaluation. */
  put(alerts: readonly Alert[]): void {
    this.#commit(() => {
      const nowMs = this.now();
      for (const alert of alerts) {
        if (alert.state === 'pending') this.#pend(alert);
        else if (alert.firedAtMs === undefined) this.#unpend(alert);
        else this.#take(fromRule(alert, nowMs), nowMs);
      }
    });
  }

  /** Takes alerts from outside. Those without an end are over when nobody renews them for `resolve_timeout`. */
  post(alerts: readonly PostedAlert[]): void {
    this.#commit(() => {
      const nowMs = this.now();
      const { resolveTimeoutMs } = this.#config.global;
      for (const posted of alerts) this.#take(fromPost(posted, alertId(posted.labels), nowMs, resolveTimeoutMs), nowMs);
    });
  }

  /** Ends the alerts of rules that no longer exist: `exists` is asked for each held alert that a rule gave. */
  retire(exists: (alert: HeldAlert) => boolean): void {
    this.#commit(() => {
      const nowMs = this.now();
      for (const alert of this.#held.values()) {
        if (alert.rule === undefined || isResolved(alert, nowMs) || exists(alert)) continue;
        this.#take({ ...alert, endsMs: nowMs, updatedMs: nowMs }, nowMs, 'its rule no longer exists');
      }
    });
  }

  /** Every alert that is held, by id. */
  alerts(): AlertView[] {
    const nowMs = this.now();
    return [...this.#held.values()].map((alert) => this.#view(alert, nowMs));
  }

  alert(id: string): AlertView | undefined {
    const alert = this.#held.get(id);
    return alert === undefined ? undefined : this.#view(alert, this.now());
  }

  groups(): GroupView[] {
    const nowMs = this.now();
    return this.#groups.list().map(({ key, route, labels, alerts, nextMs }) => ({
      key,
      route,
      labels,
      receiver: route.receiver,
      nextMs,
      alerts: [...alerts].map((id) => this.#view(this.#held.get(id)!, nowMs)),
    }));
  }

  /** The routes that a label set would take, for the route tester. */
  routesOf(labels: Labels): RouteTaken[] {
    return matchRoutes(this.#root, labels).map((route) => {
      const group = groupLabels(route, labels);
      return { route, groupLabels: group, groupKey: groupKey(route, group) };
    });
  }

  /** Label sets that only the root route takes, or that nobody is told of. */
  unroutable(labelSets: readonly Labels[]): RoutingGap[] {
    return routingGaps(this.#root, labelSets);
  }

  /** Marks a firing alert as somebody's. Throws EngineError `not-found`, or `conflict` when it is over or another person's. */
  ack(id: string, by: string): Ack {
    const alert = this.#held.get(id);
    if (alert === undefined) throw new EngineError('not-found', `there is no alert ${id}; it may be over`);
    const nowMs = this.now();
    if (isResolved(alert, nowMs)) throw new EngineError('conflict', `the alert ${id} is already over`);
    const present = this.#acks.get(id);
    if (present?.by === by) return present;
    const ack: Ack = { by, atMs: nowMs };
    this.#commit(() => {
      endAck(this.db, id, nowMs);
      saveAck(this.db, id, ack);
      const from = present === undefined ? '' : `, from ${present.by}`;
      this.#record({ kind: 'acked', alert: id, reason: `taken by ${by}${from}`, detail: { by, labels: alert.labels } });
    });
    this.#acks.set(id, ack);
    return ack;
  }

  /** Gives an alert back. Throws EngineError `not-found` when nobody has it. */
  unack(id: string, by: string): void {
    if (!this.#acks.has(id)) throw new EngineError('not-found', `nobody has taken the alert ${id}`);
    this.#commit(() => {
      endAck(this.db, id, this.now());
      this.#record({ kind: 'unacked', alert: id, reason: `given back by ${by}`, detail: { by } });
    });
    this.#acks.delete(id);
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
      if (replaced !== undefined) this.#recordSilence('silence-ended', replaced, `replaced by ${silence.id}`);
      const words = `${silenceState(silence, nowMs) === 'pending' ? `from ${formatTime(silence.startsMs)} ` : ''}until ${formatTime(silence.endsMs)}`;
      this.#recordSilence('silence-set', silence, `${silence.createdBy} silenced ${formatMatchers(silence.matchers)} ${words}: ${silence.comment}`);
      return silence;
    });
  }

  /** Ends a silence now. Throws EngineError `not-found`, `conflict`. */
  expireSilence(id: string): Silence {
    return this.#commit(() => {
      const silence = this.#silences.expire(id, this.now());
      this.#recordSilence('silence-ended', silence, `the silence of ${formatMatchers(silence.matchers)} was ended`);
      return silence;
    });
  }

  /** The alerts that fire now and that a silence with these matchers would match: its live count, and the warning when it is broad. */
  silencePreview(matchers: readonly Matcher[]): AlertView[] {
    if (matchers.length === 0) return [];
    return this.alerts().filter(({ state, alert }) => state !== 'resolved' && matchesLabels(matchers, alert.labels));
  }

  decisions(query: DecisionQuery): Decision[] {
    return readDecisions(this.db, query);
  }

  /** Notifications that are committed and not yet delivered. */
  get undelivered(): number {
    return this.#outbox.pendingCount;
  }

  inhibition(labels: Labels): Inhibition | undefined {
    return this.#inhibitor.inhibitedBy(labels, this.now());
  }

  silencing(labels: Labels): Silence[] {
    return this.#silences.silencing(labels, this.now());
  }

  stop(): void {
    this.#groups.stop();
    this.#outbox.stop();
  }

  /** One transaction; what it decided is told to the listeners, and what it committed is sent, only when it is on disk. */
  #commit<T>(act: () => T): T {
    const result = transaction(this.db, act);
    this.#publish();
    this.#outbox.deliver();
    return result;
  }

  #publish(): void {
    const [decisions, notifications] = [this.#fresh, this.#told];
    this.#fresh = [];
    this.#told = [];
    for (const decision of decisions) this.#options.onDecision?.(decision);
    for (const notification of notifications) this.#options.onNotify?.(notification);
  }

  #record(decision: NewDecision, atMs: UnixMs = this.now()): void {
    this.#fresh.push(recordDecision(this.db, atMs, decision));
  }

  #newGroups(): Groups {
    const { db, clock } = this.#options;
    return new Groups({
      clock,
      root: this.#root,
      held: this.#held,
      tell: (group, alerts, nowMs) => this.#tell(group, alerts, nowMs),
      together: (turns) => this.#commit(turns),
      record: (decision) => this.#record(decision),
      onGone: (alert) => this.#forget(alert),
      lastToldMs: (group) => lastToldMs(db, group.key, group.route.receiver),
    });
  }

  #regroup(): void {
    const alerts = [...this.#held.values()].toSorted((a, b) => a.firstMs - b.firstMs);
    for (const alert of alerts) this.#inhibitor.add(alert);
    for (const alert of alerts) this.#groups.add(alert, true);
  }

  /** Keeps the text of every configuration that was in force, so that "why" can be answered for any time. */
  #keepConfig(): void {
    const { path, text } = this.#config;
    const last = sql(this.db, 'select path, text from alerting_configs order by rowid desc limit 1').get() as
      | { path: string; text: string }
      | undefined;
    if (last?.path === path && last.text === text) return;
    this.#commit(() => {
      sql(this.db, 'insert into alerting_configs (from_ms, path, text) values (?, ?, ?)').run(this.now(), path, text);
      this.#record({ kind: 'configured', reason: `the configuration ${path} is in force`, place: `${path}:1` });
    });
  }

  #pend(alert: Alert): void {
    if (this.#pendingRules.has(alert.id)) return;
    this.#pendingRules.add(alert.id);
    const reason = `${nameOf(alert.labels)} holds since ${formatTime(alert.activeAtMs)} and waits for its "for"`;
    this.#record({ kind: 'pending', alert: alert.id, reason, place: alert.ruleFile, detail: { labels: alert.labels } });
  }

  #unpend(alert: Alert): void {
    if (!this.#pendingRules.delete(alert.id)) return;
    const reason = `${nameOf(alert.labels)} no longer holds; it had not fired`;
    this.#record({ kind: 'not-pending', alert: alert.id, reason, place: alert.ruleFile, detail: { labels: alert.labels } });
  }

  #take(next: HeldAlert, nowMs: UnixMs, why = ''): void {
    this.#pendingRules.delete(next.id);
    const before = this.#held.get(next.id);
    if (before === undefined && isResolved(next, nowMs)) return;
    const alert = mergeAlert(before, next, nowMs);
    const fired = before === undefined || (isResolved(before, nowMs) && !isResolved(alert, nowMs));
    if (!fired && before !== undefined && !differs(before, alert)) return;
    this.#held.set(alert.id, alert);
    saveAlert(this.db, alert);
    if (before === undefined) this.#inhibitor.add(alert);
    if (fired) {
      this.#over.delete(alert.id);
      this.#record({
        kind: 'firing',
        alert: alert.id,
        reason: `${nameOf(alert.labels)} fires`,
        place: alert.rule?.file ?? '',
        detail: { labels: alert.labels },
      });
      this.#groups.add(alert, false);
    } else if (isResolved(alert, nowMs)) this.#end(alert, nowMs, why || 'its condition no longer holds');
  }

  /** Records the end of an alert, once. */
  #end(alert: HeldAlert, nowMs: UnixMs, why: string): void {
    if (this.#over.has(alert.id)) return;
    this.#over.add(alert.id);
    this.#record({ kind: 'resolved', alert: alert.id, reason: `${nameOf(alert.labels)} is over: ${why}`, detail: { labels: alert.labels } });
    if (!this.#acks.delete(alert.id)) return;
    endAck(this.db, alert.id, nowMs);
  }

  #tell(group: Group, alerts: readonly FlushedAlert[], nowMs: UnixMs): void {
    for (const { alert, resolved } of alerts) {
      if (resolved) this.#end(alert, nowMs, alert.timesOut ? 'nobody renewed it within resolve_timeout' : 'its end came');
    }
    runStages({ group, nowMs, world: this.#world }, alerts);
  }

  readonly #world: StageWorld = {
    inhibitedBy: (labels, nowMs) => this.#inhibitor.inhibitedBy(labels, nowMs),
    interval: (name) => {
      const interval = this.#intervals.get(name);
      assert(interval !== undefined, `the time interval ${name} was checked when the configuration was read`);
      return interval;
    },
    silencing: (labels, nowMs) => this.#silences.silencing(labels, nowMs),
    isFlying: (channel) => this.#outbox.isFlying(channel),
    toldTo: (group, channel) => this.#toldTo(group, channel),
    nextSeq: (channel) => lastSeq(this.db, channel) + 1,
    commit: (group, intent) => {
      this.#outbox.commit(intent);
      this.#remember(group, intent);
      this.#told.push(intent.notification);
    },
    note: (group, intent) => {
      this.#outbox.note(intent);
      this.#remember(group, intent);
    },
    record: (decision) => this.#record(decision),
  };

  #toldTo(group: Group, channel: Channel): LogEntry | undefined {
    const { told } = group;
    if (!told.has(channel.integration)) told.set(channel.integration, lastEntry(this.db, channel));
    return told.get(channel.integration);
  }

  #remember(group: Group, { channel, seq, firing, resolved, notification }: Intent): void {
    group.told.set(channel.integration, { seq, firing: new Set(firing), resolved: new Set(resolved), atMs: notification.atMs });
  }

  #forget(alert: HeldAlert): void {
    this.#held.delete(alert.id);
    this.#over.delete(alert.id);
    this.#inhibitor.remove(alert);
    deleteAlert(this.db, alert.id);
  }

  #recordOutcome({ kind, key, channel, reason, place }: Outcome): void {
    const { group, receiver, integration } = channel;
    this.#record({ kind, group, receiver, reason: `${receiver} (${integration}): ${reason}`, place, detail: { notification: key } });
    if (kind === 'failed') for (const known of this.#groups.list()) if (known.key === group) known.told.delete(integration);
  }

  #onIdle(channel: Channel): void {
    this.#publish();
    this.#groups.again(channel.group);
  }

  #recordSilence(kind: 'silence-set' | 'silence-ended', silence: Silence, reason: string): void {
    this.#record({ kind, reason, detail: { silences: [silence.id], by: silence.createdBy } });
  }

  #recipientOf(channel: Channel): Recipient | undefined {
    const receiver = this.#config.receivers.find(({ name }) => name === channel.receiver);
    const integration = receiver?.integrations.find(({ kind, index }) => `${kind}/${index}` === channel.integration);
    return integration === undefined ? undefined : { receiver: channel.receiver, integration };
  }

  #view(alert: HeldAlert, nowMs: UnixMs): AlertView {
    const groups = [...this.#groups.groupsOf(alert.id)];
    const silencedBy = this.#silences.silencing(alert.labels, nowMs).map(({ id }) => id);
    const inhibitedBy = this.#inhibitor.inhibitedBy(alert.labels, nowMs);
    const mutedBy = groups.length > 0 && groups.every((group) => group.mutedBy.length > 0) ? groups.flatMap((group) => group.mutedBy) : [];
    const suppressed = silencedBy.length > 0 || inhibitedBy !== undefined || mutedBy.length > 0;
    return {
      alert,
      state: isResolved(alert, nowMs) ? 'resolved' : suppressed ? 'suppressed' : 'active',
      receivers: [...new Set(groups.map((group) => group.route.receiver))].sort(),
      silencedBy,
      inhibitedBy,
      mutedBy,
      ack: this.#acks.get(alert.id),
    };
  }
}

/** Starts the alerting half: takes up held alerts, groups and undelivered notifications where the last run left them. */
export function createAlerting(options: AlertingOptions): Alerting {
  return new Alerting(options);
}

function nameOf(labels: Labels): string {
  return labelValue(labels, 'alertname') || 'the alert';
}

/** A UUID of version 4 (RFC 9562). */
function newId(random: () => number): string {
  const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16));
  hex[12] = '4';
  hex[16] = '89ab'[Math.floor(random() * 4)]!;
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].map((part) => part.join('')).join('-');
}
