/**
 * Promise 22: what earlier versions wrote opens in this one, a death on the way harms nothing, and what a later one wrote is read or refused
 * in words. `test/golden/tsdb/form-N` holds folders as versions with N migrations of the metric store left them, killed in mid-work.
 */
import Database from 'better-sqlite3';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { matcher } from '#core/model/index.ts';
import { examineTsdb, openTsdb, openTsdbView, type TsdbView } from '#core/tsdb/index.ts';
import { DiskReplay, hasStrace, noStrace, recordDisk, type Loss } from '../../support/disk-trace.ts';
import { tempFolder } from '../../support/folder.ts';
import { random } from './random.ts';

if (!hasStrace) process.stdout.write(noStrace);

const golden = join(import.meta.dirname, '../../golden/tsdb');
const forms = [1, 2];
const startMs = Date.UTC(2026, 0, 5);
const minuteMs = 60_000;
const rounds = 400;
const clock = { now: () => startMs + rounds * minuteMs, monotonicMs: () => 0, after: () => () => undefined };

function unpack(form: number): string {
  const folder = join(tempFolder(), 'data');
  const from = join(golden, `form-${form}`);
  for (const name of readdirSync(from, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.gz'))) {
    const target = join(folder, name.slice(0, -'.gz'.length));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, gunzipSync(readFileSync(join(from, name))));
  }
  return folder;
}

/** Every fixture holds the same: three counters and a native histogram, a sample a minute, the first 50 minutes of one of them deleted. */
function expectWhole(db: TsdbView): void {
  const found = db.select([matcher('i', '!=', '')], -Infinity, Infinity);
  expect(found.map(({ labels, timesMs }) => [labels.join(), timesMs.length, timesMs.at(-1)])).toEqual([
    ['__name__,work_total,i,0', rounds, startMs + (rounds - 1) * minuteMs],
    ['__name__,work_total,i,1', rounds, startMs + (rounds - 1) * minuteMs],
    ['__name__,work_total,i,2', rounds - 50, startMs + (rounds - 1) * minuteMs],
    ['__name__,latency,i,3', rounds, startMs + (rounds - 1) * minuteMs],
  ]);
  found.slice(0, 3).forEach(({ timesMs, values }, i) => {
    timesMs.forEach((timeMs, at) => expect(values[at]).toBe(((timeMs - startMs) / minuteMs) * (i + 1) + 0.25));
  });
  found[3]!.histograms!.forEach((histogram, n) =>
    expect(histogram).toMatchObject({ schema: 1, count: 6 + n, sum: n * 1.5, zeroCount: 1, positive: [2 + n, 3] }),
  );
  expect(db.metadata().get('work_total')).toEqual({ type: 'counter', help: 'Work done.', unit: '' });
  expect(db.exemplars([matcher('i', '=', '0')], -Infinity, Infinity).flatMap(({ exemplars }) => exemplars.map(({ value }) => value))).toEqual([
    0, 100, 200, 300,
  ]);
  expect(db.stats()).toMatchObject({ damage: [], lostSamples: 0 });
}

test.each(forms)('a folder of form %i is read as it is, opened, kept, and goes on', async (form) => {
  const folder = unpack(form);
  const view = openTsdbView(folder);
  expectWhole(view);
  await view.close();
  const before = new Database(join(folder, 'metrics.db'), { readonly: true });
  expect(before.pragma('user_version', { simple: true })).toBe(form);
  before.close();
  let db = openTsdb({ folder, clock });
  expectWhole(db);
  db.compact();
  expectWhole(db);
  await db.close();
  expect(existsSync(join(folder, `metrics.db.form-${form}`))).toBe(true);
  db = openTsdb({ folder, clock });
  expectWhole(db);
  await db.close();
  expect(examineTsdb(folder).damage).toEqual([]);
});

test('what a later version wrote is read as far as this one knows it, and not written', async () => {
  const folder = unpack(2);
  await openTsdb({ folder, clock }).close();
  const raw = new Database(join(folder, 'metrics.db'));
  const form = raw.pragma('user_version', { simple: true }) as number;
  raw.exec('create table of_later (id integer primary key, what text not null) strict');
  raw.pragma(`user_version = ${form + 1}`);
  raw.close();
  const view = openTsdbView(folder);
  expectWhole(view);
  await view.close();
  expect(() => openTsdb({ folder, clock })).toThrow(
    new RegExp(`was written by a newer Signalbox \\(form ${form + 1}, this one knows ${form}\\); open it with that version`),
  );
});

test.runIf(hasStrace).each(forms)(
  'form %i cut short on its way to the next leaves it as it was or as it will be',
  { timeout: 120_000 },
  async (form) => {
    const folder = unpack(form);
    const replay = new DiskReplay(folder);
    const calls = recordDisk(folder, [join(import.meta.dirname, 'open-child.ts'), folder]);
    expect(calls.length).toBeGreaterThan(30);
    const target = join(tempFolder(), 'cut');
    const next = random(3);
    const losses: readonly Loss[] = ['none', 'all', 'some', 'torn'];
    const every = process.env.TORTURE === 'long' ? 1 : 6;
    for (const [number, call] of calls.entries()) {
      replay.play(call);
      if (number % every !== 0) continue;
      const loss = losses[Math.floor(number / every) % losses.length]!;
      mkdirSync(target);
      replay.write(target, loss, next);
      const db = openTsdb({ folder: target, clock });
      expectWhole(db);
      await db.close();
      rmSync(target, { recursive: true });
    }
  },
);
