/** The metric store on the real scrape capture: what a sample costs on disk, and how fast samples go in and come out. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { labelsFrom, type Labels } from '#core/model/index.ts';
import { gorillaEncode } from '#core/tsdb/codec/gorilla.ts';
import { openTsdb, type Tsdb } from '#core/tsdb/index.ts';
import { systemClock } from '../../main/clock.ts';
import { readShared } from '../support/shared-data.ts';
import { besideDisk } from './beside/beside.ts';
import type { Columns } from './beside/wire.ts';
import type { BenchOptions, BenchRow } from './row.ts';
import { benchFleet } from './store-fleet.ts';

const jobs = ['node', 'prometheus', 'victoria'];
const stepMs = 15_000;
/** The capture begins with a window of the store, so that each run measures the same; begun late in one it lies in three, for 0.009 B/sample more. */
const windowMs = 7_200_000;
/** The paper's blocks: two hours, at 15 s. */
const gorillaBlockSamples = 480;
const rounds = 5;

/** Series that are in every scrape, as columns of one length; scrapes are re-timed to 15 s. */
interface Capture {
  readonly labels: readonly Labels[];
  readonly columns: readonly Float64Array[];
  readonly startMs: number;
  readonly length: number;
}

export async function benchStore(options: BenchOptions): Promise<readonly BenchRow[]> {
  const capture = readCapture();
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  try {
    const appended = await append(capture, folder);
    const beside = await besideDisk('real capture, whole store', columnsOfCapture(capture), appended.at(-1)!.value);
    return [gorillaRow(capture), ...appended, ...beside, ...(await readBack(capture, folder)), ...(await benchFleet(options))];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readCapture(): Capture {
  const pages = jobs.map((job) =>
    zstdDecompressSync(readShared('metrics/capture', `${job}.jsonl.zst`))
      .toString()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => (JSON.parse(line) as { body: string }).body),
  );
  const length = Math.min(...pages.map((list) => list.length));
  const kept = pages.flatMap((list, i) => columnsOf(jobs[i]!, list.slice(0, length)));
  const startMs = Math.floor((systemClock.now() - length * stepMs) / windowMs) * windowMs;
  return { labels: kept.map(({ labels }) => labels), columns: kept.map(({ column }) => column), startMs, length };
}

/** As the peers are sent it. */
function columnsOfCapture({ labels, columns, startMs, length }: Capture): Columns {
  const values = new Float64Array(columns.length * length);
  columns.forEach((column, i) => values.set(column, i * length));
  const records = labels.map((set) => Object.fromEntries(set.flatMap((name, i) => (i % 2 === 0 ? [[name, set[i + 1]!]] : []))));
  return { labels: records, offsetsMs: labels.map(() => 0), values, steps: length, stepMs, startMs };
}

function columnsOf(job: string, pages: readonly string[]): { labels: Labels; column: Float64Array }[] {
  const found = new Map<string, number[]>();
  pages.forEach((page, k) => {
    for (const line of page.split('\n')) {
      if (line === '' || line.startsWith('#')) continue;
      const at = line.lastIndexOf(' ');
      const name = line.slice(0, at);
      const values = found.get(name) ?? [];
      if (values.length === 0) found.set(name, values);
      values[k] = Number(line.slice(at + 1).replace('Inf', 'Infinity'));
    }
  });
  return [...found]
    .filter(([, values]) => values.length === pages.length && !values.includes(undefined as never))
    .map(([series, values]) => ({ labels: labelsOf(series, job), column: Float64Array.from(values) }));
}

/** The name and labels of an exposition line; these captures escape nothing but quotes. */
function labelsOf(series: string, job: string): Labels {
  const pairs = [...series.matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [name!, value!] as const);
  return labelsFrom([...pairs, ['__name__', series.split('{', 1)[0]!], ['job', job], ['instance', `${job}:1`]]);
}

function gorillaRow({ columns, startMs, length }: Capture): BenchRow {
  const times = Float64Array.from({ length }, (_, k) => startMs + k * stepMs);
  let bytes = 0;
  for (const values of columns) {
    for (let from = 0; from < length; from += gorillaBlockSamples) {
      bytes += gorillaEncode(times, values, from, Math.min(from + gorillaBlockSamples, length), startMs).length;
    }
  }
  return { name: 'Gorilla, real capture, sample data', value: bytes / (columns.length * length), unit: 'B/sample', peer: 'the paper: 1.37' };
}

const cpuSeconds = (since: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
};

async function append({ labels, columns, startMs, length }: Capture, folder: string): Promise<BenchRow[]> {
  const store = openTsdb({ folder, clock: systemClock });
  const since = process.cpuUsage();
  const refs = labels.map((set) => store.ref(set));
  for (let k = 0; k < length; k++) {
    const batch = store.batch();
    for (let i = 0; i < refs.length; i++) batch.add(refs[i]!, startMs + k * stepMs, columns[i]![k]!);
    await batch.commit('process');
    while (store.tick());
  }
  const samples = labels.length * length;
  const rate = samples / cpuSeconds(since);
  await store.close();
  const again = openTsdb({ folder, clock: systemClock });
  while (again.tick());
  const { frameBytes, sealedSamples } = again.stats();
  await again.close();
  return [
    { name: 'append, log, head and sealing', value: rate / 1e6, unit: 'M samples/CPU-s' },
    {
      name: 'sealed frames, real capture, sample data',
      value: frameBytes / sealedSamples,
      unit: 'B/sample',
      goal: '<= 0.25',
      peer: 'Prometheus 0.886, VictoriaMetrics 0.338 (lossy)',
    },
    {
      name: 'whole store, real capture',
      value: bytesOf(folder) / samples,
      unit: 'B/sample',
      goal: '<= 0.42',
      peer: 'Prometheus 1.137, VictoriaMetrics 0.568 (lossy)',
    },
  ];
}

const bytesOf = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);

async function readBack({ startMs, length, labels }: Capture, folder: string): Promise<BenchRow[]> {
  const beganMs = performance.now();
  const store = openTsdb({ folder, clock: systemClock });
  const openMs = performance.now() - beganMs;
  const rates = Array.from({ length: rounds }, () => scan(store, startMs, startMs + length * stepMs, labels.length * length));
  await store.close();
  return [
    { name: 'restart, to the first answer', value: openMs, unit: 'ms' },
    { name: 'scan of sealed samples, first', value: rates[0]! / 1e6, unit: 'M samples/s' },
    { name: 'scan of sealed samples, again', value: Math.max(...rates) / 1e6, unit: 'M samples/s' },
  ];
}

function scan(store: Tsdb, minMs: number, maxMs: number, expected: number): number {
  const beganMs = performance.now();
  const count = store.select([], minMs, maxMs).reduce((sum, { values }) => sum + values.length, 0);
  if (count !== expected) throw new Error(`${count} samples came back of ${expected}`);
  return (count * 1000) / (performance.now() - beganMs);
}
