/** The samples that bound a window: one at or before its start where there is one, and for `smoothed` one at or after its end. */
export interface Bounds {
  readonly first: number;
  readonly last: number;
  readonly startMs: number;
  readonly endMs: number;
}

/** The bounds among the samples `[from, to)`; undefined when none lies within the window. */
export function boundsIn(timesMs: Float64Array, from: number, to: number, startMs: number, endMs: number, smoothed: boolean): Bounds | undefined {
  let last = to - 1;
  if (last < from) return undefined;
  let first = from;
  while (first + 1 < last && timesMs[first + 1]! <= startMs) first++;
  if (smoothed) while (last > from && timesMs[last - 1]! >= endMs) last--;
  if (timesMs[last]! <= startMs || (smoothed && timesMs[first]! > endMs)) return undefined;
  return { first, last, startMs, endMs };
}
