import { compareText } from '#core/model/index.ts';
import type { Pace } from './pace.ts';
import { likelihoodRoot, sideOf } from './span-shifts.ts';
import type { LogEvent, TimeWindow } from './types.ts';

/** A log pattern that is new or came faster: failures by time, other lines by their share of the service's lines, as traffic makes more of them. */
export interface LogShift {
  readonly service: string;
  readonly pattern: string;
  readonly isError: boolean;
  /** Root of the likelihood ratio G; 0 or more. */
  readonly surprise: number;
  /** Lines a minute. */
  readonly before: number;
  readonly during: number;
  readonly countBefore: number;
  readonly countDuring: number;
}

/** What a line that tells of no failure counts beside one that does. */
const plainShare = 0.1;
const coverStepMs = 10_000;

/** Strongest first. */
export async function logShifts(logs: readonly LogEvent[], baseline: TimeWindow, window: TimeWindow, pace: Pace): Promise<LogShift[]> {
  const counts = new Map<string, { isError: boolean; sides: [before: number, during: number] }>();
  const totals = new Map<string, [before: number, during: number]>();
  const covered = [new Set<number>(), new Set<number>()] as const;
  await pace.each(logs, ({ service, pattern, isError, timeMs }) => {
    const side = sideOf(timeMs, baseline, window);
    if (side === undefined) return;
    covered[side].add(Math.floor(timeMs / coverStepMs));
    const lines = totals.get(service) ?? [0, 0];
    lines[side]++;
    totals.set(service, lines);
    const key = `${service}\n${pattern}`;
    const known = counts.get(key) ?? { isError, sides: [0, 0] };
    known.sides[side]++;
    known.isError ||= isError;
    counts.set(key, known);
  });
  const spanMs = spanOf(covered);
  const shifts: LogShift[] = [];
  await pace.each(counts, ([key, { isError, sides }]) => {
    const [service = '', pattern = ''] = key.split('\n');
    const lines = totals.get(service)!;
    const surprise = isError ? rateRoot(sides, spanMs) : likelihoodRoot(sides[0], lines[0], sides[1], lines[1]) * plainShare;
    if (surprise === 0) return;
    const [before, during] = [(sides[0] / spanMs[0]) * 60_000, (sides[1] / spanMs[1]) * 60_000];
    shifts.push({ service, pattern, isError, surprise, before, during, countBefore: sides[0], countDuring: sides[1] });
  });
  return shifts.sort((a, b) => b.surprise - a.surprise || compareText(a.service, b.service) || compareText(a.pattern, b.pattern));
}

/** The time of each side that has lines at all, before and during, in ms: captures have gaps. At least one step. */
const spanOf = ([before, during]: readonly [ReadonlySet<number>, ReadonlySet<number>]): [number, number] => [
  Math.max(1, before.size) * coverStepMs,
  Math.max(1, during.size) * coverStepMs,
];

/** Root of G for a rate that rose (Poisson); 0 when it did not. */
function rateRoot([before, during]: readonly [number, number], [beforeMs, duringMs]: readonly [number, number]): number {
  return likelihoodRoot(before, beforeMs, during, duringMs);
}
