import type { Histogram } from '#core/model/index.ts';

/**
 * Samples of one series as columns, times ascending, each once. A view or a copy: whoever gets it does not write to it.
 * Where `histograms?.[i]` is set the sample is a histogram and `values[i]` is 0.
 */
export interface Columns {
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly histograms?: readonly (Histogram | undefined)[];
}

/** The first index whose time is `timeMs` or later. */
export function lowerBoundMs(times: Float64Array, count: number, timeMs: number): number {
  let from = 0;
  let to = count;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (times[middle]! < timeMs) from = middle + 1;
    else to = middle;
  }
  return from;
}

export function equalTimes(a: Float64Array, b: Float64Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The samples with minMs <= time <= maxMs, as views; undefined when there are none. */
export function within(columns: Columns, minMs: number, maxMs: number): Columns | undefined {
  const { times, values, histograms } = columns;
  const [from, to] = rangeWithin(times, minMs, maxMs);
  if (from >= to) return undefined;
  if (to - from === times.length) return columns;
  const part = { times: times.subarray(from, to), values: values.subarray(from, to) };
  return histograms === undefined ? part : { ...part, histograms: histograms.slice(from, to) };
}

/** Which of ascending times lie in minMs <= time <= maxMs: [from, to). */
export function rangeWithin(times: Float64Array, minMs: number, maxMs: number): [from: number, to: number] {
  const count = times.length;
  const from = count === 0 || times[0]! >= minMs ? 0 : lowerBoundMs(times, count, minMs);
  const to = count === 0 || times[count - 1]! <= maxMs ? count : lowerBoundMs(times, count, maxMs + 1);
  return [from, to];
}

/** The samples outside a range; undefined when there are none. */
export function without(columns: Columns, minMs: number, maxMs: number): Columns | undefined {
  const { times, values, histograms } = columns;
  const from = lowerBoundMs(times, times.length, minMs);
  const to = lowerBoundMs(times, times.length, maxMs + 1);
  if (from >= to) return columns;
  if (to - from === times.length) return undefined;
  const rest = { times: joined(times, from, to), values: joined(values, from, to) };
  return histograms === undefined ? rest : { ...rest, histograms: [...histograms.slice(0, from), ...histograms.slice(to)] };
}

function joined(column: Float64Array, from: number, to: number): Float64Array {
  const out = new Float64Array(column.length - (to - from));
  out.set(column.subarray(0, from));
  out.set(column.subarray(to), from);
  return out;
}

/**
 * One series out of several pieces of it. Where two pieces hold the same time, the earlier piece of the list wins.
 * Always a copy, even of one piece.
 */
export function mergeColumns(pieces: readonly Columns[]): Columns {
  const ordered = [...pieces].sort((a, b) => a.times[0]! - b.times[0]!);
  const apart = ordered.every((piece, i) => i === 0 || ordered[i - 1]!.times.at(-1)! < piece.times[0]!);
  return apart ? concatenate(ordered) : interleave(pieces);
}

function concatenate(pieces: readonly Columns[]): Columns {
  const length = pieces.reduce((sum, piece) => sum + piece.times.length, 0);
  const times = new Float64Array(length);
  const values = new Float64Array(length);
  const mixed = pieces.some((piece) => piece.histograms !== undefined);
  const histograms: (Histogram | undefined)[] = [];
  let at = 0;
  for (const piece of pieces) {
    times.set(piece.times, at);
    values.set(piece.values, at);
    if (mixed) for (let i = 0; i < piece.times.length; i++) histograms.push(piece.histograms?.[i]);
    at += piece.times.length;
  }
  return mixed ? { times, values, histograms } : { times, values };
}

/** A walk over all pieces at once, taking the least time each step. There are rarely more than three, so no heap. */
function interleave(pieces: readonly Columns[]): Columns {
  const length = pieces.reduce((sum, piece) => sum + piece.times.length, 0);
  const times = new Float64Array(length);
  const values = new Float64Array(length);
  const mixed = pieces.some((piece) => piece.histograms !== undefined);
  const histograms: (Histogram | undefined)[] = [];
  const heads = pieces.map(() => 0);
  let count = 0;
  for (;;) {
    let least = -1;
    pieces.forEach((piece, p) => {
      const head = heads[p]!;
      if (head < piece.times.length && (least < 0 || piece.times[head]! < pieces[least]!.times[heads[least]!]!)) least = p;
    });
    if (least < 0) break;
    const piece = pieces[least]!;
    const head = heads[least]!++;
    if (count > 0 && times[count - 1] === piece.times[head]) continue;
    times[count] = piece.times[head]!;
    values[count] = piece.values[head]!;
    if (mixed) histograms.push(piece.histograms?.[head]);
    count++;
  }
  const merged = { times: times.slice(0, count), values: values.slice(0, count) };
  return mixed ? { ...merged, histograms } : merged;
}

const f64 = new Float64Array(1);
const words = new Uint32Array(f64.buffer);

/** Whether two doubles are the same 64 bits; NaNs with other payloads differ, as do 0 and -0. */
export function sameBits(a: number, b: number): boolean {
  f64[0] = a;
  const low = words[0]!;
  const high = words[1]!;
  f64[0] = b;
  return words[0] === low && words[1] === high;
}
