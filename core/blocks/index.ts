/** What the stores of spans and of log lines share: blobs with a checksum, a cache of decoded columns, long work in steps. */
export { DamageError, unwrapBlob, wrapBlob } from './blob.ts';
export { ColumnCache } from './cache.ts';
export { examineBlobs, type BlobReport } from './examine.ts';
export { atOnce, breathe, inSteps } from './steps.ts';
