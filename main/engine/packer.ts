/** Packs log lines on a thread of its own, so that an import reads and packs at the same time. */
import { Worker } from 'node:worker_threads';
import { buffersOf, type Packed, type Packer } from '#core/logs/index.ts';
import { EngineError } from '#core/model/index.ts';
import { entryFile } from '../places.ts';

interface Waiting {
  readonly done: (packed: Packed) => void;
  readonly refuse: (why: EngineError) => void;
}

/** The thread starts with the first job. It keeps the process alive while it has one, no longer. */
export function startPacker(): Packer {
  const waiting: Waiting[] = [];
  let worker: Worker | undefined;
  const start = (): Worker => {
    const started = new Worker(entryFile('packer-entry'));
    started.on('message', (packed: Packed) => {
      waiting.shift()?.done(packed);
      if (waiting.length === 0) started.unref();
    });
    const gone = (why: string): void => {
      if (worker === started) worker = undefined;
      for (const { refuse } of waiting.splice(0)) refuse(new EngineError('unavailable', `the thread that packs log lines broke off: ${why}`));
    };
    started.on('error', ({ message }) => gone(message));
    started.on('exit', (code) => gone(`exit code ${code}`));
    return started;
  };
  return {
    pack: (job) =>
      new Promise((done, refuse) => {
        worker ??= start();
        waiting.push({ done, refuse });
        worker.ref();
        worker.postMessage(job, buffersOf(job));
      }),
  };
}
