import { LogBatch } from '#core/formats/index.ts';
import type { LogRecord } from '#core/model/index.ts';
import { atOnce, inSteps } from '#core/blocks/index.ts';
import { encodeBlock, type EncodedBlock } from './block.ts';
import type { Packer } from './packing.ts';
import { runsOfBatch } from './runs.ts';
import type { Streams } from './streams.ts';

/** A block made by an import. */
export const loadBlockRecords = 32_768;
const loadBytesMax = 8 << 20;
/** So close to a block's size it is made in steps, when the import gives the chance. */
const settleBytes = loadBytesMax - (768 << 10);
const settleRecords = loadBlockRecords - 8192;
/** Batches with the packer while a further one is filled. */
const packingMax = 2;

export interface LoadingOptions {
  readonly streams: Streams;
  /** Makes blocks durable. */
  readonly put: (blocks: readonly EncodedBlock[]) => void;
  readonly packer: Packer | undefined;
}

/** Records of an import on their way into blocks, which are made here or by a packer. */
export class Loading {
  readonly #options: LoadingOptions;
  #batch = new LogBatch();
  /** A batch whose memory can be used again. */
  #spare: LogBatch | undefined;
  /** What the packer has, in order; each is in the store when it is done. */
  readonly #packing: Promise<void>[] = [];
  #failure: unknown;

  constructor(options: LoadingOptions) {
    this.#options = options;
  }

  add(record: LogRecord): void {
    this.#batch.addRecord(record);
    this.#unloadWhenFull();
  }

  /** Takes the records of a batch from `from` to `to`. */
  addFrom(batch: LogBatch, from: number, to: number): void {
    let at = from;
    while (at < to) {
      const end = Math.min(to, at + loadBlockRecords - this.#batch.count);
      this.#batch.addFrom(batch, at, end);
      at = end;
      this.#unloadWhenFull();
    }
  }

  /** Waits while the packer has as much as it should; without one, makes a block that is nearly full, pausing between steps. */
  async settle(): Promise<void> {
    const { packer } = this.#options;
    if (packer !== undefined) {
      while (this.#packing.length >= packingMax) await this.#packing[0];
      this.#throwFailure();
      return;
    }
    if (this.#batch.size >= settleBytes || this.#batch.count >= settleRecords) await inSteps(this.#written(this.#next()));
  }

  /** Puts all into blocks. An import's memory is not kept for the next one. */
  async flush(): Promise<void> {
    while (this.#packing.length > 0) await this.#packing[0];
    this.#throwFailure();
    atOnce(this.#written(this.#next()));
    this.#batch = new LogBatch();
    this.#spare = undefined;
  }

  #throwFailure(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
  }

  #unloadWhenFull(): void {
    if (this.#batch.count < loadBlockRecords && this.#batch.size < loadBytesMax) return;
    const { packer } = this.#options;
    const batch = this.#next();
    if (packer === undefined) atOnce(this.#written(batch));
    else this.#pack(packer, batch);
  }

  /** Begins the next batch and gives the one that was filled. */
  #next(): LogBatch {
    const batch = this.#batch;
    this.#batch = this.#spare ?? new LogBatch();
    this.#spare = undefined;
    return batch;
  }

  #pack(packer: Packer, batch: LogBatch): void {
    const done = packer
      .pack({ columns: batch.columns(), streams: this.#numbered(batch), recordsMax: loadBlockRecords })
      .then(({ blocks, columns }) => {
        this.#options.put(blocks);
        this.#spare ??= LogBatch.within(columns);
      })
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => void this.#packing.shift());
    this.#packing.push(done);
  }

  /** Writes a batch in blocks, pausing between steps. */
  *#written(batch: LogBatch): Generator<undefined, void> {
    const streams = this.#numbered(batch);
    for (const run of runsOfBatch(batch, loadBlockRecords)) this.#options.put([yield* encodeBlock(run, streams)]);
    batch.clear();
    this.#spare = batch;
  }

  #numbered({ labelSets }: LogBatch): number[] {
    const { streams } = this.#options;
    streams.ensure(labelSets);
    return labelSets.map((labels) => streams.idOf(labels));
  }
}
