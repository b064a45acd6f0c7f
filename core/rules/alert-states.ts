import {
  alertId,
  EngineError,
  formatDuration,
  labelsKey,
  METRIC_NAME,
  withLabel,
  type Alert,
  type DurationMs,
  type Labels,
  type UnixMs,
} from '#core/model/index.ts';
import type { EdgeState, GroupSpec, Rule, Transition } from './types.ts';

/** A sample of the rule's expression with the alert's labels and annotations worked out. */
export interface Candidate {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly value: number;
}

/** An alert while the rule minds it. `resolved` ones stay for a while so that everyone learns of it. */
export interface HeldState {
  readonly id: string;
  readonly labels: Labels;
  annotations: Labels;
  state: 'pending' | 'firing' | 'resolved';
  value: number;
  activeAtMs: UnixMs;
  firedAtMs: UnixMs | undefined;
  resolvedAtMs: UnixMs | undefined;
  /** Since when it fires only because of keep_firing_for. */
  keepFiringSinceMs: UnixMs | undefined;
  /** When it was last handed on, and as what; undefined after a restart. */
  sent: { readonly state: 'firing' | 'resolved'; readonly atMs: UnixMs } | undefined;
  /** Its `ALERTS` series by state, and its `ALERTS_FOR_STATE`; the same label sets each time. */
  series: { readonly pending: Labels; readonly firing: Labels; readonly forState: Labels } | undefined;
}

/** What an evaluation changed: edges, and the alerts whose stored state differs now (gone ones by id). */
export interface StateChange {
  readonly transitions: readonly Transition[];
  readonly changed: readonly HeldState[];
  readonly gone: readonly string[];
}

/** How long a resolved alert is remembered (Prometheus: resolvedRetention). */
export const resolvedRetentionMs: DurationMs = 15 * 60_000;

/**
 * The alerts of one rule: pending -> firing -> resolved, as Prometheus' alerting rule keeps them.
 * Keyed by label set. Nothing changes unless evaluate() returns.
 */
export class AlertStates {
  readonly held = new Map<string, HeldState>();
  readonly #rule: Rule;
  readonly #group: GroupSpec;

  constructor(rule: Rule, group: GroupSpec) {
    this.#rule = rule;
    this.#group = group;
  }

  /** `settling`: too little is known yet to say that an alert is over, so that those not found stay as they are. */
  evaluate(timeMs: UnixMs, candidates: readonly Candidate[], settling: boolean): StateChange {
    const found = this.#found(candidates);
    this.#checkLimit(timeMs, found);
    const edges = new Edges(timeMs, (state) => this.alert(state));
    for (const [key, candidate] of found) this.#hold(timeMs, key, candidate, edges);
    for (const [key, state] of this.held) {
      if (!found.has(key) && !(settling && state.state !== 'resolved')) this.#miss(timeMs, key, state, edges);
    }
    for (const key of found.keys()) this.#fireDue(timeMs, this.held.get(key)!, edges);
    return edges;
  }

  /** Takes an alert over from before a restart or a reload. */
  take(state: HeldState): void {
    this.held.set(labelsKey(state.labels), state);
  }

  holds(state: HeldState): boolean {
    return this.held.has(labelsKey(state.labels));
  }

