import type { DiffSide, TraceDiffRow, TraceTree } from '#core/model/index.ts';
import { depthFirst, overlay } from './paths.ts';

/** Less than a fourth more or less, or less than one percent of the longer trace, is no change: timings of one request are no surer. */
const ratioMin = 1.25;
const shareMin = 0.01;

/**
 * The structure of two traces laid over each other: spans with the same operation under the same parents are one row, however many there
 * are. Rows come depth first, children in the order in which they first start, those of `before` in front.
 */
export function diffTraces(before: TraceTree, after: TraceTree): readonly TraceDiffRow[] {
  const floorNs = Math.max(before.durationNs, after.durationNs) * shareMin;
  return depthFirst(overlay([before, after])).map(({ service, name, depth, sides }) => ({
    service,
    name,
    depth,
    change: changeOf(sides[0], sides[1], floorNs),
    before: sides[0],
    after: sides[1],
  }));
}

function changeOf(before: DiffSide, after: DiffSide, floorNs: number): TraceDiffRow['change'] {
  if (before.count === 0) return 'added';
  if (after.count === 0) return 'removed';
  if (Math.abs(after.totalNs - before.totalNs) < floorNs) return 'same';
  if (after.totalNs >= before.totalNs * ratioMin) return 'slower';
  return before.totalNs >= after.totalNs * ratioMin ? 'faster' : 'same';
}
