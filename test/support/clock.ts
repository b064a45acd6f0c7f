import type { Cancel, Clock, DurationMs, UnixMs } from '#core/model/index.ts';

/** A clock that moves only when told to; due timers run in order, and what they schedule runs in the same advance. */
export class ManualClock implements Clock {
  #now: UnixMs;
  #elapsedMs = 0;
  #timers: { atMs: number; seq: number; act: () => void }[] = [];
  #seq = 0;

  constructor(startMs: UnixMs = Date.UTC(2026, 0, 5, 3, 0, 0)) {
    this.#now = startMs;
  }

  now(): UnixMs {
    return this.#now;
  }

  monotonicMs(): DurationMs {
    return this.#elapsedMs;
  }

  after(delayMs: DurationMs, act: () => void): Cancel {
    const timer = { atMs: this.#elapsedMs + Math.max(0, delayMs), seq: this.#seq++, act };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Moves time forward, running what falls due, and lets pending promises settle after each timer. */
  async advance(byMs: DurationMs): Promise<void> {
    const endMs = this.#elapsedMs + byMs;
    for (;;) {
      const due = this.#timers.filter((timer) => timer.atMs <= endMs).sort((a, b) => a.atMs - b.atMs || a.seq - b.seq)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#step(due.atMs);
      due.act();
      await settle();
    }
    this.#step(endMs);
    await settle();
  }

  /** Sets the wall clock as a person or NTP would; monotonic time is untouched. */
  jump(byMs: DurationMs): void {
    this.#now += byMs;
  }

  #step(elapsedMs: DurationMs): void {
    this.#now += elapsedMs - this.#elapsedMs;
    this.#elapsedMs = elapsedMs;
  }
}

const settle = (): Promise<void> => new Promise((done) => setImmediate(done));
