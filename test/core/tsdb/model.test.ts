/** Random schedules against a plain in-memory model: whatever order things come in, answers are bit-equal. */
import * as fc from 'fast-check';
import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { labelsFromRecord, matcher, type Histogram, type Labels } from '#core/model/index.ts';
import { openTsdb, verdicts, type Tsdb } from '#core/tsdb/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';
import { random } from './random.ts';

const outOfOrderMs = 1_800_000;
const retentionMs = 3_600_000;
/** How far ahead of the clock a sample may be. */
const futureMs = 600_000;
const names = Array.from({ length: 70 }, (_, i) => labelsFromRecord({ __name__: `m${i % 7}`, le: String(i), odd: i % 2 === 1 ? 'yes' : '' }));

type Step =
  | { readonly kind: 'scrape'; readonly seed: number; readonly rounds: number }
  | { readonly kind: 'late'; readonly series: number; readonly agoMs: number; readonly seed: number }
  | { readonly kind: 'histogram'; readonly series: number; readonly seed: number }
  | { readonly kind: 'pass' | 'jump'; readonly ms: number }
  | { readonly kind: 'close' | 'crash' | 'compact' | 'snapshot' }
  | { readonly kind: 'delete'; readonly series: number; readonly agoMs: number; readonly lengthMs: number };

const series = fc.integer({ min: 0, max: names.length - 1 });
const seed = fc.integer({ min: 1, max: 1_000_000 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('scrape' as const), seed, rounds: fc.integer({ min: 1, max: 40 }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('late' as const), series, agoMs: fc.integer({ min: -1000, max: 2_500_000 }), seed }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('histogram' as const), series, seed }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1000, max: 900_000 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('jump' as const), ms: fc.integer({ min: -7_200_000, max: 7_200_000 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('close' as const, 'crash' as const, 'compact' as const, 'snapshot' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('delete' as const),
      series,
      agoMs: fc.integer({ min: 0, max: 2_500_000 }),
      lengthMs: fc.integer({ min: 0, max: 3_000_000 }),
    }),
  },
);

const odd = new Float64Array(new Uint32Array([2, 0x7ff00000, 1, 0x7ff80000, 0xdeadbeef, 0xfff8aaaa, 0, 0x80000000, 0, 0x7ff00000]).buffer);

/** A value of the kinds that stores meet: counters, decimals, noise, now and then an odd one. Written in place: no arithmetic on NaNs. */
function fill(out: Float64Array, kind: number, i: number, next: () => number): void {
  if (next() < 0.03) out[0] = odd[Math.floor(next() * odd.length)]!;
  else if (kind % 4 === 0) out[0] = i * 10 + Math.floor(next() * 3);
  else if (kind % 4 === 1) out[0] = Math.round(next() * 1000) / 100;
  else if (kind % 4 === 2) out[0] = next();
  else out[0] = 42;
}

/** Histograms of every form: exponential, with and without negative buckets, of custom bounds, and the marker that a series ends with. */
const histogramOf = (next: () => number): Histogram => {
  const positive = Array.from({ length: 1 + Math.floor(next() * 4) }, () => Math.floor(next() * 9));
  const isCustom = next() < 0.3;
  const negative = isCustom || next() < 0.5 ? [] : [Math.floor(next() * 5), next()];
  const value = new Float64Array([next() * 10]);
  if (next() < 0.1) fill(value, 2, 0, () => 0);
  return {
    schema: isCustom ? -53 : 3,
    resetHint: next() < 0.2 ? 'reset' : 'none',
    count: [...positive, ...negative].reduce((a, b) => a + b, 1),
    sum: value[0]!,
    zeroThreshold: isCustom ? 0 : 1e-3,
    zeroCount: isCustom ? 0 : 1,
    positiveSpans: [{ gap: isCustom ? 0 : 2, length: positive.length }],
    positive,
    negativeSpans: negative.length === 0 ? [] : [{ gap: -3, length: negative.length }],
    negative,
    bounds: isCustom ? [0.1, 0.5, 2.5] : [],
  };
};

type Sample = string;
const scratch = new Float64Array(1);
const words = new Uint32Array(scratch.buffer);
const asText = (value: number, histogram: Histogram | undefined): Sample => {
  scratch[0] = value;
  const bits = (): string => `${words[1]!.toString(16)}:${words[0]!.toString(16)}`;
  if (histogram === undefined) return bits();
  scratch[0] = histogram.sum;
  return `${bits()} ${JSON.stringify(histogram)}`;
};

/** The store under test beside what it should hold. */
class Twin {
  #folder = tempFolder();
  #clock = new ManualClock();
  #db = this.#open();
  readonly #held = names.map(() => new Map<number, Sample>());
  /** Values of exemplars by time. */
  readonly #exemplars = names.map(() => new Map<number, number>());
  #newestMs = -Infinity;

