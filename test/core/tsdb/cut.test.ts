/**
 * Promise 21: upkeep cut short at any call that changes a file, by the death of the process or of the power, leaves the answers of before or
 * of after: never both, never neither.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { examineTsdb, openTsdb } from '#core/tsdb/index.ts';
import { DiskReplay, hasStrace, noStrace, recordDisk, type DiskCall, type Loss } from '../../support/disk-trace.ts';
import { tempFolder } from '../../support/folder.ts';
import { random } from './random.ts';
import { acts, ask, makeFolder, planClock, planLimits, type Answers } from './upkeep-plan.ts';

if (!hasStrace) process.stdout.write(noStrace);

/** `TORTURE=long` is for the night: every call, as the death of the process leaves it and as one kind of power cut does. */
const isLong = process.env.TORTURE === 'long';
const cutsShort = 14;
const timeoutMs = isLong ? 3_600_000 : 120_000;
const losses: readonly Loss[] = ['none', 'all', 'some', 'torn'];

interface Recorded {
  readonly folder: string;
  readonly before: DiskReplay;
  readonly calls: readonly DiskCall[];
}

async function record(act: keyof typeof acts, lie = ''): Promise<Recorded> {
  const folder = join(tempFolder(), 'data');
  await makeFolder(folder, act.startsWith('retention') || act === 'deletion');
  const before = new DiskReplay(folder);
  const calls = recordDisk(folder, [join(import.meta.dirname, 'upkeep-child.ts'), folder, act, lie]);
  return { folder, before, calls };
}

/** Opens a folder as a start after the cut does, and asks; given an act, once that has been done to its end. */
async function askFolder(folder: string, act?: keyof typeof acts): Promise<Answers> {
  const clock = planClock();
  const db = openTsdb({ folder, clock, limits: planLimits });
  while (db.stats().isReplaying) db.tick();
  if (act !== undefined) acts[act](db, clock, () => undefined);
  const answers = await ask(db);
  const { damage, lostSamples } = db.stats();
  expect([damage, lostSamples]).toEqual([[], 0]);
  await db.close();
  return answers;
}

type Fits = (found: Answers, isAcknowledged: boolean) => boolean;

/** The calls after which a cut did not leave what it must. */
async function* faults({ before, calls }: Recorded, fits: Fits, cuts: number, act: keyof typeof acts): AsyncGenerator<string> {
  const next = random(17);
  const target = join(tempFolder(), 'cut');
  let isAcknowledged = false;
  for (const [number, call] of calls.entries()) {
    before.play(call);
    isAcknowledged ||= call.kind === 'said' && call.text === 'acknowledged\n';
    if (next() >= cuts / calls.length && number + 1 < calls.length) continue;
    const due = new Set([...(isLong ? (['none'] as const) : []), losses[number % losses.length]!]);
    for (const loss of due) {
      mkdirSync(target);
      before.write(target, loss, next);
      const where = `after call ${number} (${call.kind} ${'path' in call ? call.path : ''}), lost: ${loss}`;
      const sound = examineTsdb(target).damage.filter(({ what }) => what !== 'log').length === 0;
      if (!sound || !fits(await askFolder(target), isAcknowledged)) yield where;
      else if (number % 5 === 0 && !fits(await askFolder(target, act), true)) yield `${where}; and upkeep to its end`;
      rmSync(target, { recursive: true });
    }
  }
}

const isSame = (a: Answers, b: Answers): boolean => a.ranges === b.ranges && sameSamples(a.samples, b.samples);

function sameSamples(a: Answers['samples'], b: Answers['samples']): boolean {
  return a.size === b.size && [...a].every(([labels, samples]) => samples.join() === b.get(labels)?.join());
}

/** Retention takes whole windows off the front: what is left of every series begins at one time, `latestMs` at the latest, and nothing younger is missing. */
function isTail(found: Answers, before: Answers, latestMs: number): boolean {
  const floorMs = startOf(found);
  const wanted = new Map([...before.samples].map(([labels, samples]) => [labels, samples.filter((one) => timeOf(one) >= floorMs)]));
  return floorMs <= latestMs && found.ranges === before.ranges && sameSamples(found.samples, wanted);
}

const timeOf = (sample: string): number => Number(sample.split(' ')[0]);
const startOf = ({ samples }: Answers): number => Math.min(...[...samples.values()].map(([first]) => timeOf(first!)));

/** What fits each act, given the answers of before and after. */
const fitsOf: Readonly<Record<keyof typeof acts, (before: Answers, after: Answers) => Fits>> = {
  upkeep: (before) => (found) => isSame(found, before),
  compact: (before) => (found) => isSame(found, before),
  'retention by age': (before, after) => (found) => isTail(found, before, startOf(after)),
  // Where it ends depends on sizes, and those on what was sealed and merged when.
  'retention by bytes': (before) => (found) => isTail(found, before, Infinity),
  deletion: (before, after) => (found, isAcknowledged) => isSame(found, after) || (!isAcknowledged && isSame(found, before)),
};

async function beforeAndAfter(act: keyof typeof acts, folder: string): Promise<[Answers, Answers]> {
  const original = tempFolder();
  await makeFolder(original, act.startsWith('retention') || act === 'deletion');
  return [await askFolder(original), await askFolder(folder)];
}

test.runIf(hasStrace).each(Object.keys(acts) as (keyof typeof acts)[])(
  '%s cut short leaves the answers whole',
  { timeout: timeoutMs },
  async (act) => {
    const recorded = await record(act);
    const [before, after] = await beforeAndAfter(act, recorded.folder);
    if (act.startsWith('retention') || act === 'deletion') expect(isSame(before, after)).toBe(false);
    else expect(isSame(before, after)).toBe(true);
    expect(recorded.calls.length).toBeGreaterThan(60);
    for await (const fault of faults(recorded, fitsOf[act](before, after), isLong ? Infinity : cutsShort, act)) expect.fail(fault);
  },
);

test.runIf(hasStrace).each([
  ['piecemeal', 'compact'],
  ['piecemeal', 'deletion'],
  ['unsynced', 'upkeep'],
] as const)('upkeep that is %s would be found out (%s)', { timeout: timeoutMs }, async (lie, act) => {
  const recorded = await record(act, lie);
  const [before, after] = await beforeAndAfter(act, recorded.folder);
  const first = await faults(recorded, fitsOf[act](before, after), 240, act).next();
  expect(first.done).toBe(false);
});
