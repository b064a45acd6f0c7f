/** What changed: baselines by wish, a chart for each row, and work that gives way and can be called off. */
import { describe, expect, test } from 'vitest';
import { Pace, whatChanged, type CallSpan, type IncidentData, type LogEvent, type ServiceSeries } from '#core/correlate/index.ts';
import { ManualClock } from '../../support/clock.ts';

const nothing: IncidentData = { series: [], edges: [], spans: [], logs: [] };
const dayMs = 86_400_000;
const window = { startMs: dayMs + 3_600_000, endMs: dayMs + 4_200_000 };
const yesterday = { startMs: window.startMs - dayMs, endMs: window.endMs - dayMs };

/** A point every ten seconds of the range, by its time. */
function series(
  name: string,
  value: (timeMs: number) => number,
  ranges = [{ startMs: window.startMs - 3_600_000, endMs: window.endMs }],
): ServiceSeries {
  const times = ranges.flatMap(({ startMs, endMs }) =>
    Array.from({ length: Math.floor((endMs - startMs) / 10_000) }, (_, i) => startMs + i * 10_000),
  );
  return { service: 'web', metric: name, name, timesMs: Float64Array.from(times), values: Float64Array.from(times, value) };
}

const calm = (timeMs: number): number => 1 + Math.sin(timeMs / 10_000) * 0.1;
const isDuring = (timeMs: number): boolean => timeMs >= window.startMs;

describe('the baseline', () => {
  test('may be another day: what has been so since this morning is found against yesterday, not against the hour before', async () => {
    const ranges = [yesterday, { startMs: window.startMs - 3_600_000, endMs: window.endMs }];
    const shifted = series('queue', (timeMs) => calm(timeMs) + (timeMs > dayMs ? 5 : 0), ranges);
    const data = { ...nothing, series: [shifted, series('cpu', calm, ranges)] };
    expect((await whatChanged(data, window)).changes).toEqual([]);
    const { changes, baseline } = await whatChanged(data, window, yesterday);
    expect(baseline).toEqual(yesterday);
    expect(changes.map(({ subject, pointsBefore, pointsDuring }) => [subject, pointsBefore, pointsDuring])).toEqual([['queue', 60, 60]]);
  });

  test('may lie after the window', async () => {
    const after = { startMs: window.endMs + 1, endMs: window.endMs + 3_600_000 };
    const spike = series('errors', (timeMs) => calm(timeMs) + (isDuring(timeMs) && timeMs <= window.endMs ? 4 : 0), [window, after]);
    expect((await whatChanged({ ...nothing, series: [spike] }, window, after)).changes.map(({ kind }) => kind)).toEqual(['metric']);
  });
});

function spans(): CallSpan[] {
  return Array.from({ length: 240 }, (_, i): CallSpan[] => {
    const startMs = window.startMs - 1_800_000 + i * 10_000;
    const slow = isDuring(startMs);
    const base = { traceId: `t${i}`, startMs, isError: false };
    const attributes = [
      ['region', slow && i % 2 === 0 ? 'north' : 'south'],
      ['service.version', slow ? '2.0' : '1.9'],
    ] as const;
    return [
      { ...base, service: 'web', operation: 'GET', spanId: 'a', parentId: '', durationMs: slow ? 105 : 15 },
      { ...base, service: 'cart', operation: 'get', spanId: 'b', parentId: 'a', durationMs: slow ? 100 : 10, isError: slow, attributes },
    ];
  }).flat();
}

const lines = (): LogEvent[] =>
  Array.from({ length: 240 }, (_, i) => {
    const timeMs = window.startMs - 1_800_000 + i * 10_000;
    return { service: 'cart', timeMs, traceId: '', spanId: '', isError: isDuring(timeMs), pattern: isDuring(timeMs) ? 'timed out' : 'found' };
  });

test('every row has a chart over baseline and window, whatever its kind; a new version of spans is a deploy', async () => {
  const data = { ...nothing, series: [series('cpu', (timeMs) => calm(timeMs) + (isDuring(timeMs) ? 5 : 0))], spans: spans(), logs: lines() };
  const { changes, changeCount } = await whatChanged(data, window);
  const byKind = new Map(changes.map((change) => [change.kind, change]));
  expect([...byKind.keys()].sort()).toEqual(['attribute', 'deploy', 'edge', 'errors', 'latency', 'log', 'metric']);
  expect(changeCount).toBe(changes.length);
  for (const { chart, kind } of changes) {
    const before = chart.values.filter((_, i) => chart.timesMs[i]! < window.startMs);
    const during = chart.values.filter((_, i) => chart.timesMs[i]! >= window.startMs);
    const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect([kind, before.length > 4, during.length > 4, mean(during) !== mean(before)]).toEqual([kind, true, true, true]);
  }
  expect(byKind.get('deploy')).toMatchObject({ service: 'cart', subject: 'service.version=2.0' });
  // Six calls a minute, every one of them timed out.
  expect(byKind.get('log')!.chart.values.at(-1)).toBeCloseTo(6, 0);
  expect(byKind.get('errors')!.chart.values.at(-1)).toBe(1);
});

