import type { DurationMs, Labels, UnixMs } from '#core/model/index.ts';
import type { EdgeState } from '../types.ts';

/** One time that an alert fired, from pending to resolved. */
export interface Firing {
  readonly alert: string;
  readonly name: string;
  readonly labels: Labels;
  readonly group: string;
  readonly file: string;
  /** When the expression began to hold; of a firing without pending, when it fired. */
  readonly pendingMs: UnixMs;
  readonly firedMs: UnixMs;
  /** Undefined when it was still firing at the end. */
  readonly resolvedMs: UnixMs | undefined;
}

/** An edge, of a backtest or of the journal's history. */
export interface Edge {
  readonly atMs: UnixMs;
  readonly alert: string;
  readonly name: string;
  readonly labels: Labels;
  readonly group: string;
  readonly file: string;
  readonly to: EdgeState;
}

/** The firings that edges, in order of time, tell of. */
export function firingsOf(edges: readonly Edge[]): Firing[] {
  const open = new Map<string, { pendingMs: UnixMs; firing: Firing | undefined }>();
  const firings: Firing[] = [];
  for (const { atMs, to, ...who } of edges) {
    const key = JSON.stringify([who.file, who.group, who.name, who.alert]);
    const state = open.get(key);
    if (to === 'pending') open.set(key, { pendingMs: atMs, firing: undefined });
    else if (to === 'firing')
      open.set(key, {
        pendingMs: state?.pendingMs ?? atMs,
        firing: { ...who, pendingMs: state?.pendingMs ?? atMs, firedMs: atMs, resolvedMs: undefined },
      });
    else {
      if (state?.firing !== undefined) firings.push({ ...state.firing, resolvedMs: to === 'resolved' ? atMs : undefined });
      open.delete(key);
    }
  }
  for (const { firing } of open.values()) if (firing !== undefined) firings.push(firing);
  return firings.sort((a, b) => a.firedMs - b.firedMs);
}

/** What is different for one alert name between two runs. */
export interface FiringDifference {
  readonly name: string;
  readonly before: number;
  readonly after: number;
  /** By how much the first firing of the second run comes before that of the first; negative when later, undefined when one has none. */
  readonly earlierMs: DurationMs | undefined;
  /** In words: `fires 11 min earlier, 2 times instead of 17`. */
  readonly sentence: string;
}

export function compareFirings(before: readonly Firing[], after: readonly Firing[]): FiringDifference[] {
  const names = [...new Set([...before, ...after].map(({ name }) => name))];
  return names.flatMap((name) => {
    const [old, now] = [before.filter((firing) => firing.name === name), after.filter((firing) => firing.name === name)];
    const earlierMs = old[0] === undefined || now[0] === undefined ? undefined : old[0].firedMs - now[0].firedMs;
    const sentence = inWords(old.length, now.length, earlierMs);
    return sentence === '' ? [] : [{ name, before: old.length, after: now.length, earlierMs, sentence }];
  });
}

function inWords(before: number, after: number, earlierMs: DurationMs | undefined): string {
  if (before === 0) return `fires ${times(after)}, where it did not fire`;
  if (after === 0) return `does not fire, where it fired ${times(before)}`;
  const parts: string[] = [];
  if (earlierMs !== undefined && earlierMs !== 0) parts.push(`fires ${lengthText(Math.abs(earlierMs))} ${earlierMs > 0 ? 'earlier' : 'later'}`);
  if (before !== after) parts.push(`${times(after)} instead of ${before}`);
  return parts.join(', ');
}

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);

function lengthText(durationMs: DurationMs): string {
  const minutes = Math.round(durationMs / 60_000);
  if (minutes === 0) return `${Math.round(durationMs / 1000)} s`;
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
