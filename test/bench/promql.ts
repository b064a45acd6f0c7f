/** Fifteen queries over HTTP, in Signalbox and in the peers that are installed, on the same samples in one run. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchOptions, BenchRow } from './row.ts';
import { intervalMs, type Fleet } from './fleet/write-requests.ts';
import { startEngines, type QueryEngine } from './query-engines.ts';

const queries: readonly (readonly [name: string, expr: string])[] = [
  ['sum by instance of rate, 7 of 8 modes', 'sum by (instance) (rate(node_cpu_seconds_total{mode!="idle"}[5m]))'],
  ['sum by mode of rate', 'sum by (mode) (rate(node_cpu_seconds_total[5m]))'],
  ['quantile of a histogram by le', 'histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))'],
  ['quantile by le and handler', 'histogram_quantile(0.95, sum by (le, handler) (rate(http_request_duration_seconds_bucket[5m])))'],
  ['topk of rates', 'topk(5, sum by (instance) (rate(node_network_receive_bytes_total[5m])))'],
  ['count by name', 'count by (job) ({__name__=~"node_.*"})'],
  ['max_over_time 1 h', 'max_over_time(node_load1[1h])'],
  ['join with group_left', 'sum by (dc) (rate(node_disk_read_bytes_total[5m]) * on (instance) group_left (dc) host_info)'],
  ['raw selector', 'node_cpu_seconds_total'],
  ['subquery', 'max_over_time(sum(rate(http_requests_total[5m]))[30m:1m])'],
  ['ratio of averages', 'avg by (instance) (node_memory_MemAvailable_bytes) / on (instance) avg by (instance) (node_memory_MemTotal_bytes) * 100'],
  ['error ratio over 1 h', 'sum(increase(http_requests_total{code=~"5.."}[1h])) / sum(increase(http_requests_total[1h]))'],
  ['one series', 'node_load1{instance="host-0003:9100"}'],
  ['quantile_over_time 1 h', 'quantile_over_time(0.9, node_hwmon_temp_celsius[1h])'],
  ['predict_linear 1 h', 'predict_linear(node_filesystem_avail_bytes[1h], 14400)'],
];

const windows = [
  { name: '24 h at 60 s', rangeMs: 86_400_000, stepMs: 60_000 },
  { name: '6 h at 60 s', rangeMs: 21_600_000, stepMs: 60_000 },
  { name: '1 h at 15 s', rangeMs: 3_600_000, stepMs: 15_000 },
] as const;
type Window = (typeof windows)[number];

/** A cell ends after this many runs, or this long once it has three. */
const runsMax = 15;
const cellMs = 700;

interface Cell {
  readonly p50Ms: number;
  readonly cpuMs: number;
  readonly firstMs: number;
  readonly bytes: number;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;
const geometric = (values: readonly number[]): number => Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

/** One query, again and again, one at a time. The engines take turns, so that a busy machine hurts all alike. */
async function measure(engines: readonly QueryEngine[], expr: string, { rangeMs, stepMs }: Window, endMs: number): Promise<Cell[]> {
  const parameters = { query: expr, start: String((endMs - rangeMs + stepMs) / 1000), end: String(endMs / 1000), step: String(stepMs / 1000) };
  const runs = engines.map(() => ({ took: [] as number[], firstMs: 0, cpuMs: 0, bytes: 0, spentMs: 0 }));
  for (let round = 0; round <= runsMax; round++) {
    for (const [i, engine] of engines.entries()) {
      const run = runs[i]!;
      if (run.took.length >= 3 && run.spentMs > cellMs) continue;
      const cpuBefore = engine.cpuMs();
      const { body, ms } = await engine.get('query_range', parameters);
      run.spentMs += ms;
      run.bytes = body.length;
      if (round === 0) run.firstMs = ms;
      else {
        run.took.push(ms);
        run.cpuMs += engine.cpuMs() - cpuBefore;
      }
    }
  }
  return runs.map(({ took, firstMs, cpuMs, bytes }) => ({ p50Ms: median(took), cpuMs: cpuMs / took.length, firstMs, bytes }));
}

const peersOf = (engines: readonly QueryEngine[], figures: readonly number[]): string =>
  engines
    .slice(1)
    .map(({ name }, i) => `${name} ${Number(figures[i + 1]!.toPrecision(3))}`)
    .join(', ');

async function windowRows(engines: readonly QueryEngine[], window: Window, endMs: number): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  const cells: Cell[][] = [];
  for (const [name, expr] of queries) {
    const cell = await measure(engines, expr, window, endMs);
    cells.push(cell);
    const figures = cell.map(({ p50Ms }) => p50Ms);
    const goal =
      name.startsWith('quantile_over_time') && window.rangeMs === 86_400_000
        ? { goal: '<= 150' }
        : name === 'raw selector' && window.rangeMs === 86_400_000
          ? { goal: '<= 350' }
          : {};
    rows.push({ name: `${name}, ${window.name}`, value: figures[0]!, unit: 'ms', peer: peersOf(engines, figures), ...goal });
  }
  const means = engines.map((_, i) => geometric(cells.map((cell) => cell[i]!.p50Ms)));
  const cpu = engines.map((_, i) => cells.reduce((sum, cell) => sum + cell[i]!.cpuMs, 0));
  const first = engines.map((_, i) => geometric(cells.map((cell) => cell[i]!.firstMs)));
  rows.push(
    { name: `${queries.length} queries, geometric mean of p50, ${window.name}`, value: means[0]!, unit: 'ms', peer: peersOf(engines, means) },
    {
      name: `${queries.length} queries, geometric mean of the first run, ${window.name}`,
      value: first[0]!,
      unit: 'ms',
      peer: peersOf(engines, first),
    },
    { name: `${queries.length} queries, CPU of one round, ${window.name}`, value: cpu[0]!, unit: 'CPU ms', peer: peersOf(engines, cpu) },
  );
  engines.forEach(({ name }, i) => {
    if (i === 0) return;
    const goal = name === 'VictoriaMetrics' ? { goal: '<= 0.9' } : {};
    rows.push({ name: `ratio to ${name}, ${window.name}`, value: means[0]! / means[i]!, unit: 'x', ...goal });
  });
  return rows;
}

