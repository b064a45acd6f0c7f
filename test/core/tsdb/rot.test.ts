/** Promise 3: bytes that rot. A store always starts, never answers with a wrong value, and says what is missing. */
import Database from 'better-sqlite3';
import { closeSync, cpSync, existsSync, openSync, readdirSync, readSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { labelsFromRecord, matcher } from '#core/model/index.ts';
import { crc32c } from '#core/tsdb/bytes/crc32c.ts';
import { examineTsdb, openTsdb, type Tsdb } from '#core/tsdb/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';
import { random } from './random.ts';

const names = Array.from({ length: 100 }, (_, i) => labelsFromRecord({ __name__: `m${i % 5}`, i: String(i) }));
const steps = 700;
const startMs = Date.UTC(2026, 0, 5);
const stepMs = 15_000;
const endMs = startMs + steps * stepMs;
const valueAt = (series: number, n: number): number => (series % 2 === 0 ? n * 3 : Math.sin(series * 1000 + n));
const everything = [matcher('i', '!=', '')];

/** A folder with recoded frames, fresh frames and a log, as a killed process would leave it; with `closed`, as a clean end would. */
async function madeFolder(closed = false): Promise<string> {
  const folder = tempFolder();
  const clock = new ManualClock(startMs);
  const db = openTsdb({ folder, clock });
  const refs = names.map((labels) => db.ref(labels));
  for (let n = 0; n < steps; n++) {
    const batch = db.batch();
    refs.forEach((ref, series) => batch.add(ref, startMs + n * stepMs, valueAt(series, n)));
    await batch.commit('process');
    await clock.advance(stepMs);
  }
  if (closed) await db.close();
  const copy = tempFolder();
  cpSync(folder, copy, { recursive: true });
  return copy;
}

interface Reading {
  readonly wrong: number;
  readonly missing: number;
}

function read(db: Tsdb): Reading {
  let wrong = 0;
  let found = 0;
  for (const { labels, timesMs, values } of db.select(everything, -Infinity, endMs - 1)) {
    const series = Number(labels[labels.indexOf('i') + 1]);
    timesMs.forEach((timeMs, i) => {
      const n = (timeMs - startMs) / stepMs;
      if (Object.is(values[i], valueAt(series, n)) && n >= 0 && n < steps) found++;
      else wrong++;
    });
  }
  return { wrong, missing: names.length * steps - found };
}

/** Opens, reads, appends, closes, opens again: what a person would do with it. */
async function survives(folder: string): Promise<void> {
  let told = 0;
  for (let start = 0; start < 3; start++) {
    const db = openTsdb({ folder, clock: new ManualClock(endMs + start * 1000) });
    const { wrong, missing } = read(db);
    expect(wrong).toBe(0);
    while (db.tick());
    const batch = db.batch();
    batch.add(db.ref(names[0]!), endMs + start * 1000, 1);
    await batch.commit('power');
    const { damage, lostSamples } = db.stats();
    told = Math.max(told, damage.length + lostSamples);
    if (missing > 0) expect(told).toBeGreaterThan(0);
    await db.close();
  }
}

/** What SQLite makes anew when a process begins, its index of the journal, only `withIndex`. */
function files(folder: string, withIndex = false): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && (withIndex || !entry.name.endsWith('-shm')))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

type Harm = 'flip' | 'zero' | 'cut';

function harm(path: string, how: Harm, next: () => number): void {
  const size = statSync(path).size;
  const at = Math.floor(next() * size);
  if (how === 'cut') return truncateSync(path, at);
  if (how === 'flip') return flip(path, at, 1 << Math.floor(next() * 8));
  const fd = openSync(path, 'r+');
  writeSync(fd, Buffer.alloc(512), 0, Math.min(512, size - at), at);
  closeSync(fd);
}

function flip(path: string, at: number, bits: number): void {
  const fd = openSync(path, 'r+');
  const bytes = Buffer.alloc(1);
  readSync(fd, bytes, 0, 1, at);
  bytes[0]! ^= bits;
  writeSync(fd, bytes, 0, 1, at);
  closeSync(fd);
}

/** Rounds of damage, and the longest that they may take together: a busy machine does fewer. */
const [rounds, roundsMs] = process.env.TORTURE === 'long' ? [500, 15 * 60_000] : [45, 90_000];

