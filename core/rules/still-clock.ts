import type { Clock } from '#core/model/index.ts';

/** For rules that are evaluated at given times only: nothing is scheduled, and nothing takes time. */
export const unscheduled: Clock = {
  now: () => 0,
  monotonicMs: () => 0,
  after: () => () => undefined,
};
