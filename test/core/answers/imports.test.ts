/** Files that a screen sends into a case: the real importer's thread, from the announcement to the report. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Datasets, ImportDesk, type RunImport } from '#core/answers/index.ts';
import type { ImportProgress } from '#core/contract/index.ts';
import { openLogs } from '#core/logs/index.ts';
import { createQueries } from '#core/promql/index.ts';
import { openTraces } from '#core/traces/index.ts';
import { openTsdb } from '#core/tsdb/index.ts';
import { runImport } from '../../../main/engine/importer.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';

const context = { signal: new AbortController().signal };
const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const metrics = bytesOf(`time,cart_cpu,web_cpu\n${Array.from({ length: 30 }, (_, i) => `${1_600_000_000 + i},${i},1`).join('\n')}\n`);
const logs = bytesOf('2020-09-13T12:26:40Z level=info msg=begun\n2020-09-13T12:26:41Z level=error msg=failed\n');
const junk = new Uint8Array([0, 1, 2, 3, 0, 255, 254, 0]);

interface Scene {
  readonly datasets: Datasets;
  readonly desk: ReturnType<ImportDesk['handlers']>;
  readonly dataDir: string;
  readonly clock: ManualClock;
  close(): Promise<void>;
}

function scene(run: RunImport | undefined = runImport): Scene {
  const dataDir = tempFolder();
  const clock = new ManualClock(1_700_000_000_000);
  const folder = join(dataDir, 'live');
  const breathe = (): Promise<void> => Promise.resolve();
  const tsdb = openTsdb({ folder, clock });
  const live = {
    metrics: tsdb,
    traces: openTraces({ folder, clock }),
    logs: openLogs({ folder, clock }),
    queries: createQueries({ source: tsdb, clock, breathe }),
  };
  const datasets = new Datasets({ dataDir, clock, live, breathe });
  const desk = new ImportDesk({ datasets, clock, dataDir, run }).handlers();
  return { datasets, desk, dataDir, clock, close: () => datasets.close() };
}

/** Announces and sends files; resolves with the last state. */
function importing(
  { desk }: Scene,
  name: string,
  files: readonly (readonly [path: string, bytes: Uint8Array<ArrayBuffer>])[],
): Promise<ImportProgress> {
  return new Promise((done, fail) => {
    let sent = false;
    const emit = (state: ImportProgress): void => {
      if (state.phase === 'done' || state.phase === 'failed') done(state);
      if (sent) return;
      sent = true;
      queueMicrotask(() => {
        try {
          for (const [file, [, bytes]] of files.entries()) if (bytes.length > 0) void desk['cases.upload']({ id: state.id, file, bytes }, context);
        } catch (error) {
          fail(error);
        }
      });
    };
    desk['cases.import']({ name, files: files.map(([path, { length }]) => ({ path, bytes: length })) }, emit, context);
  });
}

