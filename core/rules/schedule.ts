import type { Cancel, Clock, DurationMs, UnixMs } from '#core/model/index.ts';

export interface Tick {
  /** The time to evaluate at: on the group's grid, not when the timer happened to fire. */
  readonly timeMs: UnixMs;
  /** Evaluations that were skipped because the one before took too long, or the machine stood still. */
  readonly missed: number;
  /** How far the wall clock was set since the tick before; 0 when it was not. */
  readonly jumpMs: DurationMs;
}

/** A difference between the two clocks below this is drift (NTP slews 0.5 ms a second), above it somebody set the clock. */
const jumpMinMs: DurationMs = 2_000;

/**
 * Runs `act` every interval of monotonic time, at wall times that lie on a grid shifted by a hash of `key`, so that groups do not
 * run all at once and a restart keeps to the same grid. Runs never overlap.
 */
export function startSchedule(clock: Clock, intervalMs: DurationMs, key: string, act: (tick: Tick) => Promise<void>): Cancel {
  const schedule = new Schedule(clock, intervalMs, key, act);
  return () => schedule.stop();
}

/** The first time of the grid of `key` after a time. */
export function slotAfter(timeMs: UnixMs, intervalMs: DurationMs, key: string): UnixMs {
  const offsetMs = hash(key) % intervalMs;
  return Math.floor((timeMs - offsetMs) / intervalMs) * intervalMs + intervalMs + offsetMs;
}

class Schedule {
  readonly #clock: Clock;
  readonly #intervalMs: DurationMs;
  readonly #key: string;
  readonly #act: (tick: Tick) => Promise<void>;
  #cancel: Cancel | undefined;
  #stopped = false;
  /** The wall time that stood at the monotonic one when they were last compared. */
  #wallMs: UnixMs;
  #monotonicMs: DurationMs;
  #nextMs: UnixMs;

  constructor(clock: Clock, intervalMs: DurationMs, key: string, act: (tick: Tick) => Promise<void>) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#key = key;
    this.#act = act;
    this.#wallMs = clock.now();
    this.#monotonicMs = clock.monotonicMs();
    this.#nextMs = slotAfter(this.#wallMs, this.#intervalMs, this.#key);
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #arm(): void {
    if (this.#stopped) return;
    const steadyMs = this.#wallMs + (this.#clock.monotonicMs() - this.#monotonicMs);
    this.#cancel = this.#clock.after(Math.max(0, this.#nextMs - steadyMs), () => void this.#run());
  }

  async #run(): Promise<void> {
    const nowMs = this.#clock.now();
    const monotonicMs = this.#clock.monotonicMs();
    const driftMs = nowMs - this.#wallMs - (monotonicMs - this.#monotonicMs);
    this.#wallMs = nowMs;
    this.#monotonicMs = monotonicMs;
    const jumpMs = Math.abs(driftMs) < jumpMinMs ? 0 : driftMs;
    const slotMs = jumpMs === 0 ? this.#nextMs : slotAfter(nowMs, this.#intervalMs, this.#key) - this.#intervalMs;
    const missed = jumpMs === 0 ? Math.max(0, Math.floor((nowMs - slotMs) / this.#intervalMs)) : 0;
    const timeMs = slotMs + missed * this.#intervalMs;
    try {
      await this.#act({ timeMs, missed, jumpMs });
    } finally {
      this.#nextMs = timeMs + this.#intervalMs;
      this.#arm();
    }
  }
}

/** FNV-1a, 32 bits: spreads names evenly and is the same on every machine. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}
