import type { Span } from '#core/model/index.ts';
import type { Block } from './blocks.ts';
import { tableRangeNs } from './encode.ts';
import { compareNs } from './head.ts';
import type { TableMeta } from './table.ts';
import type { TracesStats } from './types.ts';

/** A merged block is no larger than one of an import; a block of more than half of that is left alone. */
const mergedSpansMax = 32_768;
const smallSpansMax = mergedSpansMax / 2;
/** Fewer small blocks are not worth writing anew. */
const mergedBlocksMin = 4;
/** Rows read between two pauses. */
const rowsPerStep = 512;

/** Small blocks next to each other in time that can be one; empty when there are none. */
export function blocksToMerge(blocks: readonly Block[]): readonly Block[] {
  let run: Block[] = [];
  for (const block of blocks.toSorted((a, b) => compareNs(a.table.meta.minNs, b.table.meta.minNs))) {
    if (block.table.meta.spanCount > smallSpansMax) continue;
    const spanCount = run.reduce((sum, { table }) => sum + table.meta.spanCount, block.table.meta.spanCount);
    const fits = spanCount <= mergedSpansMax && run.every(({ table }) => block.table.meta.maxNs - table.meta.minNs < tableRangeNs / 2n);
    if (!fits && run.length >= mergedBlocksMin) return run;
    run = fits ? [...run, block] : [block];
  }
  return run.length >= mergedBlocksMin ? run : [];
}

/** Every span of some blocks, read in slices. */
export function* readSpans(blocks: readonly Block[]): Generator<undefined, Span[]> {
  const spans: Span[] = [];
  for (const { table } of blocks) {
    for (let from = 0; from < table.meta.spanCount; from += rowsPerStep) {
      spans.push(...table.spans(from, Math.min(table.meta.spanCount, from + rowsPerStep)));
      yield;
    }
  }
  return spans;
}

/** The blocks whose last span started before `beforeNs`, and the oldest ones while all take more than `bytesMax`. */
export function blocksToRetire(blocks: readonly Block[], beforeNs: bigint, bytesMax: number): ReadonlySet<Block> {
  let bytes = blocks.reduce((sum, block) => sum + block.bytes, 0);
  const gone = new Set<Block>();
  for (const block of blocks.toSorted((a, b) => compareNs(a.table.meta.maxNs, b.table.meta.maxNs))) {
    if (block.table.meta.maxNs >= beforeNs && bytes <= bytesMax) break;
    gone.add(block);
    bytes -= block.bytes;
  }
  return gone;
}

/** Counts of all blocks. */
export function sumsOf(blocks: readonly Block[]): Pick<TracesStats, 'blocks' | 'blockSpans' | 'blockBytes'> {
  return {
    blocks: blocks.length,
    blockSpans: blocks.reduce((sum, { table }) => sum + table.meta.spanCount, 0),
    blockBytes: blocks.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/** The first and the last start in some tables; undefined when there is none. */
export function boundsOf(metas: readonly TableMeta[]): Pick<TracesStats, 'oldestNs' | 'newestNs'> {
  return {
    oldestNs: metas.map(({ minNs }) => minNs).sort(compareNs)[0],
    newestNs: metas
      .map(({ maxNs }) => maxNs)
      .sort(compareNs)
      .at(-1),
  };
}
