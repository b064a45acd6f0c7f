import type { Histogram } from './histogram.ts';
import type { Labels } from './labels.ts';
import type { UnixMs } from './time.ts';

/**
 * The samples of one series as columns, times ascending, each once. `values[i]` belongs to `timesMs[i]`.
 * Where `histograms?.[i]` is set the sample is a native histogram and `values[i]` is 0, or the stale marker.
 * Columns may be views into larger buffers and are read-only for whoever receives them.
 */
export interface SeriesColumns {
  readonly labels: Labels;
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
  readonly histograms?: readonly (Histogram | undefined)[] | undefined;
}

/** What a metric's exposition says of it. */
export interface MetricMetadata {
  readonly type: MetricType;
  readonly help: string;
  readonly unit: string;
}
export type MetricType = 'counter' | 'gauge' | 'histogram' | 'gaugehistogram' | 'summary' | 'info' | 'stateset' | 'unknown';

/** A sample's example, usually a trace id. */
export interface Exemplar {
  readonly labels: Labels;
  readonly value: number;
  readonly timeMs: UnixMs;
}

/** The upper and lower halves of Prometheus' stale marker, a NaN with this very payload: 0x7ff0000000000002. */
const staleHigh = 0x7ff00000;
const staleLow = 2;

const scratch = new Float64Array(1);
const scratchBits = new Uint32Array(scratch.buffer);
const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
const highAt = littleEndian ? 1 : 0;

/** Writes the stale marker at `index`. A plain assignment of a JS number could lose a NaN's payload. */
export function writeStale(values: Float64Array, index: number): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset + index * 8, 2);
  bits[highAt] = staleHigh;
  bits[1 - highAt] = staleLow;
}

/** True when the value at `index` is the stale marker, bit for bit; an ordinary NaN is not. */
export function isStale(values: Float64Array, index: number): boolean {
  const value = values[index]!;
  if (value === value) return false;
  const bits = new Uint32Array(values.buffer, values.byteOffset + index * 8, 2);
  return bits[highAt] === staleHigh && bits[1 - highAt] === staleLow;
}

/** The stale marker as a number. Copy it between typed arrays, do no arithmetic on it. */
export function staleMarker(): number {
  scratchBits[highAt] = staleHigh;
  scratchBits[1 - highAt] = staleLow;
  return scratch[0]!;
}
