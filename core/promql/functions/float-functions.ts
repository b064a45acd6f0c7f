import { dateFunctions } from './dates.ts';

/** Functions of one float at a time. Histograms beside floats are left out in silence. */
export const floatFunctions: ReadonlyMap<string, (value: number) => number> = new Map<string, (value: number) => number>([
  ['abs', Math.abs],
  ['ceil', Math.ceil],
  ['floor', Math.floor],
  ['exp', Math.exp],
  ['sqrt', Math.sqrt],
  ['ln', Math.log],
  ['log2', Math.log2],
  ['log10', Math.log10],
  ['sin', Math.sin],
  ['cos', Math.cos],
  ['tan', Math.tan],
  ['asin', Math.asin],
  ['acos', Math.acos],
  ['atan', Math.atan],
  ['sinh', Math.sinh],
  ['cosh', Math.cosh],
  ['tanh', Math.tanh],
  ['asinh', Math.asinh],
  ['acosh', Math.acosh],
  ['atanh', Math.atanh],
  ['rad', (value) => (value * Math.PI) / 180],
  ['deg', (value) => (value * 180) / Math.PI],
  ['sgn', (value) => (value < 0 ? -1 : value > 0 ? 1 : value)],
  ...dateFunctions,
]);

/** Functions of a float and scalars of the same step. Undefined: no sample. */
export type ScalarFunction = (value: number, scalars: readonly number[]) => number | undefined;

export const scalarFunctions: ReadonlyMap<string, ScalarFunction> = new Map<string, ScalarFunction>([
  ['clamp', (value, [least = NaN, most = NaN]) => (most < least ? undefined : clamp(value, least, most))],
  ['clamp_min', (value, [least = NaN]) => clamp(value, least, Infinity)],
  ['clamp_max', (value, [most = NaN]) => clamp(value, -Infinity, most)],
  ['round', (value, [nearest = 1]) => Math.floor(value * (1 / nearest) + 0.5) / (1 / nearest)],
]);

function clamp(value: number, least: number, most: number): number {
  return largerOf(least, smallerOf(most, value));
}

/** Go's math.Min: NaN if either is NaN, unless one is -Inf. */
export function smallerOf(a: number, b: number): number {
  return a === -Infinity || b === -Infinity ? -Infinity : Math.min(a, b);
}

/** Go's math.Max: NaN if either is NaN, unless one is +Inf. */
export function largerOf(a: number, b: number): number {
  return a === Infinity || b === Infinity ? Infinity : Math.max(a, b);
}
