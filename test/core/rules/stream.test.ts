import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatLabels, labelsFromRecord, messageOf } from '#core/model/index.ts';
import { evaluateInstant, parseExpr, parseHistogram, samplesOf, type Sample } from '#core/promql/index.ts';
import { createRules, createStream, type RuleQuery } from '#core/rules/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { FeedStore, fedSamples, type FedSample } from './feed-store.ts';

const second = 1_000;
const minute = 60_000;

/** Of every kind that may be shared, read from a window, or has to be asked anew. */
const exprs = [
  'up == 0',
  'rate(x[1m]) > 1',
  'rate(x[1m]) > 5',
  'sum by (job) (rate(x[1m])) > 0.5',
  'sum by (job) (rate(x[1m])) / on(job) count by (job) (up) > 0.1',
  'sum by (job) (rate(x[1m])) < bool 3',
  'rate(x[5m]) unless on(job) up == 0',
  'max_over_time(sum by (job) (rate(x[1m]))[3m:30s])',
  'absent(rate(x{job="none"}[1m]))',
  'absent(up{job="b"})',
  'timestamp(up) < time() - 20',
  'timestamp(sum by (job) (rate(x[1m])))',
  'x offset 1m > 3',
  'x @ 120 > 3',
  'sum_over_time(x[20m]) > 10',
  'topk(1, rate(x[1m]))',
  'topk(1, rate(x[1m])) or rate(x[1m])',
  'histogram_quantile(0.9, rate(h[2m]))',
  'histogram_count(rate(h[2m])) > 0',
  'count({job="a"})',
  'x + on(job) group_left up',
  'recorded > 2',
  'count(ALERTS) by (alertname)',
  'sum(rate(x[1m])) > 1 and sum(rate(x[1m])) < 100',
  '-sum by (job) (rate(x[1m]))',
  'label_replace(rate(x[1m]), "y", "$1", "job", "(.*)") > 1',
  'sum(sum by (job) (rate(x[1m])))',
  'avg(sum by (job, i) (rate(x[1m])) * 1.1)',
  'vector(1) + scalar(sum(rate(x[1m])))',
  'predict_linear(x[3m], 60)',
  'x == x',
].map(parseExpr);

/** A vector has no order of its own. */
const show = (samples: readonly Sample[]): string[] =>
  samples
    .map((sample) => `${formatLabels(sample.labels)} ${sample.value} ${sample.histogram === undefined ? '' : JSON.stringify(sample.histogram)}`)
    .sort();

async function outcome(query: () => Promise<readonly Sample[]>): Promise<unknown> {
  try {
    return show(await query());
  } catch (error) {
    return messageOf(error);
  }
}

const histogram = (count: number) => parseHistogram(`{{schema:0 count:${count} sum:${count} buckets:[${count}]}}`).value;

describe('streamed answers are the query’s own', () => {
  const series = fc.constantFrom(
    { __name__: 'up', job: 'a' },
    { __name__: 'up', job: 'b' },
    { __name__: 'x', job: 'a', i: '1' },
    { __name__: 'x', job: 'a', i: '2' },
    { __name__: 'x', job: 'b', i: '1' },
    { __name__: 'recorded', job: 'a' },
  );
  const sample = fc.record({
    labels: series.map(labelsFromRecord),
    /** Before the present; some come late. */
    agoMs: fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 0, max: 4 * second }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 4 * minute }) },
    ),
    value: fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 0, max: 20 }) }, { weight: 1, arbitrary: fc.constant('stale' as const) }),
  });
  const counts = fc.integer({ min: 1, max: 9 });
  const turn = fc.record({
    afterMs: fc.integer({ min: 1, max: 40 * second }),
    samples: fc.array(sample, { maxLength: 6 }),
    counts,
    quiet: fc.boolean(),
  });

  test('whatever arrives, in whatever order, and whoever asks first', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { minLength: 2, maxLength: 25 }), fc.shuffledSubarray(exprs, { minLength: 5 }), async (turns, asked) => {
        const store = new FeedStore();
        const stream = createStream({ store, windowMaxMs: 10 * minute });
        stream.plan(exprs);
        let nowMs = 100 * second;
        let count = 0;
        for (const { afterMs, samples, counts: more, quiet } of turns) {
          nowMs += afterMs;
          const fed: FedSample[] = samples.map(({ labels, agoMs, value }) => ({ labels, timeMs: nowMs - agoMs, value }));
          count += more;
          store.add([...fed, { labels: ['__name__', 'h'], timeMs: nowMs, value: histogram(count) }]);
          if (quiet) continue;
          for (const expr of asked) {
            const streamed = await outcome(async () => (await stream.query(expr, nowMs)) as readonly Sample[]);
            expect(streamed).toEqual(await outcome(async () => samplesOf(await evaluateInstant(store, expr, nowMs))));
          }
        }
      }),
      { seed: 23, numRuns: 150 },
    );
  });

  test('a rule sees what the rules before it wrote at the same time', async () => {
    const text = `groups: [{name: g, rules: [
      {record: recorded, expr: 'sum by (job) (rate(x[1m]))'},
      {record: twice, expr: 2 * sum by (job) (recorded)},
      {alert: Much, expr: sum by (job) (recorded) > 0},
      {record: much, expr: count(ALERTS)},
      {record: again, expr: 3 * sum by (job) (recorded)},
      {record: recorded, expr: sum by (job) (recorded) + 1, labels: {of: other}},
      {record: last, expr: 4 * sum by (job) (recorded)}]}]`;
    const written: string[][] = [];
    for (const streamed of [false, true]) {
      const store = new FeedStore();
      const stream = createStream({ store });
      const asked: RuleQuery = async (expr, timeMs) => samplesOf(await evaluateInstant(store, expr, timeMs));
      const lines: string[] = [];
      const rules = createRules({
        query: streamed ? stream.query : asked,
        ...(streamed && { stream }),
        append: (made) => {
          lines.push(...made.labels.map((labels, i) => `${made.timeMs} ${formatLabels(labels)} ${made.values[i]}`));
          store.add(fedSamples(made));
        },
        clock: new ManualClock(),
        onAlerts: () => undefined,
      });
      expect(await rules.load([{ path: 'f', text }])).toEqual([]);
      for (let at = 1; at < 12; at++) {
        store.add([{ labels: labelsFromRecord({ __name__: 'x', job: 'a' }), timeMs: at * 15 * second, value: at * at }]);
        await rules.evaluate(at * 15 * second);
      }
      written.push(lines);
    }
    expect(written[1]).toEqual(written[0]);
    expect(written[0]!.length).toBeGreaterThan(60);
  });
});

