/** Promise 6: on a full disk alerts, silences and incidents go on being written, everything else is refused honestly. On a real small disk. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { reserveBytes } from '#core/db/index.ts';
import { tempFolder } from '../support/folder.ts';

/** Above the 500 MB (and a quarter) that overload wants free, so that pushes are taken at first. */
const mount = 'mount -t tmpfs -o size=760m tmpfs "$0"';
/** A disk that only the program and its children see, and that goes with them. */
const onSmallDisk = (folder: string, script: string, args: readonly string[] = []) =>
  spawnSync('unshare', ['-rm', 'sh', '-c', `${mount} && ${script}`, folder, ...args], { encoding: 'utf8', maxBuffer: 1 << 24 });

const hasDisk = onSmallDisk(import.meta.dirname, 'true').status === 0;
if (!hasDisk) process.stdout.write('skipped: a small disk cannot be mounted here (unshare -rm, mount -t tmpfs)\n');

interface Told {
  readonly before: { readonly reserve: number; readonly push: { readonly status: number } };
  readonly full: {
    readonly reserve: number;
    readonly pushes: readonly { readonly status: number; readonly retryAfter?: string }[];
    readonly silences: readonly number[];
    readonly incident: number;
    readonly notified: number;
    readonly reasons: readonly string[];
  };
  readonly after: { readonly recoveredAfterSeconds: number; readonly reserve: number };
  readonly kept: number;
}

function run(reserve: number): Told {
  const child = join(import.meta.dirname, 'reserve-child.ts');
  const done = onSmallDisk(tempFolder(), 'exec "$1" "$2" "$0" "$3"', [process.execPath, child, String(reserve)]);
  if (done.status !== 0) throw new Error(done.stderr);
  return JSON.parse(done.stdout.trim().split('\n').at(-1)!) as Told;
}

test.runIf(hasDisk)('a full disk: the reserve is given back, written from, and built again', { timeout: 60_000 }, () => {
  const { before, full, after, kept } = run(reserveBytes);
  expect(before).toEqual({ reserve: reserveBytes, push: { status: 204 } });
  expect(full.reserve).toBeLessThan(reserveBytes);
  expect(full.reserve).toBeGreaterThan(reserveBytes / 2);
  for (const push of full.pushes) expect(push).toEqual({ status: 503, retryAfter: '5' });
  expect(full.silences).toEqual(full.silences.map(() => 200));
  expect([full.incident, full.notified]).toEqual([1, 1]);
  expect(full.reasons[0]).toMatch(/^the disk is full: samples, spans and lines are refused; alerts/);
  expect(after.recoveredAfterSeconds).toBeLessThan(10);
  expect(after.reserve).toBe(reserveBytes);
  expect(kept).toBe(full.silences.length);
});

test.runIf(hasDisk)('without a reserve the journal cannot be written, which is found out', { timeout: 60_000 }, () => {
  expect(() => run(0)).toThrow('database or disk is full');
});
