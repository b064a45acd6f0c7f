import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { labelsFromRecord, type Clock, type SeriesColumns } from '#core/model/index.ts';
import { createQueries, evaluateInstant, evaluateRange, memorySource, type ExplainNode, type SeriesSource } from '#core/promql/index.ts';

/** A clock whose every look at it takes `tickMs`, so that work takes time that does not depend on the machine. */
function tickingClock(tickMs: number): Clock {
  let nowMs = 0;
  return { now: () => nowMs, monotonicMs: () => (nowMs += tickMs), after: () => () => undefined };
}

const stepMs = 15_000;
const points = 960;
const range = { startMs: 0, endMs: (points - 1) * stepMs, stepMs };
const timesMs = Float64Array.from({ length: points }, (_, i) => i * stepMs);

function counters(count: number): SeriesColumns[] {
  return Array.from({ length: count }, (_, i) => ({
    labels: labelsFromRecord({ __name__: 'requests_total', job: `job-${i % 4}`, instance: `host-${i}` }),
    timesMs,
    values: timesMs.map((_, k) => k * (i + 1)),
  }));
}

const source = memorySource(counters(200));

describe('limits', () => {
  test('samples', async () => {
    const limits = { samplesMax: 50_000 };
    await expect(evaluateRange(source, 'requests_total', range, { limits })).rejects.toMatchObject({ code: 'limit' });
    expect((await evaluateRange(source, 'sum(requests_total)', range, { limits })).series).toHaveLength(1);
  });

  test('points of a series', async () => {
    await expect(evaluateRange(source, 'vector(1)', { startMs: 0, endMs: 11_000_000, stepMs: 1_000 })).rejects.toMatchObject({ code: 'limit' });
    expect((await evaluateRange(source, 'vector(1)', { startMs: 0, endMs: 10_999_000, stepMs: 1_000 })).series[0]?.values).toHaveLength(11_000);
  });

  test('time', async () => {
    const clock = tickingClock(20);
    const run = evaluateRange(source, 'sum(rate(requests_total[5m]))', range, { clock, limits: { durationMs: 100 } });
    await expect(run).rejects.toMatchObject({ code: 'timeout' });
  });

  test.each([
    [{ startMs: 0, endMs: 1_000, stepMs: 0 }, /zero or negative query resolution/],
    [{ startMs: 1_000, endMs: 0, stepMs: 1_000 }, /end timestamp must not be before start time/],
  ])('ranges that are none', async (bad, message) => {
    await expect(evaluateRange(source, 'vector(1)', bad)).rejects.toThrow(message);
  });

  test('a range vector is no answer over a range', async () => {
    await expect(evaluateRange(source, 'requests_total[5m]', range)).rejects.toThrow(/invalid expression type "range vector"/);
  });
});

describe('others get their turn', () => {
  test('a long query pauses every 5 ms', async () => {
    const clock = tickingClock(1);
    let pauses = 0;
    const breathe = (): Promise<void> => {
      pauses++;
      return setImmediate();
    };
    await evaluateRange(source, 'topk(3, sum by (job) (rate(requests_total[5m])) * on (job) group_right () requests_total)', range, {
      clock,
      breathe,
    });
    const lookedMs = clock.monotonicMs();
    expect(pauses).toBeGreaterThan(1);
    expect(pauses).toBeLessThanOrEqual(lookedMs / 5);
  });

  test('and ends at the next pause when it is cancelled', async () => {
    const controller = new AbortController();
    let pauses = 0;
    const breathe = async (): Promise<void> => {
      if (++pauses === 2) controller.abort();
      await setImmediate();
    };
    const run = evaluateRange(source, 'sum(rate(requests_total[5m]))', range, { clock: tickingClock(5), breathe, signal: controller.signal });
    await expect(run).rejects.toMatchObject({ code: 'cancelled' });
    expect(pauses).toBe(2);
  });

  test('a query that is cancelled beforehand asks the source nothing', async () => {
    const refusing: SeriesSource = { select: () => expect.unreachable() };
    const signal = AbortSignal.abort();
    await expect(evaluateInstant(refusing, 'up', 0, { signal })).rejects.toMatchObject({ code: 'cancelled' });
  });
});

test('the source is asked for what the windows can reach, and no more', async () => {
  const asked: [number, number][] = [];
  const watched: SeriesSource = {
    select: (_matchers, minMs, maxMs) => {
      asked.push([minMs, maxMs]);
      return [];
    },
  };
  const span = { startMs: 1_000_000, endMs: 1_060_000, stepMs: 30_000 };
  await evaluateRange(watched, 'a + rate(b[1m] offset 30s) + sum_over_time(c[2m] @ 500) + max_over_time(d[1m:20s])', span);
  expect(asked).toEqual([
    [700_001, 1_060_000],
    [910_001, 1_030_000],
    [380_001, 500_000],
    [660_001, 1_060_000],
  ]);
});