describe('attributes of spans', () => {
  /** A trace a second of two spans each, with what `attributesOf` says of it; the window is the last sixth. */
  const traced = (attributesOf: (i: number, isIn: boolean) => Readonly<Record<string, string>>): IncidentData => {
    const all = Array.from({ length: 3600 }, (_, i): CallSpan[] => {
      const startMs = window.endMs - 3_600_000 + i * 1000;
      const attributes = Object.entries(attributesOf(i, isDuring(startMs)));
      const base = { traceId: `t${i}`, service: 'web', operation: 'GET', startMs, durationMs: 5, isError: false, attributes };
      return [
        { ...base, spanId: 'a', parentId: '' },
        { ...base, spanId: 'b', parentId: 'a' },
      ];
    });
    return { ...nothing, spans: all.flat() };
  };
  const found = async (data: IncidentData): Promise<string[]> => {
    const changes = await whatChanged(data, window);
    return changes.changes.filter(({ kind }) => kind === 'attribute' || kind === 'deploy').map(({ subject }) => subject);
  };

  test('ids of single traces are no rows, and do not hide what else is new, however many they are', async () => {
    const data = traced((i, isIn) => ({ 'order.id': `o${i}`, 'cart.id': `c${i}`, ...(isIn ? { 'feature.flag': 'new-cart' } : {}) }));
    expect(await found(data)).toEqual(['feature.flag=new-cart']);
  });

  test('one tenant among many with most of the load is a row', async () => {
    const data = traced((i, isIn) => ({ tenant: isIn && i % 2 === 0 ? 'acme' : `t${i % 300}` }));
    expect(await found(data)).toEqual(['tenant=acme']);
  });
});

test("the two halves of a call that share one id are a call, and the time of the server is not the client's own", async () => {
  const calls = Array.from({ length: 240 }, (_, i): CallSpan[] => {
    const startMs = window.startMs - 1_800_000 + i * 10_000;
    const slowMs = isDuring(startMs) ? 90 : 0;
    const base = { traceId: `t${i}`, spanId: 'a', parentId: '', isError: false };
    return [
      { ...base, service: 'web', operation: 'call', startMs, durationMs: 12 + slowMs },
      { ...base, service: 'cart', operation: 'get', startMs: startMs + 1, durationMs: 10 + slowMs },
      { ...base, service: 'cart', operation: 'read', spanId: 'b', parentId: 'a', startMs: startMs + 2, durationMs: 8 },
    ];
  }).flat();
  const { changes } = await whatChanged({ ...nothing, spans: calls }, window);
  expect(changes.map(({ kind, service, subject }) => [kind, service, subject])).toEqual([
    ['latency', 'cart', 'get'],
    ['edge', 'cart', 'web calls cart'],
  ]);
});

describe('giving way', () => {
  /** A clock on which every look costs a millisecond. */
  class Ticking extends ManualClock {
    #ms = 0;
    override monotonicMs(): number {
      return ++this.#ms;
    }
  }

  test('others get their turn every few milliseconds, and the answer is the same', async () => {
    const data = { ...nothing, series: Array.from({ length: 3_000 }, (_, i) => series(`m${i}`, calm)) };
    let turns = 0;
    const pace = new Pace({ clock: new Ticking(), breathe: async () => void turns++ });
    expect(await whatChanged(data, window, undefined, pace)).toEqual(await whatChanged(data, window));
    expect(turns).toBeGreaterThan(20);
  });

  test('what nobody waits for any more ends at the next turn', async () => {
    const abort = new AbortController();
    let turns = 0;
    const breathe = async (): Promise<void> => {
      if (++turns === 3) abort.abort();
    };
    const pace = new Pace({ clock: new Ticking(), breathe, signal: abort.signal });
    const data = { ...nothing, series: Array.from({ length: 3_000 }, (_, i) => series(`m${i}`, calm)) };
    await expect(whatChanged(data, window, undefined, pace)).rejects.toMatchObject({ code: 'cancelled' });
    expect(turns).toBe(3);
  });
});
