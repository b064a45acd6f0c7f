import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { labelsFromRecord, labelValue, METRIC_NAME, type Clock, type SeriesColumns } from '#core/model/index.ts';
import { evaluateRange, memorySource, type SeriesSource } from '#core/promql/index.ts';
import type { BenchRow } from './row.ts';

const hosts = 20;
const intervalMs = 15_000;
const points = 5_760;
const startMs = Date.UTC(2026, 10, 20);
const runsMax = 9;
const runsMaxMs = 3_000;

/** The queries and the fleet that the peers were measured with, kept beside the checkout. */
interface Queries {
  readonly QUERIES: readonly (readonly [name: string, query: string])[];
}
interface Fleet {
  readonly SERIES_PER_HOST: number;
  readonly hostOffset: (host: number) => number;
  /** Fills `points` values a series into `out` from `base` on, series after series, and tells their labels. */
  readonly genHost: (host: number, points: number, out: Float64Array, base: number) => readonly Record<string, string>[];
}

const shared = async <T>(...path: readonly string[]): Promise<T> =>
  (await import(pathToFileURL(join(import.meta.dirname, '../../../shared/bench', ...path)).href)) as T;

/** A day of 10,000 series at 15 s. */
async function fleetSeries(): Promise<SeriesColumns[]> {
  const { SERIES_PER_HOST, hostOffset, genHost } = await shared<Fleet>('lib', 'fleet.mjs');
  return Array.from({ length: hosts }, (_, host) => {
    const values = new Float64Array(SERIES_PER_HOST * points);
    const timesMs = Float64Array.from({ length: points }, (_point, k) => startMs + hostOffset(host) + k * intervalMs);
    return genHost(host, points, values, 0).map((labels, s) => ({
      labels: labelsFromRecord(labels),
      timesMs: timesMs.slice(),
      values: values.subarray(s * points, (s + 1) * points),
    }));
  }).flat();
}

/** A source that finds a metric by its name at once: what is measured is the evaluation. */
function byName(series: readonly SeriesColumns[]): SeriesSource {
  const all = memorySource(series);
  const named = new Map([...Map.groupBy(series, ({ labels }) => labelValue(labels, METRIC_NAME))].map(([name, list]) => [name, memorySource(list)]));
  return {
    select(matchers, ...rest) {
      const name = matchers.find((one) => one.name === METRIC_NAME && one.op === '=')?.value;
      return (name === undefined ? all : (named.get(name) ?? memorySource([]))).select(matchers, ...rest);
    },
  };
}

const clock: Clock = { now: () => Date.now(), monotonicMs: () => performance.now(), after: () => () => undefined };

/** CPU time of one evaluation, the median of several: the machine may be shared. */
async function measure(source: SeriesSource, query: string, rangeMs: number, stepMs: number): Promise<number> {
  const endMs = startMs + points * intervalMs;
  const took: number[] = [];
  for (const fromMs = performance.now(); took.length < runsMax && performance.now() - fromMs < runsMaxMs;) {
    const from = process.cpuUsage();
    await evaluateRange(source, query, { startMs: endMs - rangeMs + stepMs, endMs, stepMs }, { clock });
    const { user, system } = process.cpuUsage(from);
    took.push((user + system) / 1000);
  }
  return took.sort((a, b) => a - b)[took.length >> 1]!;
}

const windows = [
  { name: '1 h at 15 s', rangeMs: 3_600_000, stepMs: 15_000, peer: 'over HTTP: Prometheus 22-25, VictoriaMetrics 12.4-14.5' },
  { name: '6 h at 60 s', rangeMs: 21_600_000, stepMs: 60_000, peer: 'over HTTP: Prometheus 63, VictoriaMetrics 12.7' },
  { name: '24 h at 60 s', rangeMs: 86_400_000, stepMs: 60_000, peer: 'over HTTP: Prometheus 158, VictoriaMetrics 29.7' },
] as const;

/** The fifteen queries over columns in memory, without a store and HTTP. */
export async function benchPromql(): Promise<readonly BenchRow[]> {
  const { QUERIES } = await shared<Queries>('bench-query.mjs');
  const source = byName(await fleetSeries());
  const rows: BenchRow[] = [];
  for (const { name, rangeMs, stepMs, peer } of windows) {
    const took: number[] = [];
    for (const [id, query] of QUERIES) {
      const ms = await measure(source, query, rangeMs, stepMs);
      took.push(ms);
      if (rangeMs < 86_400_000) continue;
      const goal = id.startsWith('q14') ? { goal: '<= 150', peer: 'Prometheus 3493, VictoriaMetrics 690' } : {};
      rows.push({ name: `${id}, ${name}`, value: ms, unit: 'CPU ms', ...goal });
    }
    const mean = Math.exp(took.reduce((sum, ms) => sum + Math.log(ms), 0) / took.length);
    rows.push({ name: `${took.length} queries, geometric mean, ${name}`, value: mean, unit: 'CPU ms', peer });
  }
  return rows;
}
