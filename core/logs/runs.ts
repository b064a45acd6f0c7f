import type { LogColumns } from '#core/formats/index.ts';
import { blockRangeNs, type Run } from './block.ts';

const nsPerSecond = 1e9;
/** Whole seconds within a block's range. */
const rangeSeconds = Math.floor(Number(blockRangeNs) / nsPerSecond) - 1;

/** The records of a batch in order of time, those of one time as they came; cut so that each run lies within a block's range and holds at most `recordsMax`. */
export function runsOfBatch(columns: LogColumns, recordsMax: number): Run[] {
  const { seconds } = columns;
  const order = inOrder(columns);
  const runs: Run[] = [];
  let from = 0;
  for (let i = 1; i <= order.length; i++) {
    const isWithin = i < order.length && i - from < recordsMax && seconds[order[i]!]! - seconds[order[from]!]! < rangeSeconds;
    if (isWithin) continue;
    runs.push({ columns, order: order.subarray(from, i) });
    from = i;
  }
  return runs;
}

/** All records of a batch as they lie there. */
export function wholeRun(columns: LogColumns): Run {
  return { columns, order: Uint32Array.from({ length: columns.count }, (_, i) => i) };
}

function inOrder({ count, seconds, nanos }: LogColumns): Uint32Array {
  const order = new Uint32Array(count);
  let isSorted = true;
  for (let i = 0; i < count; i++) {
    order[i] = i;
    if (i > 0 && (seconds[i]! < seconds[i - 1]! || (seconds[i] === seconds[i - 1] && nanos[i]! < nanos[i - 1]!))) isSorted = false;
  }
  return isSorted ? order : order.sort((a, b) => seconds[a]! - seconds[b]! || nanos[a]! - nanos[b]! || a - b);
}
