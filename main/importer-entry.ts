/** The thread of an import: files of a folder into the stores of a case. */
import { parentPort, workerData } from 'node:worker_threads';
import { importPaths, openCase } from '#core/intake/index.ts';
import { EngineError, messageOf } from '#core/model/index.ts';
import { systemClock } from './clock.ts';
import type { ImportJob, ImportNews } from './engine/importer.ts';
import { startPacker } from './engine/packer.ts';

const { from, into } = workerData as ImportJob;
const tell = (news: ImportNews): void => parentPort!.postMessage(news);
let stopped = false;
parentPort!.on('message', () => (stopped = true));

async function run(): Promise<void> {
  const stores = openCase(into, systemClock, startPacker());
  try {
    await importPaths([from], {
      stores: stores.into,
      onBytes: (bytes) => {
        if (stopped) throw new EngineError('unavailable', 'called off; what was read until then is in the case');
        tell({ k: 'bytes', bytes });
      },
      onFile: (imported) => {
        const file = { ...imported, path: imported.path.slice(from.length + 1) };
        stores.noteFile(file);
        tell({ k: 'file', file });
      },
    });
    stores.metrics.compact();
  } finally {
    await stores.close();
  }
}

run().then(
  () => tell({ k: 'done' }),
  (error: unknown) => tell({ k: 'failed', why: messageOf(error) }),
);
