import * as v from 'valibot';
import { datasetName } from './inputs.ts';
import { procedure, stream } from './rpc.ts';

/** What became of one imported file. */
export interface CaseFileView {
  readonly path: string;
  /** What it was taken for; empty when it was not understood. */
  readonly format: string;
  readonly bytes: number;
  readonly samples: number;
  readonly spans: number;
  readonly logs: number;
  readonly edges: number;
  /** Records that were there already. */
  readonly duplicates: number;
  /** The first of what was not understood; line 0 when it cannot be told. */
  readonly faults: readonly { readonly line: number; readonly reason: string }[];
  readonly faultCount: number;
  readonly notes: readonly string[];
  readonly isRefused: boolean;
  readonly importedMs: number;
}

/** How far an import is. */
export interface ImportProgress {
  readonly id: number;
  /** First the files come in, then they are read. */
  readonly phase: 'receiving' | 'reading' | 'done' | 'failed';
  /** Why it failed, a sentence. */
  readonly problem: string;
  readonly receivedBytes: number;
  readonly totalBytes: number;
  /** Unpacked, so possibly more than was sent. */
  readonly readBytes: number;
  readonly fileCount: number;
  readonly refusedCount: number;
  /** The newest first, at most 200. */
  readonly files: readonly CaseFileView[];
}

const announced = v.object({
  path: v.pipe(v.string(), v.minLength(1), v.maxLength(1024)),
  bytes: v.pipe(v.number(), v.integer(), v.minValue(0)),
});
/** A WebSocket's message holds 1 MiB (main/web/sockets.ts). */
const chunkBytesMax = 768 << 10;

export const casesContract = {
  /** Imports announced files into a case, new or there already, once all of their bytes have come by `cases.upload`; closing it calls it off. */
  'cases.import': stream<ImportProgress>()(v.object({ name: datasetName, files: v.pipe(v.array(announced), v.maxLength(10_000)) })),
  /** The next bytes of one of the files, by its place in the announcement. */
  'cases.upload': procedure<null>()(
    v.object({
      id: v.pipe(v.number(), v.integer()),
      file: v.pipe(v.number(), v.integer(), v.minValue(0)),
      bytes: v.pipe(
        v.instance(Uint8Array),
        v.check((bytes) => bytes.length <= chunkBytesMax, 'is more than 768 KiB'),
      ),
    }),
  ),
  /** Reports of the imports into a case, newest first. */
  'cases.files': procedure<readonly CaseFileView[]>()(v.object({ name: datasetName })),
  /** Deletes a case with all that it holds. */
  'cases.delete': procedure<null>()(v.object({ name: datasetName })),
};
