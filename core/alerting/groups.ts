/**
 * Groups: alerts of one route with the same group labels, told together. A group waits `group_wait` for company, then has its turn each
 * `group_interval`; it goes when its last alert is over and has been told. Turns that fall due together share one transaction.
 */
import { formatLabels, type Cancel, type Clock, type DurationMs, type Labels, type UnixMs } from '#core/model/index.ts';
import { compareAlerts, isResolved, type FlushedAlert, type HeldAlert } from './alerts.ts';
import type { NewDecision } from './decisions.ts';
import { groupKey, groupLabels, matchRoutes, type Route } from './routes.ts';

export interface Group {
  /** Alertmanager's group key; with the route's id it names the group. */
  readonly key: string;
  readonly route: Route;
  readonly labels: Labels;
  readonly alerts: Set<string>;
  /** Alerts that inhibition or a silence keeps back, and the cause that was last recorded. */
  readonly keptBack: Map<string, string>;
  /** Time intervals that mute the whole group, as of its last turn. */
  mutedBy: readonly string[];
  /** A turn could not be taken to its end because an attempt was under way. */
  heldBack: boolean;
  first: FirstTurn;
  /** Wall time of the next turn, for show. */
  nextMs: UnixMs;
  cancel: Cancel;
}

export interface GroupsOptions {
  readonly clock: Clock;
  readonly root: Route;
  readonly held: ReadonlyMap<string, HeldAlert>;
  /** Runs the stages for one group. */
  readonly tell: (group: Group, alerts: readonly FlushedAlert[], nowMs: UnixMs) => void;
  /** Wraps all turns that fall due together. */
  readonly together: (turns: () => void) => void;
  readonly record: (decision: NewDecision) => void;
  /** A group has told the end of an alert, and others still have to. */
  readonly onLeft: (alert: HeldAlert, group: Group) => void;
  /** A group has told everything and is gone. */
  readonly onEmpty: (group: Group) => void;
  /** No group holds this alert any more, and it is over. */
  readonly onGone: (alert: HeldAlert) => void;
  readonly turns: TurnStore;
  /** Until when turns were surely taken: a restored group that missed one since has it at once. */
  readonly aliveMs: UnixMs;
}

/** The turn that sets a group's rhythm: the others follow it by whole group intervals. */
export interface FirstTurn {
  readonly firstMs: UnixMs;
  readonly taken: boolean;
}

/** Where the first turns of groups are kept, so that their rhythm outlasts a restart. */
export interface TurnStore {
  find(route: string, key: string): FirstTurn | undefined;
  save(route: string, key: string, turn: FirstTurn): void;
  delete(route: string, key: string): void;
}

const noTurn: FirstTurn = { firstMs: 0, taken: false };
/** A turn is taken this soon after it is due, unless the machine is in trouble. */
const turnDelayMs = 1000;

export class Groups {
  readonly #options: GroupsOptions;
  readonly #groups = new Map<string, Group>();
  readonly #groupsOf = new Map<string, Set<Group>>();
  /** Groups whose turn it is; true for a turn of the group's own rhythm. */
  readonly #due = new Map<Group, boolean>();
  readonly #heldBack = new Set<Group>();
  #stopped = false;

  constructor(options: GroupsOptions) {
    this.#options = options;
  }