test('flipped, zeroed and cut files', { timeout: roundsMs * 2 }, async () => {
  const original = await madeFolder();
  const next = random(5);
  const untilMs = performance.now() + roundsMs;
  let round = 0;
  for (; round < rounds && performance.now() < untilMs; round++) {
    const folder = tempFolder();
    cpSync(original, folder, { recursive: true });
    const all = files(folder);
    const path = all[round % all.length]!;
    // A newest segment that ends early is what the death of the process leaves: nothing can tell the two apart.
    const how = (['flip', 'zero', 'cut'] as const)[Math.floor(round / all.length) % 3]!;
    harm(path, how === 'cut' && path === all.at(-1) ? 'flip' : how, next);
    await survives(folder);
    rmSync(folder, { recursive: true });
  }
  expect(round).toBeGreaterThan(files(original).length * 3);
});

/** Bytes at a file's begin in which formats say what they are: SQLite's header, its journal's and that of its first frame, its index of it, our frame's. */
const headBytes = 136;
const headStep = process.env.TORTURE === 'long' ? 1 : 34;

test('flips in the first bytes of every file', { timeout: roundsMs * 2 }, async () => {
  const original = await madeFolder();
  const untilMs = performance.now() + roundsMs;
  let kinds = 0;
  for (const path of files(original, true)) {
    for (let at = kinds % headStep; at < Math.min(headBytes, statSync(path).size) && performance.now() < untilMs; at += headStep) {
      const folder = tempFolder();
      cpSync(original, folder, { recursive: true });
      flip(join(folder, path.slice(original.length)), at, 1 << (at % 8));
      await survives(folder);
      rmSync(folder, { recursive: true });
    }
    kinds++;
  }
  expect(kinds).toBeGreaterThan(3);
});

test('a database whose first page is gone is put back from a fresh one', async () => {
  const folder = await madeFolder(true);
  const fd = openSync(join(folder, 'metrics.db'), 'r+');
  writeSync(fd, Buffer.alloc(4096), 0, 4096, 0);
  closeSync(fd);
  const again = openTsdb({ folder, clock: new ManualClock(endMs) });
  expect(read(again)).toEqual({ wrong: 0, missing: 0 });
  expect(again.stats().damage.map(({ what }) => what)).toEqual(['database']);
  expect(existsSync(join(folder, 'quarantine', 'database-1', 'metrics.db'))).toBe(true);
  await again.close();
});

test('the doctor names what is damaged, and the store moves it to the quarantine with its hole', async () => {
  const folder = await madeFolder(true);
  expect(examineTsdb(folder)).toMatchObject({ damage: [], quarantined: [], groups: 2, samples: names.length * steps });
  const raw = new Database(join(folder, 'metrics.db'));
  const frame = raw.prepare('select id, bytes, min_ms as minMs, max_ms as maxMs from frame order by id').get() as {
    id: number;
    bytes: Buffer;
    minMs: number;
    maxMs: number;
  };
  frame.bytes[frame.bytes.length >> 1]! ^= 4;
  raw.prepare('update frame set bytes = ? where id = ?').run(frame.bytes, frame.id);
  raw.close();
  const hole = { what: 'frame', minMs: frame.minMs, maxMs: frame.maxMs };
  expect(examineTsdb(folder).damage).toEqual([
    { ...hole, cause: expect.stringMatching(/^frame \d+ of group \d+: the checksum does not match$/) as string },
  ]);
  const db = openTsdb({ folder, clock: new ManualClock(endMs) });
  const { wrong, missing } = read(db);
  expect(wrong).toBe(0);
  expect(missing).toBeGreaterThan(0);
  expect(db.stats().damage).toEqual([{ ...hole, cause: 'the checksum does not match' }]);
  await db.close();
  expect(examineTsdb(folder)).toMatchObject({ damage: [], quarantined: [hole] });
});

test('wrong bytes under a right checksum would be found out', async () => {
  const folder = await madeFolder(true);
  const raw = new Database(join(folder, 'metrics.db'));
  const frame = raw.prepare('select id, bytes from frame order by id').get() as { id: number; bytes: Buffer };
  frame.bytes[frame.bytes.length - 1]! ^= 4;
  frame.bytes.writeUInt32LE(crc32c(frame.bytes, 6), 2);
  raw.prepare('update frame set bytes = ? where id = ?').run(frame.bytes, frame.id);
  raw.close();
  const db = openTsdb({ folder, clock: new ManualClock(endMs) });
  expect(read(db).wrong).toBeGreaterThan(0);
  await db.close();
});
