import { describe, expect, test } from 'vitest';
import {
  patternOf,
  rankRootCauses,
  serviceOfLabels,
  whatChanged,
  workloadOfPod,
  type CallSpan,
  type IncidentData,
  type LogEvent,
  type ServiceSeries,
} from '#core/correlate/index.ts';
import { labelsFromRecord } from '#core/model/index.ts';

const window = { startMs: 600_000, endMs: 900_000 };
const nothing: IncidentData = { series: [], edges: [], spans: [], logs: [] };

/** A point every ten seconds from 0 to 15 min, `value` by its number; the window begins at number 60. */
function series(service: string, metric: string, value: (i: number) => number): ServiceSeries {
  const timesMs = Float64Array.from({ length: 90 }, (_, i) => i * 10_000);
  return { service, metric, name: `${metric}{service="${service}"}`, timesMs, values: Float64Array.from({ length: 90 }, (_, i) => value(i)) };
}

const wave = (i: number): number => 1 + Math.sin(i) * 0.1;
const jump =
  (by: number) =>
  (i: number): number =>
    wave(i) + (i >= 60 ? by : 0);
const ranking = async (data: Partial<IncidentData>): Promise<string[]> =>
  (await rankRootCauses({ ...nothing, ...data }, window)).suspects.map(({ service }) => service);

describe('metrics', () => {
  test('the service whose metric moved most leads, whatever its unit', async () => {
    const data = [series('a', 'cpu', jump(0.5)), series('b', 'cpu', jump(3)), series('c', 'bytes', (i) => 1e9 * jump(0.2)(i))];
    expect(await ranking({ series: data })).toEqual(['b', 'a', 'c']);
  });

  test('one stray point is no fault; a fault told late is one', async () => {
    const stray = series('stray', 'cpu', (i) => (i === 75 ? 1000 : wave(i)));
    const early = series('early', 'cpu', (i) => wave(i) + (i >= 54 ? 3 : 0));
    const answer = await rankRootCauses({ ...nothing, series: [series('calm', 'cpu', wave), stray, early] }, window);
    expect(answer.suspects.find(({ service }) => service === 'early')!.evidence[0]).toMatchObject({
      kind: 'metric',
      pointsBefore: 60,
      pointsDuring: 30,
    });
    expect((await ranking({ series: [series('calm', 'cpu', wave), early] }))[0]).toBe('early');
  });

  test('what a callee shows too is no cause at its caller', async () => {
    const moved = [
      series('web', 'latency', jump(3.2)),
      series('cart', 'latency', jump(3)),
      series('db', 'latency', jump(2.9)),
      series('calm', 'latency', wave),
    ];
    expect((await ranking({ series: moved }))[0]).toBe('web');
    const edges = [
      { caller: 'web', callee: 'cart' },
      { caller: 'cart', callee: 'db' },
      { caller: 'web', callee: 'calm' },
    ];
    expect((await ranking({ series: moved, edges }))[0]).toBe('db');
  });

  test.each([
    ['constant', () => 5],
    ['never a number', () => NaN],
    ['infinite', () => Infinity],
    ['constant until it moves', (i: number) => (i >= 60 ? 5.0001 : 5)],
  ])('a series that is %s breaks nothing', async (_name, value) => {
    const answer = await rankRootCauses({ ...nothing, series: [series('odd', 'cpu', value), series('bad', 'cpu', jump(3))] }, window);
    expect(answer.suspects[0]!.service).toBe('bad');
    expect(answer.suspects.every(({ score }) => Number.isFinite(score))).toBe(true);
  });

  test('a shift that stood long before the window is none of it', async () => {
    const edges = [
      { caller: 'web', callee: 'old' },
      { caller: 'web', callee: 'new' },
    ];
    const far = { ...series('old', 'cpu', () => 9), timesMs: Float64Array.from({ length: 90 }, (_, i) => (i < 60 ? 9e8 + i * 10_000 : i * 10_000)) };
    const old = { ...far, values: Float64Array.from({ length: 90 }, (_, i) => (i < 60 ? wave(i) : 9 + wave(i))) };
    expect((await ranking({ series: [old, series('new', 'cpu', jump(2)), series('web', 'cpu', jump(1))], edges }))[0]).toBe('new');
  });

  test('nothing gives no suspect, and says why', async () => {
    const answer = await rankRootCauses(nothing, window);
    expect(answer.suspects).toEqual([]);
    expect(answer.notes[0]).toMatch(/^not enough data for metrics/);
  });
});

/** Thirty traces before the window and thirty in it: web calls cart, and cart works for `selfMs`. */
function traces(selfMs: (isDuring: boolean) => number): CallSpan[] {
  return Array.from({ length: 60 }, (_, i): CallSpan[] => {
    const startMs = i * 15_000;
    const ownMs = selfMs(startMs >= window.startMs) * (1 + (i % 5) * 0.02);
    const base = { traceId: `t${i}`, isError: false };
    return [
      { ...base, service: 'web', operation: 'GET', spanId: 'a', parentId: '', startMs, durationMs: ownMs + 5 },
      { ...base, service: 'cart', operation: 'get', spanId: 'b', parentId: 'a', startMs: startMs + 2, durationMs: ownMs },
    ];
  }).flat();
}