  /** Puts an alert into the groups of its routes. `restored`: it was there before a restart or a new configuration. */
  add(alert: HeldAlert, restored: boolean): void {
    for (const route of matchRoutes(this.#options.root, alert.labels)) {
      if (restored && alert.leftRoutes.includes(route.id)) continue;
      const labels = groupLabels(route, alert.labels);
      const key = groupKey(route, labels);
      const known = this.#groups.get(`${route.id}\0${key}`);
      const group = known ?? this.#create(route, labels, key, alert, restored);
      if (!group.alerts.has(alert.id)) this.#join(group, alert, restored);
    }
  }

  groupsOf(id: string): ReadonlySet<Group> {
    return this.#groupsOf.get(id) ?? new Set();
  }

  list(): Group[] {
    return [...this.#groups.values()];
  }

  /** Gives groups of this key whose turn was cut short by an attempt under way another one, out of their rhythm. */
  again(key: string): void {
    for (const group of this.#heldBack) {
      if (group.key !== key) continue;
      this.#heldBack.delete(group);
      this.#fallDue(group, false);
    }
  }

  stop(): void {
    this.#stopped = true;
    for (const group of this.#groups.values()) group.cancel();
  }

  #create(route: Route, labels: Labels, key: string, alert: HeldAlert, restored: boolean): Group {
    const { clock, turns, aliveMs } = this.#options;
    const base = {
      key,
      route,
      labels,
      alerts: new Set<string>(),
      keptBack: new Map<string, string>(),
    };
    const group: Group = { ...base, mutedBy: [], heldBack: false, first: noTurn, nextMs: 0, cancel: () => undefined };
    this.#groups.set(`${route.id}\0${key}`, group);
    const nowMs = clock.now();
    // An alert that has been firing for longer than group_wait elsewhere has waited enough.
    const firstMs = alert.startsMs + route.groupWaitMs < nowMs ? nowMs : nowMs + route.groupWaitMs;
    const known = restored ? turns.find(route.id, key) : undefined;
    group.first = known ?? { firstMs, taken: false };
    if (known === undefined) turns.save(route.id, key, group.first);
    this.#scheduleFrom(group, nowMs, aliveMs);
    return group;
  }

  #join(group: Group, alert: HeldAlert, restored: boolean): void {
    group.alerts.add(alert.id);
    const groups = this.#groupsOf.get(alert.id);
    if (groups === undefined) this.#groupsOf.set(alert.id, new Set([group]));
    else groups.add(group);
    if (restored) return;
    const { route, key, labels } = group;
    this.#options.record({
      kind: 'routed',
      alert: alert.id,
      group: key,
      receiver: route.receiver,
      reason: `routed to ${route.receiver}, group ${formatLabels(labels)}`,
      place: route.place,
    });
  }

  /** Waits for the first turn, or for the next in its rhythm; a turn that was missed is taken at once, out of rhythm. */
  #scheduleFrom(group: Group, nowMs: UnixMs, aliveMs: UnixMs): void {
    const { firstMs, taken } = group.first;
    if (!taken) {
      this.#schedule(group, Math.max(0, firstMs - nowMs));
      return;
    }
    const waitMs = untilTurn(group, nowMs, 0);
    this.#schedule(group, waitMs);
    const lastTurnMs = nowMs + waitMs - group.route.groupIntervalMs;
    if (lastTurnMs >= aliveMs - turnDelayMs) this.#fallDue(group, false);
  }

  #schedule(group: Group, delayMs: DurationMs): void {
    const { clock } = this.#options;
    group.cancel();
    group.nextMs = clock.now() + delayMs;
    group.cancel = clock.after(delayMs, () => this.#fallDue(group, true));
  }

  #fallDue(group: Group, inRhythm: boolean): void {
    this.#due.set(group, inRhythm || this.#due.get(group) === true);
    if (this.#due.size === 1) this.#options.clock.after(0, () => this.#takeTurns());
  }

  #takeTurns(): void {
    if (this.#stopped) return;
    const due = [...this.#due];
    this.#due.clear();
    this.#options.together(() => {
      for (const [group, inRhythm] of due) this.#takeTurn(group, inRhythm);
    });
  }

  #takeTurn(group: Group, inRhythm: boolean): void {
    const { clock, held, tell, turns } = this.#options;
    const nowMs = clock.now();
    if (inRhythm) this.#keepRhythm(group, nowMs);
    const alerts = [...group.alerts]
      .map((id) => held.get(id)!)
      .toSorted(compareAlerts)
      .map((alert): FlushedAlert => ({ alert, resolved: isResolved(alert, nowMs) }));
    group.heldBack = false;
    tell(group, alerts, nowMs);
    if (group.heldBack) {
      this.#heldBack.add(group);
      return;
    }
    for (const { alert, resolved } of alerts) if (resolved) this.#leave(group, alert);
    if (group.alerts.size === 0) {
      group.cancel();
      this.#groups.delete(`${group.route.id}\0${group.key}`);
      turns.delete(group.route.id, group.key);
      this.#options.onEmpty(group);
    }
  }

  #keepRhythm(group: Group, nowMs: UnixMs): void {
    if (!group.first.taken) {
      group.first = { ...group.first, taken: true };
      this.#options.turns.save(group.route.id, group.key, group.first);
    }
    this.#schedule(group, untilTurn(group, nowMs, Math.min(turnDelayMs, group.route.groupIntervalMs / 2)));
  }

  #leave(group: Group, alert: HeldAlert): void {
    group.alerts.delete(alert.id);
    group.keptBack.delete(alert.id);
    const groups = this.#groupsOf.get(alert.id)!;
    groups.delete(group);
    if (groups.size > 0) {
      this.#options.onLeft(alert, group);
      return;
    }
    this.#groupsOf.delete(alert.id);
    this.#options.onGone(alert);
  }
}

/** From a moment after the first turn to the next turn of the group's rhythm; `slackMs` forgives the turn's timer for being early. */
function untilTurn(group: Group, nowMs: UnixMs, slackMs: DurationMs): DurationMs {
  const { groupIntervalMs } = group.route;
  const sinceMs = nowMs - group.first.firstMs;
  return (Math.floor((sinceMs + slackMs) / groupIntervalMs) + 1) * groupIntervalMs - sinceMs;
}