/** Reads every sample of a day. */
const heavyExpr = 'sum(last_over_time({__name__=~".+"}[5m]))';
const pushedSeries = 1_000;
const askEveryMs = 5;

/**
 * How long Signalbox lets others wait while it works on a heavy query and takes in pages as a scrape does: the time of an answer that needs
 * nothing but a turn in the engine's process, over HTTP, so the lag of its event loop is less.
 */
async function lagRows(engine: QueryEngine, endMs: number): Promise<BenchRow[]> {
  const { rangeMs, stepMs } = windows[0];
  const parameters = { query: heavyExpr, start: String((endMs - rangeMs + stepMs) / 1000), end: String(endMs / 1000), step: String(stepMs / 1000) };
  const [asking, pushing] = [engine.beside(), engine.beside()];
  const page = (turn: number): string => Array.from({ length: pushedSeries }, (_, i) => `pushed_value{series="${i}"} ${turn + i}\n`).join('');
  const took: number[] = [];
  const done = new AbortController();
  const askOn = async (): Promise<void> => {
    while (!done.signal.aborted) {
      took.push((await asking.get('status/buildinfo', {})).ms);
      await sleep(askEveryMs);
    }
  };
  const pushOn = async (): Promise<void> => {
    for (let turn = 0; !done.signal.aborted; turn++) {
      await pushing.push(page(turn));
      await sleep(askEveryMs * 4);
    }
  };
  const others = [askOn(), pushOn()];
  let heavyMs = 0;
  for (let run = 0; run < 5; run++) heavyMs = (await engine.get('query_range', parameters)).ms;
  done.abort();
  await Promise.all(others);
  took.sort((a, b) => a - b);
  return [
    { name: 'a query over every sample of a day, while pages are pushed', value: heavyMs, unit: 'ms' },
    { name: 'an answer of the engine meanwhile, p99', value: took[Math.floor(took.length * 0.99)]!, unit: 'ms', goal: '<= 50' },
  ];
}

/** Twenty hosts of 500 series with `--long`, else five: the shape is the same, and loading takes seconds. */
export async function benchPromql({ long }: BenchOptions): Promise<readonly BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  const steps = 86_400_000 / intervalMs + 240;
  // Ends a little in the past, so that the last scrape of every host is in.
  const endMs = Math.floor(Date.now() / 60_000 - 2) * 60_000;
  const fleet: Fleet = { hosts: long ? 20 : 5, steps, startMs: endMs - (steps - 1) * intervalMs };
  const engines = await startEngines(folder, fleet);
  try {
    const rows: BenchRow[] = [{ name: 'samples in each engine', value: fleet.hosts * 500 * steps, unit: 'samples' }];
    for (const window of windows) rows.push(...(await windowRows(engines, window, endMs)));
    rows.push(...(await lagRows(engines[0]!, endMs)));
    const memory = engines.map((engine) => engine.rssMB());
    rows.push({ name: 'resident memory after it all', value: memory[0]!, unit: 'MB', peer: peersOf(engines, memory) });
    return rows;
  } finally {
    for (const engine of engines) await engine.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
