import type { LogColumns } from '#core/formats/index.ts';
import { atOnce } from '#core/blocks/index.ts';
import { encodeBlock, type EncodedBlock } from './block.ts';
import { runsOfBatch } from './runs.ts';

/** Records that are to become blocks. Its buffers move to the thread that packs, and come back with the blocks. */
export interface PackJob {
  readonly columns: LogColumns;
  /** Numbers of the streams, by the place of the label set in the batch. */
  readonly streams: readonly number[];
  /** Of one block. */
  readonly recordsMax: number;
}

export interface Packed {
  readonly blocks: readonly EncodedBlock[];
  /** Those of the job; their memory can be used again. */
  readonly columns: LogColumns;
}

/** Makes blocks on another thread, one job after the other in the order in which they were given. */
export interface Packer {
  /** Rejects with EngineError `unavailable` when the thread is gone. The job's buffers are not to be touched until it has settled. */
  pack(job: PackJob): Promise<Packed>;
}

/** What a packer's thread does with a job. */
export function packJob({ columns, streams, recordsMax }: PackJob): Packed {
  return { blocks: runsOfBatch(columns, recordsMax).map((run) => atOnce(encodeBlock(run, streams))), columns };
}

/** The memory that moves with columns from one thread to another. */
export function buffersOf({ columns }: { readonly columns: LogColumns }): ArrayBuffer[] {
  const { bytes, starts, lineEnds, ends, seconds, nanos, levels, streams } = columns;
  return [bytes, starts, lineEnds, ends, seconds, nanos, levels, streams].map(({ buffer }) => buffer as ArrayBuffer);
}
