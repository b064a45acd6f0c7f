/** The log store: import of JSON lines, bytes on disk, first pages of searches over many lines. `--long` for 10 million lines, some minutes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogLines } from '#core/formats/index.ts';
import { openLogs, type Logs } from '#core/logs/index.ts';
import type { Cancel, Clock } from '#core/model/index.ts';
import { LineMaker, TextLineMaker, textForms, type TextForm } from './log-data.ts';
import type { BenchOptions, BenchRow } from './row.ts';

const chunkLines = 5000;
const startMs = Date.UTC(2026, 0, 5);

/** Real time, for the searches' own bounds; nothing is scheduled. */
const clock: Clock = { now: () => startMs + 86_400_000, monotonicMs: () => performance.now(), after: (): Cancel => () => undefined };

export async function benchLogs({ long }: BenchOptions): Promise<readonly BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  const count = long ? 10_000_000 : 1_000_000;
  try {
    const rows = await benchImport(folder, count);
    for (const form of textForms) rows.push(await benchForm(join(folder, form), form));
    const logs = openLogs({ folder, clock });
    for (const [what, text] of searchesOf(count)) rows.push(await benchSearch(logs, what, text));
    const { oldestNs = 0n, newestNs = 0n } = logs.stats();
    rows.push(await timed('volume of all, by level', () => logs.volume({ text: '', fromNs: oldestNs, toNs: newestNs + 1n }, 90)));
    rows.push(await timed('patterns of all', () => logs.patterns({ text: '' }, [{ fromNs: oldestNs, toNs: newestNs + 1n }], 30)));
    await logs.close();
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function benchImport(folder: string, count: number): Promise<BenchRow[]> {
  const maker = new LineMaker(1, startMs);
  const logs = openLogs({ folder, clock, limits: { futureMs: Number.POSITIVE_INFINITY, retentionMs: Number.POSITIVE_INFINITY } });
  const lines = new LogLines({ labels: ['filename', 'bench.log'], nowMs: startMs });
  let [bytes, ms, cpu] = [0, 0, 0];
  const taken = (act: () => void): void => {
    const [fromMs, from] = [performance.now(), process.cpuUsage()];
    act();
    const { user, system } = process.cpuUsage(from);
    ms += performance.now() - fromMs;
    cpu += user + system;
  };
  for (let done = 0; done < count; done += chunkLines) {
    const chunk = maker.chunk(chunkLines);
    bytes += chunk.length;
    taken(() => logs.loadBatch(lines.push(chunk)));
  }
  taken(() => logs.loadBatch(lines.end()));
  await logs.flush();
  const { blockBytes, rawBytes } = logs.stats();
  await logs.close();
  const label = `${(count / 1e6).toFixed(0)} M lines, ${(bytes / 1e6).toFixed(0)} MB`;
  return [
    { name: `import of ${label}`, value: bytes / 1000 / ms, unit: 'MB/s', goal: '>= 60' },
    { name: 'the same, of processor time', value: bytes / cpu, unit: 'MB/CPU-s' },
    { name: 'stored, with the index', value: blockBytes / rawBytes, unit: 'of the raw bytes', goal: '<= 0.15' },
  ];
}

const formLines = 300_000;

async function benchForm(folder: string, form: TextForm): Promise<BenchRow> {
  const maker = new TextLineMaker(1);
  const logs = openLogs({ folder, clock, limits: { futureMs: Number.POSITIVE_INFINITY, retentionMs: Number.POSITIVE_INFINITY } });
  const lines = new LogLines({ labels: ['filename', 'bench.log'], nowMs: startMs + 86_400_000 });
  let [bytes, cpu] = [0, 0];
  for (let done = 0; done < formLines; done += chunkLines) {
    const chunk = maker.chunk(form, chunkLines);
    const from = process.cpuUsage();
    logs.loadBatch(lines.push(chunk));
    const { user, system } = process.cpuUsage(from);
    bytes += chunk.length;
    cpu += user + system;
  }
  logs.loadBatch(lines.end());
  await logs.close();
  return { name: `import of ${form}, of processor time`, value: bytes / cpu, unit: 'MB/CPU-s' };
}

function searchesOf(count: number): readonly (readonly [what: string, text: string])[] {
  return [
    ['the newest lines', ''],
    ['a common text', 'connection reset'],
    ['a rare text', '"ledger out of balance"'],
    ['a text that is nowhere', 'nowheretobefound'],
    ['a trace id', LineMaker.traceIdOf(Math.floor(count / 3))],
    ['a field', 'status=404'],
    ['two fields and a level', '{filename="bench.log"} | json | level="error" | attempt >= 3'],
    ['a regular expression', '/upstream (payment|cart) failed.*attempt":3/'],
    ['a rare regular expression', '/balance by \\d+ cents/'],
  ];
}

async function benchSearch(logs: Logs, what: string, text: string): Promise<BenchRow> {
  const row = await timed(`first page of ${what}`, () => logs.search({ text, direction: 'backward', limit: 100 }));
  return { ...row, goal: '< 300' };
}

/** The first time, with nothing cached of what it needs. */
async function timed(name: string, act: () => Promise<unknown>): Promise<BenchRow> {
  const fromMs = performance.now();
  await act();
  return { name, value: performance.now() - fromMs, unit: 'ms' };
}
