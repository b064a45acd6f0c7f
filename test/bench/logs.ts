/** The log store: import of lines as an import does it (reading on one thread, packing on another), bytes on disk, first pages of searches over many lines. `--long` for 10 million lines, some minutes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogLines } from '#core/formats/index.ts';
import { openLogs, type Logs } from '#core/logs/index.ts';
import type { Cancel, Clock } from '#core/model/index.ts';
import { startPacker } from '../../main/engine/packer.ts';
import { LineMaker, TextLineMaker, textForms, type TextForm } from './log-data.ts';
import type { BenchOptions, BenchRow } from './row.ts';

const chunkLines = 5000;
/** Held in memory, so that the threads measured are those of the import only. */
const importLines = 1_000_000;
const unbounded = { futureMs: Number.POSITIVE_INFINITY, retentionMs: Number.POSITIVE_INFINITY };
const startMs = Date.UTC(2026, 0, 5);

/** Real time, for the searches' own bounds; nothing is scheduled. */
const clock: Clock = { now: () => startMs + 86_400_000, monotonicMs: () => performance.now(), after: (): Cancel => () => undefined };

export async function benchLogs({ long }: BenchOptions): Promise<readonly BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  const count = long ? 10_000_000 : 1_000_000;
  try {
    const rows = await benchImport(folder, count);
    for (const form of textForms) rows.push(...(await benchForm(join(folder, form), form)));
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

/** Takes chunks in as `signalbox import` does; the time that makes them is not counted. */
/** One thread for all imports: starting it is no part of them. */
const packer = startPacker();

class Intake {
  readonly logs: Logs;
  readonly #lines: LogLines;
  bytes = 0;
  #ms = 0;
  #cpuMs = 0;

  constructor(folder: string, nowMs: number) {
    this.logs = openLogs({ folder, clock, limits: unbounded, packer });
    this.#lines = new LogLines({ labels: ['filename', 'bench.log'], nowMs });
  }

  async take(chunk: Buffer): Promise<void> {
    this.bytes += chunk.length;
    await this.#timed(async () => {
      this.logs.loadBatch(this.#lines.push(chunk));
      await this.logs.settle();
    });
  }

  /** MB a second, and MB a second of processor time on all threads. */
  async end(): Promise<{ readonly wall: number; readonly cpu: number }> {
    await this.#timed(async () => {
      this.logs.loadBatch(this.#lines.end());
      await this.logs.flush();
    });
    return { wall: this.bytes / 1000 / this.#ms, cpu: this.bytes / 1000 / this.#cpuMs };
  }

  async #timed(act: () => Promise<void>): Promise<void> {
    const [fromMs, from] = [performance.now(), process.cpuUsage()];
    await act();
    const { user, system } = process.cpuUsage(from);
    this.#ms += performance.now() - fromMs;
    this.#cpuMs += (user + system) / 1000;
  }
}

async function benchImport(folder: string, count: number): Promise<BenchRow[]> {
  const maker = new LineMaker(1, startMs);
  const chunks = Array.from({ length: importLines / chunkLines }, () => maker.chunk(chunkLines));
  const intake = new Intake(folder, startMs);
  for (const chunk of chunks) await intake.take(chunk);
  const label = `${(importLines / 1e6).toFixed(0)} M lines, ${(intake.bytes / 1e6).toFixed(0)} MB`;
  const { wall, cpu } = await intake.end();
  const { blockBytes, rawBytes } = intake.logs.stats();
  await intake.logs.close();
  const more = new Intake(folder, startMs);
  for (let done = importLines; done < count; done += chunkLines) await more.take(maker.chunk(chunkLines));
  await more.end();
  await more.logs.close();
  return [
    { name: `import of ${label}`, value: wall, unit: 'MB/s', goal: '>= 60' },
    { name: 'the same, of processor time', value: cpu, unit: 'MB/CPU-s' },
    { name: 'stored, with the index', value: blockBytes / rawBytes, unit: 'of the raw bytes', goal: '<= 0.15' },
  ];
}

const formLines = 300_000;

async function benchForm(folder: string, form: TextForm): Promise<BenchRow[]> {
  const maker = new TextLineMaker(1);
  const chunks = Array.from({ length: formLines / chunkLines }, () => maker.chunk(form, chunkLines));
  const intake = new Intake(folder, startMs + 86_400_000);
  for (const chunk of chunks) await intake.take(chunk);
  const { wall, cpu } = await intake.end();
  await intake.logs.close();
  return [
    { name: `import of ${form}`, value: wall, unit: 'MB/s', goal: '>= 40' },
    { name: 'the same, of processor time', value: cpu, unit: 'MB/CPU-s' },
  ];
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
    ['the middle of an id', LineMaker.traceIdOf(Math.floor(count / 3)).slice(7, 19)],
    ['two letters that are nowhere', 'zq'],
    ['an address', 'remote=10.3.255.7'],
    ['what all lines are kept out of', '{} != "trace_id"'],
    ['a field that is never so large', '{} | json | duration_ms > 5000'],
    ['a level that no line has', '{} | json | level=~"fatal|critical"'],
    ['two exclusions', '{} |= "GET" != "\\"status\\":200" != "\\"status\\":404"'],
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
