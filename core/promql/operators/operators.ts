import type { Histogram, Place } from '#core/model/index.ts';
import type { BinaryOp } from '../syntax/index.ts';
import { added, compacted, divided, scaled, subtracted } from '../histogram/arithmetic.ts';
import { sameHistogram } from '../histogram/compare.ts';
import { trimmed } from '../histogram/trim.ts';
import type { Notebook } from '../notes.ts';
import { float, histogram, setHistogram, type Row } from '../vector.ts';

type Arithmetic = (a: number, b: number) => number;
type Comparison = (a: number, b: number) => boolean;

/** Go's math.Pow where it differs from the language's: 1 to any power is 1, and so is -1 to an infinite one. */
function power(a: number, b: number): number {
  if (a === 1 || (a === -1 && (b === Infinity || b === -Infinity))) return 1;
  return a ** b;
}

const arithmetic: ReadonlyMap<BinaryOp, Arithmetic> = new Map<BinaryOp, Arithmetic>([
  ['+', (a, b) => a + b],
  ['-', (a, b) => a - b],
  ['*', (a, b) => a * b],
  ['/', (a, b) => a / b],
  ['%', (a, b) => a % b],
  ['^', power],
  ['atan2', Math.atan2],
]);

const comparisons: ReadonlyMap<BinaryOp, Comparison> = new Map<BinaryOp, Comparison>([
  ['==', (a, b) => a === b],
  ['!=', (a, b) => a !== b],
  ['<', (a, b) => a < b],
  ['<=', (a, b) => a <= b],
  ['>', (a, b) => a > b],
  ['>=', (a, b) => a >= b],
]);

/** Whether the result of an operator is a new metric, so that the name goes. */
export function dropsName(op: BinaryOp): boolean {
  return arithmetic.has(op);
}

/** The operator between two scalars; a comparison gives 0 or 1. */
export function scalarOperation(op: BinaryOp): Arithmetic {
  const compute = arithmetic.get(op);
  if (compute !== undefined) return compute;
  const compare = comparisons.get(op)!;
  return (a, b) => (compare(a, b) ? 1 : 0);
}

/** What an operator is applied to at one step: a histogram, or else the number. */
export interface Operand {
  value: number;
  histogram: Histogram | undefined;
}

/** An operator as rows need it: it writes one step of a row and says so in notes where it cannot. */
export class RowOperation {
  readonly #op: BinaryOp;
  readonly #bool: boolean;
  readonly #place: Place;
  readonly #notes: Notebook;
  readonly #arithmetic: Arithmetic | undefined;
  readonly #comparison: Comparison | undefined;

  constructor(op: BinaryOp, bool: boolean, place: Place, notes: Notebook) {
    this.#op = op;
    this.#bool = bool;
    this.#place = place;
    this.#notes = notes;
    this.#arithmetic = arithmetic.get(op);
    this.#comparison = comparisons.get(op);
  }

  /** Floats on both sides; true when there is a result. A comparison that filters keeps `kept`. */
  floats(left: number, right: number, kept: number, out: Row, step: number): void {
    if (this.#arithmetic !== undefined) out.values[step] = this.#arithmetic(left, right);
    else if (this.#comparison !== undefined) {
      const holds = this.#comparison(left, right);
      if (!this.#bool && !holds) return;
      out.values[step] = this.#bool ? (holds ? 1 : 0) : kept;
    } else return this.#incompatible('float', 'float');
    out.kinds[step] = float;
  }

  /** At least one side is a histogram. */
  mixed(left: Operand, right: Operand, out: Row, step: number): void {
    if (left.histogram !== undefined && right.histogram !== undefined) this.#histograms(left.histogram, right.histogram, out, step);
    else if (left.histogram !== undefined) this.#histogramAndFloat(left.histogram, right.value, out, step);
    else if (this.#op === '*') setHistogram(out, step, compacted(scaled(right.histogram!, left.value)));
    else this.#incompatible('float', 'histogram');
  }

  #histogramAndFloat(left: Histogram, right: number, out: Row, step: number): void {
    if (this.#op === '*') setHistogram(out, step, compacted(scaled(left, right)));
    else if (this.#op === '/') setHistogram(out, step, compacted(divided(left, right)));
    else if (this.#op === '</' || this.#op === '>/') setHistogram(out, step, trimmed(left, right, this.#op === '</' ? 'upper' : 'lower'));
    else this.#incompatible('histogram', 'float');
  }

  #histograms(left: Histogram, right: Histogram, out: Row, step: number): void {
    if (this.#op === '==' || this.#op === '!=') {
      const holds = sameHistogram(left, right) === (this.#op === '==');
      if (this.#bool) {
        out.values[step] = holds ? 1 : 0;
        out.kinds[step] = float;
      } else if (holds) setHistogram(out, step, left);
      return;
    }
    if (this.#op !== '+' && this.#op !== '-') return this.#incompatible('histogram', 'histogram');
    const combined = this.#op === '+' ? added(left, right) : subtracted(left, right);
    if (combined === undefined) return this.#notes.incompatibleBucketLayout(this.#op, this.#place);
    const operation = this.#op === '+' ? 'addition' : 'subtraction';
    if (combined.collision) return this.#notes.resetCollision(operation, this.#place);
    if (combined.reconciled) this.#notes.boundsReconciled(operation, this.#place);
    setHistogram(out, step, combined.histogram);
  }

  #incompatible(left: string, right: string): void {
    this.#notes.incompatibleTypes(left, this.#op, right, this.#place);
  }

  /** Whether the operator is defined between what stands at a step of two rows: two kinds, neither absent. */
  applies(left: number, right: number): boolean {
    const trims = this.#op === '</' || this.#op === '>/';
    if (left === float && right === float) return !trims;
    if (left === float) return this.#op === '*';
    if (right === float) return trims || this.#op === '*' || this.#op === '/';
    return ['+', '-', '==', '!='].includes(this.#op);
  }

  /** A whole row against another. Both must have a sample at a step; `kept` is the row whose value a filter keeps. */
  rows(left: Row, right: Row, out: Row): void {
    for (let k = 0; k < out.kinds.length; k++) {
      const kinds = left.kinds[k]! * right.kinds[k]!;
      if (kinds === float) this.floats(left.values[k]!, right.values[k]!, left.values[k]!, out, k);
      else if (kinds > float) this.mixed(operandOf(left, k), operandOf(right, k), out, k);
    }
  }

  /** A row against a scalar at each step. */
  withScalar(row: Row, scalars: Float64Array, scalarOnLeft: boolean, out: Row): void {
    for (let k = 0; k < out.kinds.length; k++) {
      const scalar = scalars[k]!;
      const value = row.values[k]!;
      if (row.kinds[k] === float) this.floats(scalarOnLeft ? scalar : value, scalarOnLeft ? value : scalar, value, out, k);
      else if (row.kinds[k] === histogram) {
        const number = { value: scalar, histogram: undefined };
        const operand = operandOf(row, k);
        this.mixed(scalarOnLeft ? number : operand, scalarOnLeft ? operand : number, out, k);
      }
    }
  }
}

function operandOf(row: Row, step: number): Operand {
  return { value: row.values[step]!, histogram: row.kinds[step] === histogram ? row.histograms![step] : undefined };
}