test('statistics', async () => {
  const { stats } = await evaluateRange(source, 'sum(rate(requests_total[1m]))', range, { clock: tickingClock(1) });
  expect(stats).toMatchObject({ seriesCount: 200, samplesLoaded: 200 * points, bytesRead: 200 * points * 16 });
  // Windows of 4 samples, fewer at the first three steps.
  expect(stats.samplesRead).toBe(200 * (4 * points - 6));
  expect(stats.totalMs).toBeGreaterThanOrEqual(stats.selectMs);
  expect(stats.evaluateMs).toBeCloseTo(stats.totalMs - stats.selectMs);
});

describe('explain', () => {
  const flat = (node: ExplainNode): ExplainNode[] => [node, ...node.parts.flatMap(flat)];

  test('each part with its series and labels', async () => {
    const query = 'topk(2, (sum by (job) (rate(requests_total[5m])))) > 0';
    const { explain } = await evaluateRange(source, query, range, { clock: tickingClock(1), explain: true });
    expect(
      flat(explain!).map(({ text, type, seriesCount, labels }) => [text, type, seriesCount, labels.map((l) => `${l.name}:${l.values}`)]),
    ).toEqual([
      ['topk(2, (sum by (job) (rate(requests_total[5m])))) > 0', 'vector', 2, ['job:2']],
      ['topk(2, (sum by (job) (rate(requests_total[5m]))))', 'vector', 2, ['job:2']],
      ['2', 'scalar', 0, []],
      ['sum by (job) (rate(requests_total[5m]))', 'vector', 4, ['job:4']],
      ['rate(requests_total[5m])', 'vector', 200, ['instance:200', 'job:4']],
      ['requests_total[5m]', 'matrix', 200, ['instance:200', 'job:4', '__name__:1']],
      ['0', 'scalar', 0, []],
    ]);
    expect(query.slice(explain!.parts[0]!.place.from, explain!.parts[0]!.place.to)).toBe('topk(2, (sum by (job) (rate(requests_total[5m]))))');
  });

  test('times add up', async () => {
    const { explain, stats } = await evaluateInstant(source, 'count(requests_total) + on () sum(timestamp(requests_total))', 600_000, {
      clock: tickingClock(1),
      explain: true,
    });
    const parts = flat(explain!);
    expect(parts.reduce((sum, { selfMs }) => sum + selfMs, 0)).toBe(explain!.totalMs);
    expect(explain!.totalMs).toBeLessThanOrEqual(stats.totalMs);
    expect(parts.filter(({ kind }) => kind === 'selector').map(({ selfMs }) => selfMs > 0)).toEqual([true, true]);
  });

  test('only when asked for', async () => {
    expect(await evaluateInstant(source, 'vector(1)', 0)).not.toHaveProperty('explain');
  });
});

describe('a lane of queries', () => {
  /** A lane in which one query runs at a time, and what ends the one that runs. */
  function narrowLane(waitingMax = 64) {
    const gate = Promise.withResolvers<void>();
    const slow: SeriesSource = { select: (...asked) => gate.promise.then(() => source.select(...asked)) };
    const queries = createQueries({ source: slow, clock: tickingClock(1), breathe: setImmediate, runningMax: 1, waitingMax });
    return { queries, open: gate.resolve };
  }

  test('tells how long a query waited for its turn', async () => {
    const { queries, open } = narrowLane();
    const [first, second] = [queries.instant('requests_total', 60_000), queries.instant('requests_total', 60_000)];
    open();
    const [atOnceMs, waitedMs] = [(await first).stats.queuedMs, (await second).stats.queuedMs];
    expect(atOnceMs).toBeLessThan(5);
    expect(waitedMs).toBeGreaterThan(atOnceMs + (await first).stats.totalMs);
  });

  test('who gives up leaves the place to others', async () => {
    const { queries, open } = narrowLane(1);
    const first = queries.instant('requests_total', 60_000);
    const leaving = new AbortController();
    const second = queries.instant('requests_total', 60_000, { signal: leaving.signal });
    await expect(queries.instant('requests_total', 60_000)).rejects.toMatchObject({ code: 'limit' });
    leaving.abort();
    await expect(second).rejects.toMatchObject({ code: 'cancelled' });
    const third = queries.instant('requests_total', 60_000);
    open();
    expect((await first).type).toBe('vector');
    expect((await third).type).toBe('vector');
    expect(queries.counts).toEqual({ answered: 2, failed: 0, running: 0 });
  });
});
