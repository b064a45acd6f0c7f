import type { DurationMs, UnixMs } from '#core/model/index.ts';
import type { PastTransition } from './journal.ts';

/** How a rule has behaved over a time: what it told people and whether that was worth it. */
export interface RuleNoise {
  readonly file: string;
  readonly group: string;
  readonly name: string;
  /** Times that an alert of it began to fire. */
  readonly fired: number;
  /** Times that one was pending and went away by itself. */
  readonly pendingOnly: number;
  /** Alerts of it that flap: see isFlapping. */
  readonly flapping: number;
  /** Median length of the firings that are over; undefined when none is. */
  readonly medianFiringMs: DurationMs | undefined;
  /** Share of firings that somebody acted on, 0..1; undefined when it never fired. */
  readonly actedOn: number | undefined;
}

/** An alert that fires this often within this time flaps. Nagios calls 4 changes of state in 20 checks flapping; two firings may be one fault. */
const flapFirings = 3;
const flapWithinMs: DurationMs = 3_600_000;

/** Whether an alert has been firing and resolving in turns. `transitions` are its own, in order of time. */
export function isFlapping(transitions: readonly PastTransition[], nowMs: UnixMs): boolean {
  return transitions.filter(({ to, atMs }) => to === 'firing' && atMs > nowMs - flapWithinMs && atMs <= nowMs).length >= flapFirings;
}

/**
 * What each rule made of people's attention, the loudest first. `actedOn` says whether somebody did anything about a firing: acknowledged
 * it, declared an incident, ran a runbook. `untilMs` stands for now.
 */
export function ruleNoise(
  transitions: readonly PastTransition[],
  untilMs: UnixMs,
  actedOn: (alert: string, firedMs: UnixMs, resolvedMs: UnixMs | undefined) => boolean,
): RuleNoise[] {
  const byRule = Map.groupBy(transitions, ({ file, group, name }) => JSON.stringify([file, group, name]));
  const all = [...byRule.values()].map((own) => noiseOf(own, untilMs, actedOn));
  return all.sort((a, b) => b.fired - a.fired || b.pendingOnly - a.pendingOnly);
}

function noiseOf(transitions: readonly PastTransition[], untilMs: UnixMs, actedOn: Parameters<typeof ruleNoise>[2]): RuleNoise {
  const { file, group, name } = transitions[0]!;
  const byAlert = [...Map.groupBy(transitions, ({ alert }) => alert).values()];
  const firings = byAlert.flatMap(firingsOf);
  const lengths = firings.flatMap(({ firedMs, resolvedMs }) => (resolvedMs === undefined ? [] : [resolvedMs - firedMs])).sort((a, b) => a - b);
  const acted = firings.filter(({ alert, firedMs, resolvedMs }) => actedOn(alert, firedMs, resolvedMs)).length;
  return {
    file,
    group,
    name,
    fired: firings.length,
    pendingOnly: transitions.filter(({ from, to }) => from === 'pending' && to === 'inactive').length,
    flapping: byAlert.filter((own) => isFlapping(own, untilMs)).length,
    medianFiringMs: lengths[lengths.length >> 1],
    actedOn: firings.length === 0 ? undefined : acted / firings.length,
  };
}

interface Firing {
  readonly alert: string;
  readonly firedMs: UnixMs;
  readonly resolvedMs: UnixMs | undefined;
}

function firingsOf(transitions: readonly PastTransition[]): Firing[] {
  return transitions.flatMap(({ alert, to, atMs }, i) => {
    if (to !== 'firing') return [];
    return [{ alert, firedMs: atMs, resolvedMs: transitions.slice(i + 1).find((later) => later.to === 'resolved')?.atMs }];
  });
}