describe('an import from the screen', () => {
  test('makes a case, says what was understood and what was not, and leaves nothing else behind', async () => {
    const one = scene();
    const last = await importing(one, 'new-case', [
      ['capture/simple_data.csv', metrics],
      ['capture/app.log', logs],
      ['capture/blob.bin', junk],
      ['capture/empty.txt', new Uint8Array(0)],
    ]);
    expect(last).toMatchObject({ phase: 'done', problem: '', fileCount: 4, refusedCount: 1, receivedBytes: last.totalBytes });
    const byPath = last.files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
    expect(byPath.map(({ path, samples, logs: lines, isRefused }) => [path, samples, lines, isRefused])).toEqual([
      ['capture/app.log', 0, 2, false],
      ['capture/blob.bin', 0, 0, true],
      ['capture/empty.txt', 0, 0, false],
      ['capture/simple_data.csv', 60, 0, false],
    ]);
    expect(one.datasets.of('new-case').logs.stats().blockRecords).toBe(2);
    expect(one.datasets.case('new-case').files()).toHaveLength(4);
    expect(readdirSync(join(one.dataDir, 'uploads'))).toEqual([]);
    await one.close();
  });

  test('adds to a case that is open, which answers again afterwards', async () => {
    const one = scene();
    await importing(one, 'a-case', [['a.csv', metrics]]);
    expect(one.datasets.of('a-case').metrics.stats().series).toBe(2);
    const adding = importing(one, 'a-case', [['b.log', logs]]);
    await new Promise((turn) => setImmediate(turn));
    expect(() => one.datasets.of('a-case')).toThrow('files are being imported into a-case; ask again when that is done');
    expect((await adding).phase).toBe('done');
    expect(one.datasets.of('a-case').logs.stats().blockRecords).toBe(2);
    await one.close();
  });

  test('called off ends, gives the case back and removes what was sent', async () => {
    let stopped = false;
    const one = scene(() => () => void (stopped = true));
    let id = 0;
    const stop = one.desk['cases.import']({ name: 'half', files: [{ path: 'a.csv', bytes: 10 }] }, (state) => (id = state.id), context);
    await one.desk['cases.upload']({ id, file: 0, bytes: new Uint8Array(4) }, context);
    expect(existsSync(join(one.dataDir, 'uploads'))).toBe(true);
    stop();
    expect(readdirSync(join(one.dataDir, 'uploads'))).toEqual([]);
    expect(() => one.desk['cases.upload']({ id, file: 0, bytes: new Uint8Array(4) }, context)).toThrow('this import has ended');
    const again = one.desk['cases.import']({ name: 'half', files: [{ path: 'a.csv', bytes: 4 }] }, (state) => (id = state.id), context);
    await one.desk['cases.upload']({ id, file: 0, bytes: new Uint8Array(4) }, context);
    await new Promise((turn) => setImmediate(turn));
    again();
    expect(stopped).toBe(true);
    await one.close();
  });

  test('what a process that has ended left behind goes when the next begins', async () => {
    const one = scene();
    let id = 0;
    one.desk['cases.import']({ name: 'half', files: [{ path: 'a.csv', bytes: 10 }] }, (state) => (id = state.id), context);
    await one.desk['cases.upload']({ id, file: 0, bytes: new Uint8Array(4) }, context);
    const next = new ImportDesk({ datasets: one.datasets, clock: one.clock, dataDir: one.dataDir, run: runImport });
    expect(Object.keys(next.handlers())).toContain('cases.import');
    expect(existsSync(join(one.dataDir, 'uploads'))).toBe(false);
    await one.close();
  });

  test.each([
    ['../evil', 'is no name of a file'],
    ['a/../../evil', 'is no name of a file'],
    ['C:\\..\\evil', 'is no name of a file'],
  ])('%s is refused', async (path, sentence) => {
    const one = scene();
    expect(() => one.desk['cases.import']({ name: 'x', files: [{ path, bytes: 1 }] }, () => undefined, context)).toThrow(sentence);
    await one.close();
  });

  test('more bytes than announced, a file that was not, too much at once, a name that is none: a sentence each', async () => {
    const one = scene();
    let id = 0;
    one.desk['cases.import']({ name: 'x', files: [{ path: 'a', bytes: 3 }] }, (state) => (id = state.id), context);
    expect(() => one.desk['cases.upload']({ id, file: 0, bytes: new Uint8Array(4) }, context)).toThrow('a has become longer than it was announced');
    expect(() => one.desk['cases.upload']({ id, file: 7, bytes: new Uint8Array(1) }, context)).toThrow('file 7 was not announced');
    const begin = (name: string, files: { path: string; bytes: number }[]): void =>
      void one.desk['cases.import']({ name, files }, () => undefined, context);
    expect(() => begin('y', [{ path: 'a', bytes: 5 * 2 ** 30 }])).toThrow('the files have more than 4 GiB');
    expect(() => begin('y', [])).toThrow('there is no file to import');
    expect(() => begin('live', [{ path: 'a', bytes: 1 }])).toThrow('"live" is no name for a case');
    await one.close();
  });
});
