import type { ValueType } from './ast.ts';

/** What a function takes and gives. Source: Prometheus' function documentation, 3.x. */
export interface Signature {
  readonly args: readonly ValueType[];
  /** How many of the last arguments may be left out or repeated: 0 none, n up to n more than `args.length - 1`, -1 any number. */
  readonly variadic: number;
  readonly returns: ValueType;
  /** Experimental in Prometheus; Signalbox has all of them on. */
  readonly experimental: boolean;
}

const vector: readonly ValueType[] = ['vector'];
const matrix: readonly ValueType[] = ['matrix'];

function signature(args: readonly ValueType[], returns: ValueType = 'vector', variadic = 0, experimental = false): Signature {
  return { args, variadic, returns, experimental };
}

/** One row a family of functions with the same signature. */
const families: readonly (readonly [names: string, signature: Signature])[] = [
  ['abs ceil exp floor ln log10 log2 sgn sqrt sort sort_desc absent timestamp', signature(vector)],
  ['acos acosh asin asinh atan atanh cos cosh sin sinh tan tanh deg rad', signature(vector)],
  ['histogram_avg histogram_count histogram_stddev histogram_stdvar histogram_sum', signature(vector)],
  ['start_timestamp', signature(vector, 'vector', 0, true)],
  ['day_of_month day_of_week day_of_year days_in_month hour minute month year', signature(vector, 'vector', 1)],
  ['absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta increase irate', signature(matrix)],
  ['last_over_time max_over_time min_over_time present_over_time rate resets', signature(matrix)],
  ['stddev_over_time stdvar_over_time sum_over_time', signature(matrix)],
  ['mad_over_time ts_of_first_over_time ts_of_last_over_time', signature(matrix, 'vector', 0, true)],
  ['ts_of_max_over_time ts_of_min_over_time', signature(matrix, 'vector', 0, true)],
  ['clamp', signature(['vector', 'scalar', 'scalar'])],
  ['clamp_max clamp_min', signature(['vector', 'scalar'])],
  ['round', signature(['vector', 'scalar'], 'vector', 1)],
  ['predict_linear', signature(['matrix', 'scalar'])],
  ['quantile_over_time', signature(['scalar', 'matrix'])],
  ['double_exponential_smoothing', signature(['matrix', 'scalar', 'scalar'], 'vector', 0, true)],
  ['histogram_quantile', signature(['scalar', 'vector'])],
  ['histogram_fraction', signature(['scalar', 'scalar', 'vector'])],
  ['histogram_quantiles', signature(['vector', 'string', 'scalar', 'scalar'], 'vector', 9, true)],
  ['label_replace', signature(['vector', 'string', 'string', 'string', 'string'])],
  ['label_join', signature(['vector', 'string', 'string', 'string'], 'vector', -1)],
  ['sort_by_label sort_by_label_desc', signature(['vector', 'string'], 'vector', -1, true)],
  ['info', signature(['vector', 'vector'], 'vector', 1, true)],
  ['vector', signature(['scalar'])],
  ['scalar', signature(vector, 'scalar')],
  ['pi time', signature([], 'scalar')],
  ['start end step range', signature([], 'scalar', 0, true)],
  ['min_of max_of', signature(['scalar', 'scalar'], 'scalar', 0, true)],
];

const signatures: ReadonlyMap<string, Signature> = new Map(
  families.flatMap(([names, shape]) => names.split(' ').map((name) => [name, shape] as const)),
);

/** The signature of a function; undefined when there is none of that name. Names are case-sensitive. */
export function functionSignature(name: string): Signature | undefined {
  return signatures.get(name);
}

/** All function names, sorted. */
export const functionNames: readonly string[] = [...signatures.keys()].sort();
