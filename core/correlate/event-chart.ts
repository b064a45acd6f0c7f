import type { SmallChart } from '#core/model/index.ts';
import type { TimeWindow } from './types.ts';

/** Values at times, in any order. */
export interface Samples {
  readonly timesMs: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

const steps = 60;

/** The equal steps of the baseline and the window, one after the other, however far apart they lie. */
export class ChartSteps {
  readonly #baseline: TimeWindow;
  readonly #window: TimeWindow;
  readonly #before: number;
  readonly #timesMs: Float64Array;

  constructor(baseline: TimeWindow, window: TimeWindow) {
    this.#baseline = baseline;
    this.#window = window;
    const [beforeMs, duringMs] = [lengthOf(baseline), lengthOf(window)];
    this.#before = Math.min(steps - 4, Math.max(4, Math.round((steps * beforeMs) / (beforeMs + duringMs))));
    this.#timesMs = Float64Array.from({ length: steps }, (_, step) => this.#middleOf(step));
  }

  /** The step of a time; undefined in neither. */
  stepOf(timeMs: number): number | undefined {
    if (timeMs >= this.#window.startMs && timeMs <= this.#window.endMs)
      return this.#before + stepIn(timeMs - this.#window.startMs, lengthOf(this.#window), steps - this.#before);
    if (timeMs >= this.#baseline.startMs && timeMs <= this.#baseline.endMs)
      return stepIn(timeMs - this.#baseline.startMs, lengthOf(this.#baseline), this.#before);
    return undefined;
  }

  /** The mean of each step; steps without a finite value are left out. */
  means({ timesMs, values }: Samples): SmallChart {
    const sums = new Float64Array(steps);
    const counts = new Float64Array(steps);
    for (let i = 0; i < timesMs.length; i++) {
      const step = this.stepOf(timesMs[i]!);
      if (step === undefined || !Number.isFinite(values[i]!)) continue;
      sums[step]! += values[i]!;
      counts[step]!++;
    }
    return this.shares(sums, counts);
  }

  /** `part` by `whole`, a step each; steps whose whole is none are left out. */
  shares(part: Float64Array, whole: Float64Array): SmallChart {
    const known = [...whole.keys()].filter((step) => whole[step]! > 0);
    return {
      timesMs: Float64Array.from(known, (step) => this.#timesMs[step]!),
      values: Float64Array.from(known, (step) => part[step]! / whole[step]!),
    };
  }

  /** How many came a minute, a step each. */
  perMinute(counts: Float64Array): SmallChart {
    const minutes = (step: number): number =>
      (step < this.#before ? lengthOf(this.#baseline) / this.#before : lengthOf(this.#window) / (steps - this.#before)) / 60_000;
    return { timesMs: this.#timesMs, values: counts.map((count, step) => count / minutes(step)) };
  }

  counts(): Float64Array {
    return new Float64Array(steps);
  }

  #middleOf(step: number): number {
    const [window, at, of] = step < this.#before ? [this.#baseline, step, this.#before] : [this.#window, step - this.#before, steps - this.#before];
    return window.startMs + ((at + 0.5) / of) * lengthOf(window);
  }
}

const lengthOf = ({ startMs, endMs }: TimeWindow): number => Math.max(1, endMs - startMs);
const stepIn = (sinceMs: number, lengthMs: number, of: number): number => Math.min(of - 1, Math.floor((sinceMs / lengthMs) * of));
