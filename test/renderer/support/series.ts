/** Curves that look like a service's: a daily swing, noise that is the same each time, and an incident in the last quarter hour. */
import { labelsFromRecord, type Labels } from '#core/model/index.ts';
import type { ExemplarView, ExplainAnswer, InstantAnswer, MetricName, RangeAnswer } from '#core/contract/index.ts';

interface Curve {
  readonly labels: Labels;
  readonly at: (timeMs: number) => number;
}

/** 0..1, the same for the same inputs. */
function noise(seed: number, timeMs: number): number {
  let x = Math.imul(Math.floor(timeMs / 1000) ^ Math.imul(seed + 1, 0x9e3779b1), 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  return ((x ^ (x >>> 16)) >>> 0) / 0x1_0000_0000;
}

const swing = (timeMs: number): number => 0.6 + 0.4 * Math.sin((timeMs / 86_400_000) * Math.PI * 2);

export function curvesFor(expr: string, nowMs: number): readonly Curve[] {
  const bad = (timeMs: number): number => (timeMs > nowMs - 15 * 60_000 ? 1 : 0);
  const over = (records: readonly Readonly<Record<string, string>>[], value: (timeMs: number, i: number) => number): Curve[] =>
    records.map((record, i) => ({ labels: labelsFromRecord(record), at: (timeMs) => value(timeMs, i) }));
  const jobs = ['checkout', 'catalogue', 'cart', 'search'].map((job) => ({ job }));
  if (expr.startsWith('ALERTS{alertname'))
    return over([{ __name__: 'ALERTS', alertstate: 'firing', alertname: 'x' }], (timeMs) => (bad(timeMs) ? 1 : Number.NaN));
  if (expr.includes('ALERTS'))
    return over([{ alertname: 'ErrorRatioHigh' }, { alertname: 'LatencyHigh' }], (timeMs, i) => (bad(timeMs) ? i + 1 : Number.NaN));
  if (expr.includes('node_cpu'))
    return over(
      [{ instance: 'db-1:9100' }, { instance: 'web-1:9100' }],
      (timeMs, i) => 0.22 + 0.1 * i + 0.05 * noise(i, timeMs) + 0.4 * bad(timeMs) * (1 - i),
    );
  if (expr.includes('node_memory'))
    return over([{ instance: 'db-1:9100' }, { instance: 'web-1:9100' }], (timeMs, i) => 0.55 + 0.2 * i + 0.01 * noise(i, timeMs));
  if (expr.includes('node_filesystem')) return over([{ instance: 'db-1:9100' }, { instance: 'web-1:9100' }], (_timeMs, i) => 0.86 - 0.4 * i);
  if (expr.includes('scrape_duration')) return over([...jobs, { job: 'node' }], (timeMs, i) => 0.01 * (i + 1) + 0.004 * noise(i, timeMs));
  if (expr.startsWith('histogram_quantile'))
    return over(jobs, (timeMs, i) => 0.12 + 0.05 * i + 0.03 * noise(i, timeMs) + bad(timeMs) * (i === 0 ? 1.5 : 0.3));
  if (expr.includes('5..') && expr.includes('by (job)'))
    return over(jobs, (timeMs, i) => 0.004 + 0.003 * noise(i, timeMs) + bad(timeMs) * (i === 0 ? 0.22 : 0.01));
  if (expr.includes('5..')) return over([{}], (timeMs) => 0.004 + 0.003 * noise(1, timeMs) + bad(timeMs) * 0.22);
  if (expr === 'up')
    return over(
      [...jobs, { job: 'node', instance: 'db-1:9100' }, { job: 'postgres' }].map((labels) => ({ __name__: 'up', ...labels })),
      (_timeMs, i) => (i === 5 ? 0 : 1),
    );
  if (expr.includes('crowd'))
    return over(
      Array.from({ length: 500 }, (_none, i) => ({ pod: `shop-${i}` })),
      (timeMs, i) => i + 20 * noise(i, timeMs),
    );
  const paths = ['/', '/cart', '/pay', '/search', '/item', '/login', '/help', '/api/v1/items', '/api/v1/basket', '/metrics'];
  const many = jobs.flatMap(({ job }) => paths.map((path) => ({ job, path, code: path === '/pay' ? '500' : '200', instance: '10.0.1.4:8080' })));
  return over(many, (timeMs, i) => (10 + 3 * i) * swing(timeMs) * (0.9 + 0.2 * noise(i, timeMs)));
}

export function rangeAnswer(curves: readonly Curve[], startMs: number, endMs: number, stepMs: number): RangeAnswer {
  const times: number[] = [];
  const values: number[] = [];
  const starts = [0];
  for (const curve of curves) {
    for (let timeMs = startMs; timeMs <= endMs; timeMs += stepMs) {
      const value = curve.at(timeMs);
      if (Number.isNaN(value)) continue;
      times.push(timeMs);
      values.push(value);
    }
    starts.push(times.length);
  }
  return {
    labels: curves.map((curve) => curve.labels),
    starts: Uint32Array.from(starts),
    timesMs: Float64Array.from(times),
    values: Float64Array.from(values),
    warnings: [],
    infos: [],
    seriesCount: curves.length,
    samplesRead: times.length * 12,
    bytesRead: times.length * 192,
    elapsedMs: 3.2,
    selectMs: 0.6,
    steps: Math.floor((endMs - startMs) / stepMs) + 1,
    stepsReused: 0,
    seriesCut: 0,
  };
}

/** The query as one part over its selector. */
export function explainAnswer(expr: string, { labels, timesMs: _times, values: _values, starts: _starts, ...report }: RangeAnswer): ExplainAnswer {
  const part = {
    text: expr,
    place: { from: 0, to: expr.length },
    kind: 'call',
    type: 'vector' as const,
    seriesCount: labels.length,
    labels: [
      { name: 'instance', values: labels.length },
      { name: 'job', values: 1 },
    ],
    selfMs: 1.2,
    totalMs: 3.2,
  };
  const selector = {
    ...part,
    text: expr.replace(/\W.*/s, ''),
    kind: 'selector',
    seriesCount: labels.length * 3,
    selfMs: 2,
    totalMs: 2,
    parts: [],
  };
  return { root: { ...part, parts: [selector] }, ...report };
}

export const metricNames: readonly MetricName[] = [
  { name: 'http_requests_total', type: 'counter', help: 'Requests answered, by code and path.', unit: '' },
  { name: 'http_request_duration_seconds_bucket', type: 'histogram', help: 'Time to answer a request.', unit: 'seconds' },
  { name: 'node_cpu_seconds_total', type: 'counter', help: 'Seconds the CPUs spent in each mode.', unit: 'seconds' },
  { name: 'node_memory_MemAvailable_bytes', type: 'gauge', help: 'Memory information field MemAvailable_bytes.', unit: 'bytes' },
  { name: 'queue_length', type: 'gauge', help: 'Jobs that wait.', unit: '' },
  { name: 'up', type: 'gauge', help: '', unit: '' },
];

export function instantAnswer(all: readonly Curve[], timeMs: number): InstantAnswer {
  const curves = all.filter((curve) => !Number.isNaN(curve.at(timeMs)));
  return {
    type: 'vector',
    timeMs,
    text: '',
    labels: curves.map((curve) => curve.labels),
    values: Float64Array.from(curves, (curve) => curve.at(timeMs)),
    histograms: [],
    warnings: [],
    infos: [],
    seriesCount: curves.length,
    samplesRead: curves.length,
    bytesRead: curves.length * 16,
    elapsedMs: 1,
    selectMs: 0.4,
    steps: 1,
    stepsReused: 0,
  };
}

/** Three requests of a latency, of which there are traces. */
export function exemplarsFor(expr: string, startMs: number, endMs: number): readonly ExemplarView[] {
  if (!expr.includes('duration')) return [];
  return [0.2, 0.5, 0.8].map((share, i) => ({
    series: ['__name__', 'http_request_duration_seconds_bucket', 'le', '2.5'],
    labels: ['trace_id', `${i + 1}`.repeat(32)],
    value: 0.2 + i * 0.6,
    timeMs: startMs + share * (endMs - startMs),
    traceId: `${i + 1}`.repeat(32),
    spanId: `${i + 1}`.repeat(16),
  }));
}
