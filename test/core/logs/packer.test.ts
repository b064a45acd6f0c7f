import { expect, test } from 'vitest';
import { LogLines } from '#core/formats/index.ts';
import { buffersOf, openLogs, packJob, type LogsOptions, type Packer } from '#core/logs/index.ts';
import { EngineError } from '#core/model/index.ts';
import { startPacker } from '../../../main/engine/packer.ts';
import { LineMaker } from '../../bench/log-data.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';

/** More than two blocks, so that the next batch is filled in memory that came back. */
const chunks = 18;
const linesPerChunk = 4000;

async function imported(packer: LogsOptions['packer']): Promise<readonly string[]> {
  const logs = openLogs({ folder: tempFolder(), clock: new ManualClock(Date.UTC(2026, 0, 6)), packer });
  const reader = new LogLines({ labels: ['filename', 'x.log'], nowMs: Date.UTC(2026, 0, 6) });
  const maker = new LineMaker(5);
  for (let i = 0; i < chunks; i++) {
    logs.loadBatch(reader.push(maker.chunk(linesPerChunk)));
    await logs.settle();
  }
  logs.loadBatch(reader.end());
  await logs.flush();
  expect(logs.stats().blocks).toBeGreaterThan(2);
  expect(logs.stats().blockRecords).toBe(chunks * linesPerChunk);
  const ends = await Promise.all(
    (['forward', 'backward'] as const).map((direction) => logs.search({ text: 'upstream failed', direction, limit: 50 })),
  );
  const pages = await Promise.all((['forward', 'backward'] as const).map((direction) => logs.search({ text: '', direction, limit: 500 })));
  await logs.close();
  return [...ends, ...pages].flatMap(({ records }) => records.map(({ line }) => line));
}

test('a packer on a thread keeps the same lines as without one', async () => {
  expect(await imported(startPacker())).toEqual(await imported(undefined));
});

test('an import fails when its packer does', async () => {
  let jobs = 0;
  const packer: Packer = {
    pack: (job) => {
      if (++jobs === 2) return Promise.reject(new EngineError('unavailable', 'the thread is gone'));
      return Promise.resolve(packJob(structuredClone(job, { transfer: buffersOf(job) })));
    },
  };
  await expect(imported(packer)).rejects.toThrow('the thread is gone');
});
