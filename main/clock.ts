import type { Cancel, Clock } from '#core/model/index.ts';

/** setTimeout counts in 31 bits; longer waits are taken in turns. */
const timerMsMax = 2 ** 31 - 1;

/** The machine's time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, act) => {
    let cancel: Cancel = () => undefined;
    const timer = setTimeout(
      () => {
        if (delayMs > timerMsMax) cancel = systemClock.after(delayMs - timerMsMax, act);
        else act();
      },
      Math.min(Math.max(0, delayMs), timerMsMax),
    );
    cancel = () => clearTimeout(timer);
    return () => cancel();
  },
};
