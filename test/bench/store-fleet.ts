/** The metric store on the synthetic fleet of PERFORMANCE.md (20 hosts, 10,000 series, 24 h at 15 s), and how much memory many series take. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { labelsFromRecord, matcher, type Clock, type Labels } from '#core/model/index.ts';
import { openTsdb, type Tsdb } from '#core/tsdb/index.ts';
import { childV8Flags } from '../../main/engine/child.ts';
import { besideDisk } from './beside/beside.ts';
import type { BenchOptions, BenchRow } from './row.ts';
import { benchRush } from './store-rush.ts';

interface FleetModule {
  readonly SERIES_PER_HOST: number;
  /** Fills `out` from `base` on, series after series, and returns each one's labels. */
  genHost(host: number, steps: number, out: Float64Array, base: number): readonly Record<string, string>[];
  hostOffset(host: number): number;
}

/** PERFORMANCE.md's fleet has 20, which `--long` takes. */
const hostsUsual = 4;
const hostsLong = 20;
const steps = 5760;
const stepMs = 15_000;
/** A day that has just ended: the peers take nothing that is far from now. */
const startMs = Math.floor(Date.now() / stepMs) * stepMs - steps * stepMs;

export async function benchFleet({ long }: BenchOptions): Promise<readonly BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  try {
    return [...(await store(folder, long ? hostsLong : hostsUsual)), ...(await benchRush()), ...memoryRows(long ? [100_000, 1_000_000] : [100_000])];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Time that stands still but for what the bench says. */
function handClock(): Clock & { nowMs: number } {
  const clock = { nowMs: startMs, now: () => clock.nowMs, monotonicMs: () => clock.nowMs, after: () => () => undefined };
  return clock;
}

async function store(folder: string, hosts: number): Promise<readonly BenchRow[]> {
  const fleet = (await import(pathToFileURL(join(import.meta.dirname, '../../../shared/bench/lib/fleet.mjs')).href)) as FleetModule;
  const each = fleet.SERIES_PER_HOST;
  const values = new Float64Array(hosts * each * steps);
  const records = Array.from({ length: hosts }, (_, host) => fleet.genHost(host, steps, values, host * each * steps));
  const labels = records.map((host) => host.map(labelsFromRecord));
  const clock = handClock();
  const db = openTsdb({ folder, clock });
  const refs = labels.map((sets) => sets.map((set: Labels) => db.ref(set)));
  const since = process.cpuUsage();
  for (let k = 0; k < steps; k++) {
    clock.nowMs = startMs + (k + 1) * stepMs;
    for (let host = 0; host < hosts; host++)
      await scrape(db, refs[host]!, fleet.hostOffset(host) + startMs + k * stepMs, values, host * each * steps + k);
    while (db.tick());
  }
  const { user, system } = process.cpuUsage(since);
  db.compact();
  const { frameBytes } = db.stats();
  await db.close();
  const samples = hosts * each * steps;
  const bytesPerSample = bytesOf(folder) / samples;
  const offsetsMs = records.flatMap((host, i) => host.map(() => fleet.hostOffset(i)));
  return [
    {
      name: `append, seal and recode, fleet of ${(hosts * each).toLocaleString('en')} series`,
      value: samples / (user + system),
      unit: 'M samples/CPU-s',
    },
    { name: 'sealed frames, fleet', value: frameBytes / samples, unit: 'B/sample' },
    {
      name: 'whole store, fleet',
      value: bytesPerSample,
      unit: 'B/sample',
      goal: '<= 0.82',
      peer: 'Prometheus 2.297, VictoriaMetrics 0.893 (lossy)',
    },
    ...(await besideDisk('fleet, whole store', { labels: records.flat(), offsetsMs, values, steps, stepMs, startMs }, bytesPerSample)),
    ...(await reading(folder, clock)),
  ];
}

async function scrape(db: Tsdb, refs: readonly number[], timeMs: number, values: Float64Array, from: number): Promise<void> {
  const batch = db.batch();
  for (let i = 0; i < refs.length; i++) batch.add(refs[i]!, timeMs, values[from + i * steps]!);
  await batch.commit('process');
}

const bytesOf = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);

/** Opening, and the best of a few reads: the machine is shared, and the best run is the one nobody disturbed. */
async function reading(folder: string, clock: Clock): Promise<BenchRow[]> {
  const beganMs = performance.now();
  const db = openTsdb({ folder, clock });
  const openMs = performance.now() - beganMs;
  const cpu = [matcher('__name__', '=', 'node_cpu_seconds_total')];
  let bestMs = Infinity;
  let count = 0;
  let found = 0;
  for (let round = 0; round < 7; round++) {
    const roundMs = performance.now();
    const series = db.select(cpu, startMs, startMs + steps * stepMs);
    found = series.length;
    count = series.reduce((sum, { values }) => sum + values.length, 0);
    bestMs = Math.min(bestMs, performance.now() - roundMs);
  }
  await db.close();
  return [
    { name: 'open, fleet of 24 h', value: openMs, unit: 'ms', goal: '<= 300' },
    { name: `read ${found.toLocaleString('en')} series of 24 h`, value: bestMs, unit: 'ms' },
    { name: 'read rate of sealed samples', value: count / bestMs / 1000, unit: 'M samples/s' },
  ];
}

/** Resident memory of a process of its own that holds so many active series; the runtime and the type stripper are in it. */
function memoryRows(sizes: readonly number[]): BenchRow[] {
  return sizes.map((series) => {
    const told = execFileSync(process.execPath, [
      ...childV8Flags,
      '--expose-gc',
      join(import.meta.dirname, 'store-memory.ts'),
      String(series),
    ]).toString();
    const { rssMB, emptyMB } = JSON.parse(told) as { rssMB: number; emptyMB: number };
    return {
      name: `resident memory, ${series.toLocaleString('en')} active series (${emptyMB} empty)`,
      value: rssMB,
      unit: 'MB',
      ...(series === 100_000 ? { goal: '<= 200', peer: 'Prometheus 347-405, VictoriaMetrics 212-281' } : {}),
    };
  });
}
