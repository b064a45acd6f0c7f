import type { DurationMs } from '#core/model/index.ts';

/** So many tokens a second, of which up to `burst` may be saved. Times are monotonic. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #burst: number;
  #left: number;
  #atMs: DurationMs;

  constructor(perSecond: number, burst: number, nowMs: DurationMs) {
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#left = burst;
    this.#atMs = nowMs;
  }

  /** Takes so many; false, and none taken, when there are fewer. */
  take(count: number, nowMs: DurationMs): boolean {
    this.#left = Math.min(this.#burst, this.#left + (nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
    if (count > this.#left) return false;
    this.#left -= count;
    return true;
  }
}
