import { join } from 'node:path';
import { examineBlobs, type BlobReport } from '#core/blocks/index.ts';

/** Checks every checksum of the span store of a folder that has one, and changes nothing. Runs beside a store that is in use. */
export function examineTraces(folder: string): BlobReport {
  return examineBlobs(join(folder, 'traces.db'), 'block_column');
}
