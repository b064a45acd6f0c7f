/** What the killed child writes and its parent looks for. */
import { labelsFromRecord, type Clock } from '#core/model/index.ts';

const startMs = Date.UTC(2026, 0, 5);
const stepMs = 15_000;

export const seriesLabels = Array.from({ length: 150 }, (_, i) => labelsFromRecord({ __name__: `metric_${i % 9}`, series: String(i) }));
export const commitTimeMs = (n: number): number => startMs + n * stepMs;
export const commitValue = (n: number, series: number): number => (series % 3 === 0 ? n * series : Math.sin(n + series));

/** A clock that stands at the time of a commit. */
export function steppingClock(first: number): Clock & { at(n: number): void } {
  let n = first;
  return {
    at: (next) => void (n = next),
    now: () => commitTimeMs(n),
    monotonicMs: () => n * stepMs,
    after: () => () => undefined,
  };
}