describe('traces and logs', () => {
  test('own time tells the slow service from those that wait for it', async () => {
    const answer = await rankRootCauses({ ...nothing, spans: traces((isDuring) => (isDuring ? 80 : 10)) }, window);
    expect(answer.suspects[0]!.service).toBe('cart');
    expect(answer.suspects[0]!.evidence[0]).toMatchObject({ kind: 'latency', subject: 'get', pointsBefore: 40, pointsDuring: 20 });
    expect(answer.suspects[0]!.evidence[0]!.text).toMatch(/^own time of get rose from 1\d\.?\d* to 8\d/);
  });

  test('an error counts where it begins', async () => {
    const spans = traces(() => 10).map((span) => ({ ...span, isError: span.startMs >= window.startMs }));
    expect((await rankRootCauses({ ...nothing, spans }, window)).suspects[0]!.service).toBe('cart');
  });

  test('a line that no longer follows another names its service', async () => {
    const spans = traces(() => 10);
    const line = (service: string, spanId: string, i: number, pattern: string, at: number): LogEvent => ({
      service,
      traceId: `t${i}`,
      spanId,
      timeMs: i * 15_000 + at,
      isError: false,
      pattern,
    });
    const logs = Array.from({ length: 60 }, (_, i) => [
      line('web', 'a', i, 'asked', 1),
      line('cart', 'b', i, 'looks up', 3),
      ...(i < 40 ? [line('cart', 'b', i, 'found', 4)] : [line('cart', 'b', i, 'gave up', 4)]),
    ]).flat();
    const answer = await rankRootCauses({ ...nothing, spans, logs }, window);
    expect(answer.suspects[0]!.service).toBe('cart');
    expect(answer.suspects[0]!.evidence.map(({ text }) => text)).toContain('after "looks up" came "found" in 0 % of 20, before in 100 % of 40');
  });

  test('the same question has the same answer, in whatever order the data comes', async () => {
    const spans = traces((isDuring) => (isDuring ? 80 : 10));
    const data = { ...nothing, spans, series: [series('web', 'cpu', jump(1)), series('cart', 'cpu', jump(1))] };
    const turned = { ...data, spans: spans.toReversed(), series: data.series.toReversed() };
    expect(await rankRootCauses(turned, window)).toEqual(await rankRootCauses(data, window));
  });
});

describe('what changed', () => {
  test('ranks metrics, slow operations, new lines and deploys, with what they rest on', async () => {
    const info: ServiceSeries = { ...series('web', 'app_build_info', () => 1), name: 'app_build_info{service="web", version="1"}' };
    const next: ServiceSeries = {
      service: 'web',
      metric: 'app_build_info',
      name: 'app_build_info{service="web", version="2"}',
      timesMs: Float64Array.of(700_000),
      values: Float64Array.of(1),
    };
    const longWindow = { startMs: 720_000, endMs: 890_000 };
    const logs: LogEvent[] = Array.from({ length: 60 }, (_, i) => ({
      service: 'cart',
      traceId: '',
      spanId: '',
      timeMs: i * 15_000,
      isError: i >= 50,
      pattern: i >= 50 ? 'failed' : 'fine',
    }));
    const spans = traces(() => 10).map((span) =>
      span.service === 'cart' && span.startMs >= longWindow.startMs ? { ...span, durationMs: 90 } : span,
    );
    const answer = await whatChanged(
      {
        ...nothing,
        series: [series('web', 'cpu', (i) => wave(i) + (i >= 72 ? 5 : 0)), info, { ...next, timesMs: Float64Array.of(750_000) }],
        spans,
        logs,
      },
      longWindow,
    );
    expect(new Set(answer.changes.map(({ kind, service }) => `${kind} ${service}`))).toEqual(
      new Set(['metric web', 'deploy web', 'latency cart', 'edge cart', 'log cart']),
    );
    expect(answer.changes.every(({ formula, pointsDuring }) => formula !== '' && pointsDuring > 0)).toBe(true);
  });

  test('too few points are said, not guessed', async () => {
    const short = { service: 'a', metric: 'm', name: 'm', timesMs: Float64Array.of(590_000, 700_000), values: Float64Array.of(1, 100) };
    const answer = await whatChanged({ ...nothing, series: [short] }, window);
    expect(answer.changes).toEqual([]);
    expect(answer.notes[0]).toBe('not enough data for 1 of 1 series: fewer than 4 points before the window, or none in it');
  });
});

test.each([
  ['web-5f6585d649-fnmft', 'web'],
  ['db-0', 'db'],
  ['front-end', 'front-end'],
  ['node-exporter-x7k2p', 'node-exporter'],
])('the workload of %s is %s', (pod, workload) => expect(workloadOfPod(pod)).toBe(workload));

test('a service by its labels, the surest first', async () => {
  expect(serviceOfLabels(labelsFromRecord({ job: 'kubelet', container: 'POD', pod: 'web-5f6585d649-fnmft' }))).toBe('web');
  expect(serviceOfLabels(labelsFromRecord({ job: 'node', instance: 'a:1' }))).toBe('node');
  expect(serviceOfLabels(labelsFromRecord({ x: 'y' }))).toBe('');
});

test('a pattern keeps places in code and drops what varies', async () => {
  expect(patternOf('16:42:22.382 INFO Cart#31 took 17ms for 8a4afd972f32f3e40110331cc02a344d')).toBe('* INFO Cart#31 took * for *');
});
