import { dropLabels, EngineError, labelsKey, METRIC_NAME, type Histogram, type Labels } from '#core/model/index.ts';
import type { Budget } from './budget.ts';

/** What stands at a step of a row. */
export const absent = 0;
export const float = 1;
export const histogram = 2;

/**
 * One series over the steps of an evaluation. `kinds[k]` says what stands at step k: nothing, the float `values[k]`,
 * or the histogram `histograms[k]`. Histograms are shared and never changed in place.
 */
export interface Row {
  readonly values: Float64Array;
  readonly kinds: Uint8Array;
  histograms: (Histogram | undefined)[] | undefined;
}

/** Which series a row is. */
export interface Head {
  readonly labels: Labels;
  /** The metric name goes when the query is done (delayed name removal). */
  readonly dropName: boolean;
}

/**
 * An instant vector over all steps. The heads are known at once; rows are worked out when read, each in one pass,
 * so that a long query never holds more of them than it must. A row is valid until the next read of the same vector.
 */
export interface Vector {
  readonly heads: readonly Head[];
  read(index: number): Row;
}

export const emptyVector: Vector = { heads: [], read: () => newRow(0) };

export function newRow(steps: number): Row {
  return { values: new Float64Array(steps), kinds: new Uint8Array(steps), histograms: undefined };
}

/** A row without samples, in place. */
export function clearRow(row: Row): void {
  row.kinds.fill(absent);
  row.histograms = undefined;
}

export function setHistogram(row: Row, step: number, value: Histogram): void {
  row.histograms ??= Array.from<Histogram | undefined>({ length: row.kinds.length });
  row.histograms[step] = value;
  row.kinds[step] = histogram;
}

function copyRow(from: Row, to: Row): void {
  to.values.set(from.values);
  to.kinds.set(from.kinds);
  to.histograms = from.histograms?.slice();
}

/** Puts step k of one row into another. */
export function copyStep(from: Row, to: Row, step: number): void {
  if (from.kinds[step] === histogram) setHistogram(to, step, from.histograms![step]!);
  else {
    to.kinds[step] = from.kinds[step]!;
    to.values[step] = from.values[step]!;
  }
}

/** At how many steps a row has a sample. */
export function countPresent({ kinds }: Row): number {
  let count = 0;
  for (let k = 0; k < kinds.length; k++) if (kinds[k] !== absent) count++;
  return count;
}

/** A vector whose rows are all there. */
export class Block implements Vector {
  readonly heads: readonly Head[];
  readonly rows: readonly Row[];

  constructor(heads: readonly Head[], rows: readonly Row[]) {
    this.heads = heads;
    this.rows = rows;
  }

  read(index: number): Row {
    return this.rows[index]!;
  }
}

/** Rows side by side in two buffers. */
export function newRows(count: number, steps: number, budget: Budget): Row[] {
  budget.hold(count * steps);
  const values = new Float64Array(count * steps);
  const kinds = new Uint8Array(count * steps);
  return Array.from({ length: count }, (_, i) => ({
    values: values.subarray(i * steps, (i + 1) * steps),
    kinds: kinds.subarray(i * steps, (i + 1) * steps),
    histograms: undefined,
  }));
}

/** Reads all rows. */
export async function collect(vector: Vector, steps: number, budget: Budget): Promise<Block> {
  if (vector instanceof Block) return vector;
  const rows = newRows(vector.heads.length, steps, budget);
  for (const [i, row] of rows.entries()) {
    copyRow(vector.read(i), row);
    if (budget.spend(steps)) await budget.breathe();
  }
  return new Block(vector.heads, rows);
}

const unitsPerHead = 500; // Labels are taken apart and put together, which takes about a microsecond.

/** What `make` makes of each head, letting others work in between. */
export async function perHead<T>(heads: readonly Head[], budget: Budget, make: (head: Head, index: number) => T): Promise<T[]> {
  const made: T[] = [];
  for (const [i, head] of heads.entries()) {
    made.push(make(head, i));
    if (budget.spend(unitsPerHead)) await budget.breathe();
  }
  return made;
}

/** A vector whose rows are made from another's, each with its own head. `fill` writes the whole row. */
export function mapRows(input: Vector, steps: number, heads: readonly Head[], fill: (from: Row, to: Row, index: number) => void): Vector {
  const out = newRow(steps);
  return {
    heads,
    read(index) {
      out.histograms = undefined;
      fill(input.read(index), out, index);
      return out;
    },
  };
}

const metadataLabels: ReadonlySet<string> = new Set([METRIC_NAME, '__type__', '__unit__']);

/** The labels without the metric's name, type and unit. */
export function withoutName(labels: Labels): Labels {
  return dropLabels(labels, metadataLabels);
}

/**
 * Joins rows with the same labels: series that never have a sample at the same step are one series.
 * Throws EngineError `invalid` when two do.
 */
export async function mergeSame(vector: Vector, steps: number, budget: Budget): Promise<Vector> {
  if (vector.heads.length < 2) return vector;
  const first = new Map<string, number>();
  const targets = await perHead(vector.heads, budget, (head, i) => {
    const key = labelsKey(head.labels);
    const known = first.get(key);
    if (known === undefined) first.set(key, i);
    return known ?? i;
  });
  if (first.size === targets.length) return vector;
  const { rows } = await collect(vector, steps, budget);
  const merged = rows.map((row, i) => (targets[i] === i ? row : undefined));
  const drops = vector.heads.map((head) => head.dropName);
  for (const [i, target] of targets.entries()) {
    if (target === i) continue;
    if (merged[target] === rows[target]) merged[target] = duplicate(rows[target]!, steps);
    if (joinRow(rows[i]!, merged[target]!)) throw new EngineError('invalid', 'vector cannot contain metrics with the same labelset');
    drops[target] ||= drops[i]!;
  }
  const kept = targets.flatMap((target, i) => (target === i ? [i] : []));
  return new Block(
    kept.map((i) => ({ labels: vector.heads[i]!.labels, dropName: drops[i]! })),
    kept.map((i) => merged[i]!),
  );
}

function duplicate(row: Row, steps: number): Row {
  const copy = newRow(steps);
  copyRow(row, copy);
  return copy;
}

/** Puts the samples of one row into another; true when both have one at the same step. */
function joinRow(from: Row, to: Row): boolean {
  for (let k = 0; k < from.kinds.length; k++) {
    if (from.kinds[k] === absent) continue;
    if (to.kinds[k] !== absent) return true;
    copyStep(from, to, k);
  }
  return false;
}
