/**
 * What lies between a group's turn and its notifications: small stages, each of which takes alerts and gives those that go on. The order
 * is the one line at the end of this file; new behaviour is a new stage. Order and meaning are Alertmanager's.
 */
import { formatTime, labelValue, type Labels, type UnixMs } from '#core/model/index.ts';
import type { Integration, NamedInterval } from '#core/formats/index.ts';
import type { FlushedAlert, HeldAlert } from './alerts.ts';
import type { NewDecision } from './decisions.ts';
import { notificationKey, notifyReason, notifyReasonText, sameIds, type GroupState } from './dedup.ts';
import type { Group } from './groups.ts';
import type { Inhibition } from './inhibit.ts';
import type { Channel, Intent, LogEntry, Notification, NotifyReason } from './notification.ts';
import type { Silence } from './silences.ts';
import { inNamedInterval } from './times.ts';

/** What the stages ask and tell. */
export interface StageWorld {
  inhibitedBy(labels: Labels, nowMs: UnixMs): Inhibition | undefined;
  interval(name: string): NamedInterval;
  silencing(labels: Labels, nowMs: UnixMs): readonly Silence[];
  isFlying(channel: Channel): boolean;
  /** What the channel's receiver was last told. */
  lastTold(channel: Channel): LogEntry | undefined;
  isUndelivered(channel: Channel): boolean;
  nextSeq(channel: Channel): number;
  commit(intent: Intent): void;
  note(intent: Intent): void;
  record(decision: NewDecision): void;
}

/** One turn of a group; `news` and `intent` are filled in for each integration on the way. */
export interface Flush {
  readonly group: Group;
  readonly nowMs: UnixMs;
  readonly world: StageWorld;
}

export interface IntegrationFlush extends Flush {
  readonly integration: Integration;
  readonly channel: Channel;
  state: GroupState;
  reason: NotifyReason | undefined;
  intent: Intent | undefined;
}

type Alerts = readonly FlushedAlert[];
type Stage<F> = (flush: F, alerts: Alerts) => Alerts;

/** Keeps back what another alert explains. */
const inhibit: Stage<Flush> = (flush, alerts) =>
  alerts.filter(({ alert }) => {
    const found = flush.world.inhibitedBy(alert.labels, flush.nowMs);
    if (found === undefined) return true;
    const name = labelValue(found.by.labels, 'alertname') || found.by.id;
    keepBack(flush, alert, `inhibited:${found.by.id}:${found.place}`, {
      kind: 'inhibited',
      reason: `kept back because ${name} fires`,
      place: found.place,
      detail: { inhibitedBy: found.by.id },
    });
    return false;
  });

/** Lets a route with active times speak only in them. */
const activeTimes: Stage<Flush> = (flush, alerts) => {
  const { group, nowMs, world } = flush;
  const names = group.route.activeIntervals;
  if (names.length === 0 || names.some((name) => inNamedInterval(world.interval(name), nowMs))) return alerts;
  mute(flush, names, `muted: ${formatTime(nowMs)} is outside the active times ${names.join(', ')}`);
  return [];
};

/** Keeps a route quiet in its mute times. */
const muteTimes: Stage<Flush> = (flush, alerts) => {
  const { group, nowMs, world } = flush;
  const names = group.route.muteIntervals.filter((name) => inNamedInterval(world.interval(name), nowMs));
  if (names.length > 0) mute(flush, names, `muted: ${formatTime(nowMs)} is in the mute times ${names.join(', ')}`);
  else if (group.mutedBy.length > 0) {
    group.mutedBy = [];
    world.record({ kind: 'released', group: group.key, receiver: group.route.receiver, reason: 'no longer muted by time', place: group.route.place });
  }
  return names.length > 0 ? [] : alerts;
};

/** Keeps back what somebody silenced. */
const silence: Stage<Flush> = (flush, alerts) =>
  alerts.filter(({ alert }) => {
    const found = flush.world.silencing(alert.labels, flush.nowMs);
    if (found.length === 0) {
      release(flush, alert);
      return true;
    }
    const ids = found.map(({ id }) => id);
    const first = found[0]!;
    keepBack(flush, alert, `silenced:${ids.join(',')}`, {
      kind: 'silenced',
      reason: `silenced by ${first.createdBy} until ${formatTime(first.endsMs)}: ${first.comment}`,
      detail: { silences: ids },
    });
    return false;
  });

/** While an attempt is under way nobody knows what the receiver knows: the group gets another turn when it ends. */
const wait: Stage<IntegrationFlush> = (flush, alerts) => {
  if (!flush.world.isFlying(flush.channel)) return alerts;
  flush.group.heldBack = true;
  return [];
};

