import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatLabels, labelsFromRecord, type Labels } from '#core/model/index.ts';
import { evaluateInstant, parseExpr, parseHistogram, samplesOf, type Sample } from '#core/promql/index.ts';
import { createStream } from '#core/rules/index.ts';
import { openTsdb } from '#core/tsdb/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';

const second = 1_000;
const minute = 60_000;
const startMs = Date.UTC(2026, 0, 5);

const exprs = [
  'up == 0',
  'rate(x[1m]) > 1',
  'sum by (job) (rate(x[1m])) > 0.5',
  'sum by (job) (rate(x[1m])) < bool 3',
  'rate(x[5m]) unless on(job) up == 0',
  'max_over_time(sum by (job) (rate(x[1m]))[3m:30s])',
  'absent(up{job="b"})',
  'x offset 1m > 3',
  'count_over_time(x[20m])',
  'changes(x[4m]) > 1',
  'histogram_quantile(0.9, rate(h[2m]))',
  'count({job="a"})',
].map(parseExpr);

const show = (samples: readonly Sample[]): string[] =>
  samples.map(({ labels, value, histogram }) => `${formatLabels(labels)} ${value} ${JSON.stringify(histogram)}`).sort();

type Turn =
  | { readonly act: 'add'; readonly samples: readonly { readonly labels: Labels; readonly agoMs: number; readonly value: number | 'stale' }[] }
  | { readonly act: 'delete'; readonly job: string }
  | { readonly act: 'restart' };

const series = fc.constantFrom(
  { __name__: 'up', job: 'a' },
  { __name__: 'up', job: 'b' },
  { __name__: 'x', job: 'a', i: '1' },
  { __name__: 'x', job: 'a', i: '2' },
  { __name__: 'x', job: 'b', i: '1' },
);
const ago = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 4 * second }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 4 * minute }) },
);
const value = fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 0, max: 20 }) }, { weight: 1, arbitrary: fc.constant('stale' as const) });
const samples = fc.array(fc.record({ labels: series.map(labelsFromRecord), agoMs: ago, value }), { minLength: 1, maxLength: 8 });
const turn: fc.Arbitrary<Turn> = fc.oneof(
  { weight: 12, arbitrary: samples.map((given) => ({ act: 'add' as const, samples: given })) },
  { weight: 1, arbitrary: fc.constantFrom('a', 'b').map((job) => ({ act: 'delete' as const, job })) },
  { weight: 1, arbitrary: fc.constant({ act: 'restart' as const }) },
);

/** A store with a stream on it, on a clock of the test's. */
class Streamed {
  readonly clock = new ManualClock(startMs);
  readonly #folder = tempFolder();
  #count = 0;
  store = openTsdb({ folder: this.#folder, clock: this.clock });
  stream = createStream({ store: this.store, windowMaxMs: 10 * minute });

  async take(one: Turn): Promise<void> {
    if (one.act === 'add') await this.#add(one.samples);
    else if (one.act === 'delete') this.store.deleteSeries([{ name: 'job', op: '=', value: one.job }], 0, this.clock.now());
    else await this.#restart();
  }

  async #add(given: (Turn & { act: 'add' })['samples']): Promise<void> {
    const nowMs = this.clock.now();
    const batch = this.store.batch();
    for (const { labels, agoMs, value: number } of given) {
      const ref = this.store.ref(labels);
      if (number === 'stale') batch.addStale(ref, nowMs - agoMs);
      else batch.add(ref, nowMs - agoMs, number);
    }
    this.#count += 3;
    const { value: histogram } = parseHistogram(`{{schema:0 count:${this.#count} sum:${this.#count} buckets:[${this.#count}]}}`);
    batch.addHistogram(this.store.ref(['__name__', 'h']), nowMs, histogram);
    await batch.commit('process');
  }

  async #restart(): Promise<void> {
    this.stream.close();
    await this.store.close();
    this.store = openTsdb({ folder: this.#folder, clock: this.clock });
    this.stream = createStream({ store: this.store, windowMaxMs: 10 * minute });
    this.stream.plan(exprs);
  }

  async close(): Promise<void> {
    this.stream.close();
    await this.store.close();
  }
}

describe('a stream on the metric store', () => {
  test('gives what the query gives: late samples, stale markers, histograms, deletions, restarts, upkeep', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(turn, fc.integer({ min: 1, max: 40 })), { minLength: 3, maxLength: 25 }), async (turns) => {
        const streamed = new Streamed();
        streamed.stream.plan(exprs);
        for (const [one, seconds] of turns) {
          await streamed.clock.advance(seconds * second);
          await streamed.take(one);
          for (const expr of exprs) {
            const nowMs = streamed.clock.now();
            const answer = (await streamed.stream.query(expr, nowMs)) as readonly Sample[];
            expect(show(answer)).toEqual(show(samplesOf(await evaluateInstant(streamed.store, expr, nowMs))));
          }
        }
        await streamed.close();
      }),
      { seed: 41, numRuns: 25 },
    );
  }, 240_000);

  test('a store that nobody observes tells nobody, and one that was observed stops', async () => {
    const streamed = new Streamed();
    const told: number[] = [];
    const stop = streamed.store.observe({ added: ({ refs }) => told.push(refs.length), changed: () => told.push(-1) });
    const up = labelsFromRecord({ __name__: 'up', job: 'a' });
    await streamed.take({
      act: 'add',
      samples: [
        { labels: up, agoMs: 0, value: 1 },
        { labels: up, agoMs: 0, value: 1 },
      ],
    });
    await streamed.take({ act: 'delete', job: 'a' });
    stop();
    await streamed.take({ act: 'delete', job: 'b' });
    expect(told).toEqual([1, -1]);
    await streamed.close();
  });
});
