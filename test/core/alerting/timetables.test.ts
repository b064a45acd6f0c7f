import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tempFolder } from '../../support/folder.ts';
import { alertmanagerMissing, prepareAlertmanager, runAlertmanager } from './support/alertmanager.ts';
import { runOurs } from './support/ours.ts';
import { inWords, readTimetable, type Delivery } from './support/timetable.ts';

const folder = join(import.meta.dirname, 'timetables');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.txt'));
const core = files.filter((file) => file.startsWith('core'));

describe('timetables at the manual clock', () => {
  test.each(files.toSorted())('%s', async (file) => {
    const timetable = readTimetable(join(folder, file));
    const told = (await runOurs(timetable, tempFolder())).map((delivery) => inWords(timetable, delivery));
    expect(told).toEqual(timetable.expected);
  });
});

/** Later than this, a notification of the real one counts as another turn's; half of the shortest group_interval. */
const lateMs = 900;

/** What both must agree on: all that is sent but times, links, and fingerprints, which are each program's own. */
function comparable({ body }: Delivery): unknown {
  const { externalURL: _externalUrl, alerts, ...rest } = body as Delivery['body'] & { readonly externalURL: string };
  const told = alerts as readonly Record<string, unknown>[];
  return { ...rest, alerts: told.map(({ startsAt: _startsAt, endsAt: _endsAt, fingerprint: _fingerprint, ...alert }) => alert) };
}

/** In the order of time; those of one moment by their text. */
function inOrder(deliveries: readonly Delivery[], momentOf: (delivery: Delivery) => number): unknown[] {
  return deliveries
    .map((delivery) => ({ atMs: momentOf(delivery), sent: comparable(delivery) }))
    .toSorted((a, b) => a.atMs - b.atMs || (JSON.stringify(a.sent) < JSON.stringify(b.sent) ? -1 : 1));
}

describe.skipIf(alertmanagerMissing !== '')(`the same timetables on a real Alertmanager${alertmanagerMissing}`, () => {
  const scratch = mkdtempSync(join(tmpdir(), 'signalbox-'));
  const runs = new Map<string, Promise<Delivery[]>>();
  let program = '';

  /** All at once: each waits for its own time to pass. */
  beforeAll(() => {
    program = prepareAlertmanager(scratch);
    for (const file of core) {
      const run = runAlertmanager(program, readTimetable(join(folder, file)), mkdtempSync(join(scratch, 'run-')));
      run.catch(() => undefined);
      runs.set(file, run);
    }
  });
  afterAll(async () => {
    await Promise.allSettled(runs.values());
    rmSync(scratch, { recursive: true });
  });

  /** A busy machine makes real time late: what differs is run again, alone. A true difference is there every time. */
  test.each(core.toSorted())('%s', { timeout: 90_000 }, async (file) => {
    const timetable = readTimetable(join(folder, file));
    const ours = await runOurs(timetable, tempFolder());
    const moments = ours.map(({ atMs }) => atMs);
    const momentOf = ({ atMs }: Delivery): number => moments.findLast((moment) => atMs >= moment - 50 && atMs < moment + lateMs) ?? atMs;
    const wanted = inOrder(ours, ({ atMs }) => atMs);
    let told = inOrder(await runs.get(file)!, momentOf);
    for (let again = 0; again < 3 && !isDeepStrictEqual(told, wanted); again++) {
      told = inOrder(await runAlertmanager(program, timetable, mkdtempSync(join(scratch, 'run-'))), momentOf);
    }
    expect(told).toEqual(wanted);
  });
});