  #open(): Tsdb {
    return openTsdb({ folder: this.#folder, clock: this.#clock, limits: { outOfOrderMs, retentionMs, rollAfterMs: 0 } });
  }

  async run(step: Step): Promise<void> {
    if (step.kind === 'scrape') await this.#scrape(step.seed, step.rounds);
    else if (step.kind === 'late') await this.#late(step.series, this.#clock.now() - step.agoMs, step.seed);
    else if (step.kind === 'histogram') await this.#histogram(step.series, step.seed);
    else if (step.kind === 'pass') await this.#clock.advance(step.ms);
    else if (step.kind === 'jump') this.#clock.jump(step.ms);
    else if (step.kind === 'compact') this.#db.compact();
    else if (step.kind === 'delete') this.#delete(step.series, this.#clock.now() - step.agoMs, step.lengthMs);
    else {
      if (step.kind === 'snapshot') await this.#db.snapshot((this.#folder = tempFolder()));
      if (step.kind !== 'crash') await this.#db.close();
      this.#clock = new ManualClock(this.#clock.now());
      this.#db = this.#open();
    }
    this.check();
  }

  async #scrape(seed: number, rounds: number): Promise<void> {
    const next = random(seed);
    const value = new Float64Array(1);
    for (let round = 0; round < rounds; round++) {
      const batch = this.#db.batch();
      const now = this.#clock.now();
      names.forEach((labels, i) => {
        fill(value, i, now / 15_000, next);
        const ref = this.#db.ref(labels);
        if (next() < 0.95) this.#expect(i, now, value[0]!, undefined, batch.add(ref, now, value[0]!));
        if (next() < 0.02 && this.#held[i]!.has(now) && !this.#exemplars[i]!.has(now)) {
          this.#db.addExemplar(ref, { labels: ['trace_id', String(round)], timeMs: now, value: round });
          this.#exemplars[i]!.set(now, round);
        }
      });
      await batch.commit(round % 2 === 0 ? 'process' : 'power');
      await this.#clock.advance(15_000);
    }
  }

  async #late(series: number, timeMs: number, seed: number): Promise<void> {
    const value = new Float64Array(1);
    fill(value, series, seed, random(seed));
    const batch = this.#db.batch();
    const known = [...this.#held[series]!.keys()];
    const when = seed % 5 === 0 && known.length > 0 ? known[seed % known.length]! : timeMs;
    this.#expect(series, when, value[0]!, undefined, batch.add(this.#db.ref(names[series]!), when, value[0]!));
    await batch.commit('process');
  }

  async #histogram(series: number, seed: number): Promise<void> {
    const histogram = histogramOf(random(seed));
    const batch = this.#db.batch();
    const now = this.#clock.now();
    this.#expect(series, now, 0, histogram, batch.addHistogram(this.#db.ref(names[series]!), now, histogram));
    await batch.commit('process');
    await this.#clock.advance(1000);
  }

  #delete(series: number, minMs: number, lengthMs: number): void {
    this.#db.deleteSeries([matcher('le', '=', String(series))], minMs, minMs + lengthMs);
    for (const held of [this.#held[series]!, this.#exemplars[series]!])
      for (const timeMs of held.keys()) if (timeMs >= minMs && timeMs <= minMs + lengthMs) held.delete(timeMs);
  }

  #expect(series: number, timeMs: number, value: number, histogram: Histogram | undefined, verdict: number): void {
    const held = this.#held[series]!;
    const sample = asText(value, histogram);
    const there = held.get(timeMs);
    const ceilingMs = this.#clock.now() + futureMs;
    const fromMs = this.#newestMs > ceilingMs ? this.#clock.now() : this.#newestMs;
    if (timeMs < fromMs - outOfOrderMs) expect(verdict).toBe(verdicts.tooOld);
    else if (timeMs > ceilingMs) expect(verdict).toBe(verdicts.tooFarAhead);
    else if (there !== undefined) expect(verdict).toBe(there === sample ? verdicts.duplicate : verdicts.conflicting);
    else {
      expect(verdict).toBe(verdicts.stored);
      held.set(timeMs, sample);
      this.#newestMs = Math.max(this.#newestMs, timeMs);
    }
  }

  /** Everything that retention must keep is there, bit for bit; what is there beyond that is right too. */
  check(): void {
    const found = new Map<string, Map<number, Sample>>();
    for (const { labels, timesMs, values, histograms } of this.#db.select([matcher('__name__', '=~', 'm.*')], -Infinity, Infinity)) {
      expect([...timesMs].every((timeMs, i) => i === 0 || timesMs[i - 1]! < timeMs)).toBe(true);
      found.set(le(labels), new Map([...timesMs].map((timeMs, i) => [timeMs, asText(values[i]!, histograms?.[i])])));
    }
    expect(this.#db.labelValues('le')).toEqual(this.#db.labelValues('le', [matcher('le', '!=', '')]));
    expect(this.#db.labelNames()).toEqual(this.#db.labelNames([matcher('__name__', '!=', '')]));
    const keepFrom = this.#newestMs - retentionMs;
    names.forEach((labels, i) => {
      const got = found.get(le(labels)) ?? new Map<number, Sample>();
      for (const timeMs of this.#held[i]!.keys()) if (timeMs < keepFrom && !got.has(timeMs)) this.#held[i]!.delete(timeMs);
      expect([...got]).toEqual([...this.#held[i]!].sort(([a], [b]) => a - b));
    });
    this.#checkExemplars(keepFrom);
  }

  /** Those of retention's span are there, and none that was deleted. */
  #checkExemplars(keepFrom: number): void {
    const found = new Map(this.#db.exemplars([matcher('le', '!=', '')], -Infinity, Infinity).map((one) => [le(one.labels), one.exemplars]));
    this.#exemplars.forEach((held, i) => {
      const got = new Map((found.get(le(names[i]!)) ?? []).map(({ timeMs, value }) => [timeMs, value]));
      for (const timeMs of held.keys()) if (timeMs < keepFrom && !got.has(timeMs)) held.delete(timeMs);
      expect([...got]).toEqual([...held].sort(([a], [b]) => a - b));
    });
  }

  async end(): Promise<void> {
    await this.#db.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const le = (labels: Labels): string => labels[labels.indexOf('le') + 1]!;

test('random schedules', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
      const twin = new Twin();
      for (const step of steps) await twin.run(step);
      await twin.end();
    }),
    { seed: 7, numRuns: 25, endOnFailure: false, interruptAfterTimeLimit: 60000, markInterruptAsFailure: false },
  );
});
