/** Promises 2 and 6: what a power cut and a full disk leave. The log's disk is a fake that knows what was synced. */
import { copyFileSync, fstatSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EngineError, labelsFromRecord, matcher } from '#core/model/index.ts';
import { openTsdb, type Tsdb } from '#core/tsdb/index.ts';
import type { WalFiles } from '#core/tsdb/log/wal.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';
import { random } from './random.ts';

/** Writes at once, but knows which bytes of which file (by inode) a sync has reached. A lying disk says so without a sync. */
class FakeDisk implements WalFiles {
  readonly synced = new Map<number, number>();
  readonly lies: boolean;
  /** Bytes that still fit. */
  room = Infinity;

  constructor(lies = false) {
    this.lies = lies;
  }

  write(fd: number, bytes: Uint8Array, length: number, position: number): void {
    if (position === 0) this.synced.delete(fstatSync(fd).ino); // A new file may have the number of one that is gone.
    const fits = Math.min(length, this.room);
    this.room -= fits;
    writeSync(fd, bytes, 0, fits, position);
    if (fits < length) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  }

  sync(fd: number, done: (error: Error | null) => void): void {
    const { ino, size } = fstatSync(fd);
    setImmediate(() => {
      if (!this.lies) this.synced.set(ino, size);
      done(null);
    });
  }
}

type Style = 'drop' | 'prefix' | 'torn';

/** A copy of the folder as a power cut would leave it: of what was not synced nothing, some prefix, or some blocks. */
function cut(folder: string, disk: FakeDisk, style: Style, next: () => number): string {
  const target = tempFolder();
  mkdirSync(join(target, 'wal'));
  for (const name of readdirSync(folder).filter((name) => name.startsWith('metrics.db'))) copyFileSync(join(folder, name), join(target, name));
  for (const name of readdirSync(join(folder, 'wal'))) {
    const path = join(folder, 'wal', name);
    const bytes = readFileSync(path);
    const synced = disk.synced.get(statSync(path).ino) ?? 0;
    const left = style === 'prefix' ? Math.floor(synced + next() * (bytes.length - synced + 1)) : style === 'drop' ? synced : bytes.length;
    if (style === 'torn') for (let at = synced; at < bytes.length; at += 512) if (next() < 0.5) bytes.fill(0, at, Math.min(bytes.length, at + 512));
    writeFileSync(join(target, 'wal', name), bytes.subarray(0, left));
  }
  return target;
}

const names = Array.from({ length: 30 }, (_, i) => labelsFromRecord({ __name__: 'm', i: String(i) }));
const stepMs = 250;

async function commit(db: Tsdb, timeMs: number, n: number, durability: 'process' | 'power'): Promise<void> {
  const batch = db.batch();
  for (const labels of names) batch.add(db.ref(labels), timeMs, n);
  await batch.commit(durability);
}

/** The times of which every series has its sample. */
function whole(db: Tsdb): Set<number> {
  const all = db.select([matcher('__name__', '=', 'm')], -Infinity, Infinity).map((s) => new Set(s.timesMs));
  return new Set([...(all[0] ?? [])].filter((timeMs) => all.length === names.length && all.every((times) => times.has(timeMs))));
}

/** Commits for a while, cuts the power at random moments, and counts acknowledged commits that are gone. */
async function lostInCuts(cuts: number, disk: FakeDisk): Promise<{ acknowledged: number; aged: number }> {
  const folder = tempFolder();
  const clock = new ManualClock();
  const next = random(11);
  const db = openTsdb({ folder, clock }, disk);
  const acknowledged = new Set<number>();
  const written: number[] = [];
  const lost = { acknowledged: 0, aged: 0 };
  for (let done = 0, n = 0; done < cuts; n++) {
    const now = clock.now();
    const power = next() < 0.3;
    const committing = commit(db, now, n, power ? 'power' : 'process').then(() => void (power ? acknowledged.add(now) : written.push(now)));
    if (next() < 0.3) {
      const opened = openTsdb({ folder: cut(folder, disk, (['drop', 'prefix', 'torn'] as const)[done % 3]!, next), clock: new ManualClock(now) });
      const there = whole(opened);
      lost.acknowledged += [...acknowledged].filter((timeMs) => !there.has(timeMs)).length;
      lost.aged += written.filter((timeMs) => timeMs < now - 1000 - stepMs && !there.has(timeMs)).length;
      await opened.close();
      done++;
    }
    await clock.advance(stepMs);
    await committing;
  }
  await db.close();
  return lost;
}

/** `TORTURE=long` is for the night. */
const isLong = process.env.TORTURE === 'long';

test('a power cut takes nothing acknowledged, and of scrapes no more than a second', { timeout: isLong ? 3_600_000 : 60_000 }, async () => {
  expect(await lostInCuts(isLong ? 500 : 60, new FakeDisk())).toEqual({ acknowledged: 0, aged: 0 });
});

test('a disk that only says it has synced is found out', { timeout: 60_000 }, async () => {
  const lost = await lostInCuts(12, new FakeDisk(true));
  expect(lost.acknowledged).toBeGreaterThan(0);
  expect(lost.aged).toBeGreaterThan(0);
});

test('a full disk is said, nothing acknowledged is harmed, and it goes on when there is room', async () => {
  const folder = tempFolder();
  const clock = new ManualClock();
  const disk = new FakeDisk();
  const next = random(3);
  let db = openTsdb({ folder, clock }, disk);
  const acknowledged = new Set<number>();
  let refused = 0;
  for (let n = 0; n < 200; n++) {
    if (n % 10 === 5) disk.room = Math.floor(next() * 2000);
    if (n % 10 === 9) disk.room = Infinity;
    const now = clock.now();
    try {
      await commit(db, now, n, n % 2 === 0 ? 'power' : 'process');
      acknowledged.add(now);
    } catch (error) {
      expect(error).toBeInstanceOf(EngineError);
      expect((error as EngineError).message).toMatch(/takes no more samples .*ENOSPC.*; free some space/);
      refused++;
    }
    await clock.advance(1000);
  }
  expect(refused).toBeGreaterThan(20);
  expect(acknowledged.size).toBeGreaterThan(100);
  db = openTsdb({ folder, clock: new ManualClock(clock.now()) });
  const there = whole(db);
  expect([...acknowledged].filter((timeMs) => !there.has(timeMs))).toEqual([]);
  expect(db.stats().damage).toEqual([]);
  await db.close();
});
