import type { Clock, DurationMs, Labels } from '#core/model/index.ts';
import { Explosion } from './explosion.ts';

const refillMs: DurationMs = 3_600_000;

/** Of its budget a source must have left to count as one that brought few. */
const modestShare = 0.9;

/**
 * How many new series a source may make: `max` at once, and as many again spread over every hour. A source that makes up
 * a label value for every sample is cut here; series that it already has go on.
 */
export class SeriesBudget {
  readonly max: number;
  /** What was refused. */
  readonly explosion: Explosion;
  /** What was new on pages that were refused whole. */
  readonly oversize: Explosion;
  readonly #clock: Clock;
  /** True: only sources that brought few new series lately may bring more. */
  readonly #isTight: () => boolean;
  #left: number;
  #atMs: DurationMs;

  constructor(clock: Clock, max: number, isTight: () => boolean = () => false) {
    this.#clock = clock;
    this.#isTight = isTight;
    this.max = max;
    this.explosion = new Explosion(clock);
    this.oversize = new Explosion(clock);
    this.#left = max;
    this.#atMs = clock.monotonicMs();
  }

  /** Takes a new series out of the budget; false when there is none left. */
  take(labels: Labels): boolean {
    if (this.#left < 1) this.#refill();
    const isLeft = this.#left >= (this.#isTight() ? this.max * modestShare : 1);
    if (isLeft) this.#left--;
    else this.explosion.note(labels);
    return isLeft;
  }

  #refill(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#left = Math.min(this.max, this.#left + ((nowMs - this.#atMs) / refillMs) * this.max);
    this.#atMs = nowMs;
  }
}
