import { equalTimes } from './columns.ts';

/** Of 3.8 KB each as a rule: two days of 170 targets. */
const heldMax = 4096;
/** Of one first sample: the same instant seen by series that began or ended at different times. */
const alikeMax = 4;

const held = new Map<number, Float64Array[]>();

/**
 * The same times as one and the same array, whichever frame they come from: the series of a target lie in many frames, and who reads them
 * compares arrays rather than times. Nobody writes to it.
 */
export function sharedTimes(times: Float64Array): Float64Array {
  const first = times[0]!;
  const alike = held.get(first);
  if (alike === undefined) {
    if (held.size >= heldMax) held.clear();
    held.set(first, [times]);
    return times;
  }
  for (const known of alike) if (equalTimes(known, times)) return known;
  if (alike.length >= alikeMax) alike.shift();
  alike.push(times);
  return times;
}
