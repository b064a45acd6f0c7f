/** Imports on a thread of their own: a document that takes seconds to read delays no scrape, and no rule. */
import { Worker } from 'node:worker_threads';
import type { EngineOptions } from '#core/engine.ts';
import { entryFile } from '../places.ts';

type RunImport = NonNullable<EngineOptions['runImport']>;
/** What the thread is told. */
export type ImportJob = Parameters<RunImport>[0];
/** What it says. */
export type ImportNews = Parameters<Parameters<RunImport>[1]>[0];

/** A thread that was asked to stop and does not is ended after this long. */
const stopMsMax = 3_000;
/** What one import may hold; a document beyond it fails, and the engine goes on. */
const memoryMbMax = 2_048;

export const runImport: RunImport = (job, tell) => {
  const worker = new Worker(entryFile('importer-entry'), { workerData: job, resourceLimits: { maxOldGenerationSizeMb: memoryMbMax } });
  let last: ImportNews | undefined;
  worker.on('message', (news: ImportNews) => {
    if (news.k === 'bytes' || news.k === 'file') return tell(news);
    last = news;
    void worker.terminate();
  });
  worker.on('error', (error) => (last ??= { k: 'failed', why: `the import broke off: ${error.message}` }));
  // Only now does nobody hold the case's folder.
  worker.on('exit', (code) => tell(last ?? { k: 'failed', why: `the import broke off (exit code ${code})` }));
  return () => {
    worker.postMessage('stop');
    setTimeout(() => void worker.terminate(), stopMsMax).unref();
  };
};
