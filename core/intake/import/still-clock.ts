import type { Clock, UnixMs } from '#core/model/index.ts';

/** A clock that stands: what a file holds without a time is as old as the file. */
export function stillClock(nowMs: UnixMs): Clock {
  return { now: () => nowMs, monotonicMs: () => 0, after: () => () => undefined };
}