/** Lets pass only what is news to this receiver. */
const dedup: Stage<IntegrationFlush> = (flush, alerts) => {
  const ids = (resolved: boolean): Set<string> => new Set(alerts.filter((a) => a.resolved === resolved).map(({ alert }) => alert.id));
  flush.state = { firing: ids(false), resolved: ids(true) };
  const { world, channel, integration, group, nowMs } = flush;
  const entry = world.lastTold(channel);
  flush.reason = notifyReason(entry, flush.state, integration.sendResolved, group.route.repeatIntervalMs, nowMs);
  // What waits to be delivered must not tell of a state that is past.
  if (entry !== undefined && world.isUndelivered(channel) && !sameIds(entry.firing, flush.state.firing)) flush.reason ??= entry.reason;
  return flush.reason === undefined ? [] : alerts;
};

/** Commits the notification to the outbox, which delivers it after the transaction. */
const send: Stage<IntegrationFlush> = (flush, alerts) => {
  const told = flush.integration.sendResolved ? alerts : alerts.filter((a) => !a.resolved);
  flush.intent = intentOf(flush, told);
  if (told.length > 0) flush.world.commit(flush.intent);
  else flush.world.note(flush.intent);
  return told;
};

/** Writes down what was decided and why. */
const record: Stage<IntegrationFlush> = ({ group, world, integration, reason, intent, state }, alerts) => {
  if (reason === undefined || intent === undefined) return alerts;
  world.record({
    kind: 'notify',
    group: group.key,
    receiver: group.route.receiver,
    reason: `${alerts.length === 0 ? 'not told (send_resolved is off)' : `${integration.kind} is told`}: ${notifyReasonText[reason]}`,
    place: group.route.place,
    detail: { notification: intent.notification.key, firing: state.firing.size, resolved: state.resolved.size },
  });
  return alerts;
};

const forGroup = [inhibit, activeTimes, muteTimes, silence] as const;
const forIntegration = [wait, dedup, send, record] as const;

/** Runs a group's turn. */
export function runStages(flush: Flush, alerts: Alerts): void {
  const { group } = flush;
  const passed = run(forGroup, flush, alerts);
  if (passed.length === 0) return;
  for (const integration of group.route.integrations) {
    const channel = channelOf(group, integration);
    const empty: GroupState = { firing: new Set(), resolved: new Set() };
    run(forIntegration, { ...flush, integration, channel, state: empty, reason: undefined, intent: undefined }, passed);
  }
}

/** The channel by which an integration of a group's receiver is told. */
export function channelOf(group: Group, integration: Integration): Channel {
  return { group: group.key, receiver: group.route.receiver, integration: `${integration.kind}/${integration.index}` };
}

function run<F>(stages: readonly Stage<F>[], flush: F, alerts: Alerts): Alerts {
  let left = alerts;
  for (const stage of stages) {
    if (left.length === 0) break;
    left = stage(flush, left);
  }
  return left;
}

function intentOf(flush: IntegrationFlush, told: Alerts): Intent {
  const { group, channel, integration, nowMs, state } = flush;
  const [firing, resolved] = [[...state.firing], [...state.resolved]];
  const seq = flush.world.nextSeq(channel);
  const status = told.some((a) => !a.resolved) ? 'firing' : 'resolved';
  const key = notificationKey([channel.group, channel.receiver, channel.integration, ...firing, '|', ...resolved, String(seq)]);
  const notification: Notification = {
    key,
    groupKey: group.key,
    groupLabels: group.labels,
    receiver: channel.receiver,
    status,
    reason: flush.reason!,
    alerts: told.map(({ alert, resolved }) => ({
      id: alert.id,
      status: resolved ? 'resolved' : 'firing',
      labels: alert.labels,
      annotations: alert.annotations,
      startsMs: alert.startsMs,
      endsMs: resolved ? alert.endsMs : undefined,
      generatorUrl: alert.generatorUrl,
    })),
    atMs: nowMs,
  };
  const recipient = { receiver: channel.receiver, integration };
  return { channel, recipient, notification, seq, firing, resolved, place: group.route.place };
}

/** Records that an alert is kept back, once for each cause. */
function keepBack({ group, world }: Flush, alert: HeldAlert, cause: string, decision: NewDecision): void {
  if (group.keptBack.get(alert.id) === cause) return;
  group.keptBack.set(alert.id, cause);
  world.record({ ...decision, alert: alert.id, group: group.key, receiver: group.route.receiver });
}

function release({ group, world }: Flush, alert: HeldAlert): void {
  if (!group.keptBack.delete(alert.id)) return;
  world.record({
    kind: 'released',
    alert: alert.id,
    group: group.key,
    receiver: group.route.receiver,
    reason: 'no longer inhibited or silenced',
    place: group.route.place,
  });
}

function mute({ group, world }: Flush, names: readonly string[], reason: string): void {
  if (group.mutedBy.join() === names.join()) return;
  group.mutedBy = names;
  world.record({ kind: 'muted', group: group.key, receiver: group.route.receiver, reason, place: group.route.place });
}
