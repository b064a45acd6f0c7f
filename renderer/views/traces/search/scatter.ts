import type { TraceRow } from '#core/contract/index.ts';
import { msOfNs } from '../words.ts';

export interface ScatterScale {
  readonly startMs: number;
  readonly endMs: number;
  /** Durations stand on a logarithmic axis. */
  readonly minNs: number;
  readonly maxNs: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** One trace where it is drawn. */
export interface Dot {
  readonly row: TraceRow;
  readonly xPx: number;
  readonly yPx: number;
  readonly radiusPx: number;
}

export const scatterFrame = { left: 62, right: 18, top: 8, bottom: 22 } as const;

/** Whole powers of ten around the durations. */
export function durationBounds(rows: readonly TraceRow[]): readonly [minNs: number, maxNs: number] {
  let [low, high] = [Infinity, 1];
  for (const { durationNs } of rows) {
    low = Math.min(low, Math.max(1, durationNs));
    high = Math.max(high, durationNs);
  }
  const min = 10 ** Math.floor(Math.log10(Math.min(low, high)));
  return [min, Math.max(min * 10, 10 ** Math.ceil(Math.log10(high)))];
}

/** A part of the range so small is not seen in the whole of it. */
const sliverShare = 0.5;
const marginShare = 0.02;

interface Bounds {
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * What of the range is drawn. All of it while the traces are all that were found, since then it shows when there were none. Of a page that is cut
 * off only where its traces lie: when more traces stand beyond, an empty range says nothing.
 */
export function timeBounds(rows: readonly TraceRow[], range: Bounds, isCut: boolean): Bounds {
  if (!isCut || rows.length < 2) return range;
  let [first, last] = [Infinity, -Infinity];
  for (const row of rows) {
    const startMs = msOfNs(row.startNs);
    first = Math.min(first, startMs);
    last = Math.max(last, startMs);
  }
  if (last - first > (range.endMs - range.startMs) * sliverShare) return range;
  const marginMs = Math.max(1, (last - first) * marginShare);
  return { startMs: Math.max(range.startMs, first - marginMs), endMs: Math.min(range.endMs, last + marginMs) };
}

export const xOf = ({ startMs, endMs, widthPx }: ScatterScale, ms: number): number =>
  scatterFrame.left + ((ms - startMs) / (endMs - startMs)) * (widthPx - scatterFrame.left - scatterFrame.right);

export function yOf({ minNs, maxNs, heightPx }: ScatterScale, ns: number): number {
  const share = (Math.log10(Math.max(minNs, ns)) - Math.log10(minNs)) / (Math.log10(maxNs) - Math.log10(minNs));
  return heightPx - scatterFrame.bottom - share * (heightPx - scatterFrame.top - scatterFrame.bottom);
}

export const timeAt = ({ startMs, endMs, widthPx }: ScatterScale, px: number): number =>
  startMs + ((px - scatterFrame.left) / (widthPx - scatterFrame.left - scatterFrame.right)) * (endMs - startMs);

export function durationAt({ minNs, maxNs, heightPx }: ScatterScale, px: number): number {
  const share = (heightPx - scatterFrame.bottom - px) / (heightPx - scatterFrame.top - scatterFrame.bottom);
  return 10 ** (Math.log10(minNs) + share * (Math.log10(maxNs) - Math.log10(minNs)));
}

/** Larger traces are larger dots. */
export function dotsOf(rows: readonly TraceRow[], scale: ScatterScale): readonly Dot[] {
  return rows.map((row) => ({
    row,
    xPx: xOf(scale, msOfNs(row.startNs)),
    yPx: yOf(scale, row.durationNs),
    radiusPx: Math.min(8, 2.5 + Math.log10(row.spanCount) * 1.3),
  }));
}

/** The dot under the pointer, or near it. */
export function dotAt(dots: readonly Dot[], xPx: number, yPx: number): Dot | undefined {
  let best: Dot | undefined;
  let bestPx = 10;
  for (const dot of dots) {
    const awayPx = Math.hypot(dot.xPx - xPx, dot.yPx - yPx) - dot.radiusPx;
    if (awayPx < bestPx) [best, bestPx] = [dot, awayPx];
  }
  return best;
}