describe('what is shared', () => {
  function feed(store: FeedStore, atMs: number): void {
    for (const job of ['a', 'b']) store.add([{ labels: labelsFromRecord({ __name__: 'x', job }), timeMs: atMs, value: atMs }]);
  }

  test('a thousand thresholds over one expression work it out once a time, and read the store once', async () => {
    const store = new FeedStore();
    const stream = createStream({ store });
    const rules = Array.from({ length: 1000 }, (_, i) => parseExpr(`sum by (job) (rate(x[1m])) > ${i}`));
    stream.plan(rules);
    for (let at = 1; at <= 40; at++) {
      feed(store, at * 15 * second);
      for (const expr of rules) await stream.query(expr, at * 15 * second);
    }
    expect(stream.counts()).toEqual({ shared: 40 * 999, evaluated: 40 * 1001 });
    expect(store.reads).toBeLessThan(5);
  });

  test('what is deleted is not remembered', async () => {
    const store = new FeedStore();
    const stream = createStream({ store });
    const rules = ['sum(count_over_time(x[5m])) > 0', 'sum(count_over_time(x[5m])) > 1'].map(parseExpr);
    stream.plan(rules);
    feed(store, minute);
    expect(await stream.query(rules[0]!, minute)).toMatchObject([{ value: 2 }]);
    store.delete(labelsFromRecord({ __name__: 'x', job: 'a' }));
    expect(await stream.query(rules[0]!, minute)).toMatchObject([{ value: 1 }]);
  });

  test('a shared expression that fails fails each of its rules, and is tried again the next time', async () => {
    const store = new FeedStore();
    const stream = createStream({ store });
    const [one, two] = ['(x + on() up) > 1', '(x + on() up) > 2'].map(parseExpr);
    stream.plan([one!, two!]);
    feed(store, minute);
    store.add(['a', 'b'].map((job) => ({ labels: labelsFromRecord({ __name__: 'up', job }), timeMs: minute, value: 1 })));
    await expect(stream.query(one!, minute)).rejects.toThrow('found duplicate series');
    await expect(stream.query(two!, minute)).rejects.toThrow('found duplicate series');
    expect(await stream.query(two!, 20 * minute)).toEqual([]);
  });

  test.each([
    ['rate(x[5m]) > 1', ''],
    ['x offset 1h', ''],
    ['avg_over_time(x[30d]) > 1', 'it reads 30d of {__name__="x"}, more than the 2h that are kept in memory'],
    ['max_over_time(rate(x[5m])[1d:1m]) > 1', 'it reads 1d5m of {__name__="x"}, more than the 2h that are kept in memory'],
    ['x @ 100 > 1', '{__name__="x"} is read at a fixed time'],
  ])('%s: %s', (text, why) => {
    const stream = createStream({ store: new FeedStore() });
    expect(stream.explain(parseExpr(text))).toEqual({ streamed: why === '', why });
  });
});
