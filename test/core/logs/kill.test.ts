/** Promise 1 for lines of logs: the death of a process loses nothing that was acknowledged. A child appends until it is killed, again and again. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { openLogs } from '#core/logs/index.ts';
import { tempFolder } from '../../support/folder.ts';
import { appendTimeMs, recordsOf, steppingClock } from './kill-plan.ts';

const child = join(import.meta.dirname, 'kill-child.ts');
/** `TORTURE=long` is for the night. */
const kills = process.env['TORTURE'] === 'long' ? 200 : 12;
const pageRecords = 5000;

/** Runs the child until it has acknowledged `appends` and some, kills it, and returns the last number that it acknowledged. */
async function runAndKill(folder: string, first: number, appends: number, lie = ''): Promise<number> {
  const running = spawn(process.execPath, [child, folder, String(first), lie], { stdio: ['ignore', 'pipe', 'inherit'] });
  let last = first - 1;
  for await (const line of createInterface({ input: running.stdout })) {
    last = Number(line);
    if (last >= first + appends) running.kill('SIGKILL');
  }
  return last;
}

const keyOf = (timeNs: bigint, labels: readonly string[], line: string, fields: readonly string[]): string =>
  [timeNs, labels.join(), line, fields.join()].join('|');

/** The numbers of the appends from `first` to `last` that are not there whole and once; what is there of others must be whole and once, too. */
async function lost(folder: string, first: number, last: number): Promise<{ readonly lost: number[]; readonly blocks: number }> {
  const logs = openLogs({ folder, clock: steppingClock(last) });
  const counts = new Map<string, number>();
  const fromNs = BigInt(appendTimeMs(first)) * 1_000_000n;
  for (let cursor: string | undefined, isFirst = true; isFirst || cursor !== undefined; isFirst = false) {
    const page = await logs.search({ text: '', direction: 'forward', limit: pageRecords, cursor, fromNs });
    for (const { timeNs, labels, line, fields } of page.records) {
      const key = keyOf(timeNs, labels, line, fields);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    cursor = page.next;
  }
  const { damage, blocks } = logs.stats();
  expect(damage).toEqual([]);
  const missing: number[] = [];
  for (let n = first; n <= last; n++) {
    const seen = recordsOf(n).map(({ timeNs, labels, line, fields }) => counts.get(keyOf(timeNs, labels, line, fields)) ?? 0);
    if (seen.some((count) => count !== 1)) missing.push(n);
  }
  if (last % 2 === 0) await logs.close();
  return { lost: missing, blocks };
}

test(`nothing is lost over ${kills} kills, while blocks are made`, { timeout: kills * 20_000 }, async () => {
  const folder = tempFolder();
  /** The append after the last acknowledged one is there whole, or not at all. */
  const unsure = new Set<number>();
  let next = 0;
  let sealed = 0;
  for (let kill = 0; kill < kills; kill++) {
    const last = await runAndKill(folder, next, 3 + ((kill * 37) % 90));
    const { lost: missing, blocks } = await lost(folder, kill === kills - 1 ? 0 : next, last);
    expect(missing.filter((n) => !unsure.has(n))).toEqual([]);
    sealed = blocks;
    unsure.add(last + 1);
    next = last + 2;
  }
  expect(sealed).toBeGreaterThan(kills / 4);
});

test('a store that acknowledges too early is found out', { timeout: 60_000 }, async () => {
  const folder = tempFolder();
  const last = await runAndKill(folder, 0, 49, 'early');
  expect((await lost(folder, 0, last)).lost).toEqual([last]);
});
