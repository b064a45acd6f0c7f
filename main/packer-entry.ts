/** The thread that packs log lines while an import reads on. */
import { parentPort } from 'node:worker_threads';
import { buffersOf, packJob, type PackJob } from '#core/logs/index.ts';

parentPort!.on('message', (job: PackJob) => {
  const packed = packJob(job);
  parentPort!.postMessage(packed, buffersOf(packed));
});