  #found(candidates: readonly Candidate[]): Map<string, Candidate> {
    const found = new Map<string, Candidate>();
    for (const candidate of candidates) {
      const key = labelsKey(candidate.labels);
      if (found.has(key)) throw new EngineError('invalid', 'vector contains metrics with the same labelset after applying alert labels');
      found.set(key, candidate);
    }
    return found;
  }

  #checkLimit(timeMs: UnixMs, found: ReadonlyMap<string, Candidate>): void {
    const { limit } = this.#group;
    if (limit === 0) return;
    const kept = [...this.held].filter(([key, state]) => !found.has(key) && this.#keepsFiring(timeMs, state)).length;
    if (found.size + kept > limit) throw new EngineError('limit', `exceeded limit of ${limit} with ${found.size + kept} alerts`);
  }

  #hold(timeMs: UnixMs, key: string, candidate: Candidate, edges: Edges): void {
    const known = this.held.get(key);
    if (known !== undefined && known.state !== 'resolved') {
      known.value = candidate.value;
      known.annotations = candidate.annotations;
      if (known.keepFiringSinceMs !== undefined) {
        known.keepFiringSinceMs = undefined;
        edges.touch(known);
      }
      return;
    }
    const state: HeldState = {
      id: known?.id ?? alertId(candidate.labels),
      labels: candidate.labels,
      annotations: candidate.annotations,
      state: 'pending',
      value: candidate.value,
      activeAtMs: timeMs,
      firedAtMs: undefined,
      resolvedAtMs: undefined,
      keepFiringSinceMs: undefined,
      sent: undefined,
      series: undefined,
    };
    this.held.set(key, state);
    if (this.#rule.forMs > 0) edges.add(state, 'inactive', 'pending', `the expression holds; it fires after ${formatDuration(this.#rule.forMs)}`);
    else this.#fire(timeMs, state, 'inactive', 'the expression holds', edges);
  }

  #keepsFiring(timeMs: UnixMs, state: HeldState): boolean {
    const { keepFiringForMs } = this.#rule;
    if (state.state !== 'firing' || keepFiringForMs === 0) return false;
    return timeMs - (state.keepFiringSinceMs ?? timeMs) < keepFiringForMs;
  }

  /** The expression does not hold for a held alert. */
  #miss(timeMs: UnixMs, key: string, state: HeldState, edges: Edges): void {
    if (this.#keepsFiring(timeMs, state)) {
      if (state.keepFiringSinceMs !== undefined) return;
      state.keepFiringSinceMs = timeMs;
      edges.touch(state);
    } else if (state.state === 'pending') {
      this.held.delete(key);
      edges.drop(state, 'the expression no longer holds');
    } else if (state.state === 'firing') {
      const kept = state.keepFiringSinceMs === undefined ? '' : ` since ${formatDuration(timeMs - state.keepFiringSinceMs)}`;
      this.resolve(timeMs, state, `the expression no longer holds${kept}`, edges);
    } else if (timeMs - (state.resolvedAtMs ?? timeMs) > resolvedRetentionMs) {
      this.held.delete(key);
      edges.forget(state);
    }
  }

  resolve(timeMs: UnixMs, state: HeldState, reason: string, edges: Edges): void {
    state.state = 'resolved';
    state.resolvedAtMs = timeMs;
    edges.add(state, 'firing', 'resolved', reason);
  }

  #fireDue(timeMs: UnixMs, state: HeldState, edges: Edges): void {
    if (state.state !== 'pending' || timeMs - state.activeAtMs < this.#rule.forMs) return;
    this.#fire(timeMs, state, 'pending', `the expression held for ${formatDuration(timeMs - state.activeAtMs)}`, edges);
  }

  #fire(timeMs: UnixMs, state: HeldState, from: 'inactive' | 'pending', reason: string, edges: Edges): void {
    state.state = 'firing';
    state.firedAtMs = timeMs;
    edges.add(state, from, 'firing', reason);
  }

  /** Ends everything: pending ones are gone, firing ones resolved. */
  endAll(timeMs: UnixMs, reason: string): StateChange {
    const edges = new Edges(timeMs, (state) => this.alert(state));
    for (const [key, state] of this.held) {
      if (state.state === 'firing') this.resolve(timeMs, state, reason, edges);
      else if (state.state === 'pending') {
        this.held.delete(key);
        edges.drop(state, reason);
      }
    }
    return edges;
  }

  /** Alerts to hand on: firing ones every `resendMs`, resolved ones once. */
  takeDue(timeMs: UnixMs, resendMs: DurationMs): Alert[] {
    const due: Alert[] = [];
    for (const state of this.held.values()) {
      if (state.state === 'pending') continue;
      const again = state.state === 'firing' && timeMs - (state.sent?.atMs ?? 0) >= resendMs;
      if (state.sent?.state === state.state && !again) continue;
      state.sent = { state: state.state, atMs: timeMs };
      due.push(this.alert(state));
    }
    return due;
  }

  /** The wall clock was set: what is measured against it moves along. */
  shift(byMs: DurationMs): void {
    for (const state of this.held.values()) {
      state.activeAtMs += byMs;
      if (state.firedAtMs !== undefined) state.firedAtMs += byMs;
      if (state.resolvedAtMs !== undefined) state.resolvedAtMs += byMs;
      if (state.keepFiringSinceMs !== undefined) state.keepFiringSinceMs += byMs;
      if (state.sent !== undefined) state.sent = { ...state.sent, atMs: state.sent.atMs + byMs };
    }
  }

  alert(state: HeldState): Alert {
    const { id, labels, annotations, value, activeAtMs, firedAtMs, resolvedAtMs } = state;
    const group = this.#group.name;
    return {
      id,
      labels,
      annotations,
      state: state.state,
      value,
      activeAtMs,
      firedAtMs,
      resolvedAtMs,
      expr: this.#rule.expr,
      group,
      ruleFile: this.#group.file,
    };
  }
}

/** The label sets of the series that an alert is written as, made once. */
export function alertSeries(state: HeldState): NonNullable<HeldState['series']> {
  if (state.series !== undefined) return state.series;
  const named = withLabel(state.labels, METRIC_NAME, 'ALERTS');
  const forState = withLabel(state.labels, METRIC_NAME, 'ALERTS_FOR_STATE');
  state.series = { pending: withLabel(named, 'alertstate', 'pending'), firing: withLabel(named, 'alertstate', 'firing'), forState };
  return state.series;
}

/** Gathers what changed in one evaluation. */
class Edges implements StateChange {
  readonly transitions: Transition[] = [];
  readonly gone: string[] = [];
  readonly #changed = new Set<HeldState>();
  readonly #timeMs: UnixMs;
  readonly #alert: (state: HeldState) => Alert;

  constructor(timeMs: UnixMs, alert: (state: HeldState) => Alert) {
    this.#timeMs = timeMs;
    this.#alert = alert;
  }

  get changed(): readonly HeldState[] {
    return [...this.#changed];
  }

  touch(state: HeldState): void {
    this.#changed.add(state);
  }

  add(state: HeldState, from: EdgeState, to: EdgeState, reason: string): void {
    this.touch(state);
    this.transitions.push({ atMs: this.#timeMs, alert: this.#alert(state), from, to, reason });
  }

  /** A pending alert is gone. */
  drop(state: HeldState, reason: string): void {
    this.forget(state);
    this.transitions.push({ atMs: this.#timeMs, alert: this.#alert(state), from: 'pending', to: 'inactive', reason });
  }

  forget(state: HeldState): void {
    this.#changed.delete(state);
    this.gone.push(state.id);
  }
}
