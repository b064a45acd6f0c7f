import { changes, edge, edgeTime, instantChange, resets } from './changes.ts';
import {
  avgOverTime,
  doubleExponentialSmoothing,
  extreme,
  madOverTime,
  ofCount,
  quantileOverTime,
  stddevOverTime,
  stdvarOverTime,
  sumOverTime,
  timeOfExtreme,
} from './over-time.ts';
import { avgHistogramsOverTime, sumHistogramsOverTime } from './range-histograms.ts';
import { extrapolated } from './rate.ts';
import { deriv, predictLinear } from './regression.ts';
import type { RangeFunction } from '../read/windows.ts';

/** A function of a range vector. */
export interface RangeFunctionRow {
  readonly compute: RangeFunction;
  /** Which argument is the range vector; the others are scalars. */
  readonly rangeArg: number;
  readonly keepsName: boolean;
}

function row(compute: RangeFunction, rangeArg = 0, keepsName = false): RangeFunctionRow {
  return { compute, rangeArg, keepsName };
}

/** All functions of a range vector but absent_over_time, which is about the vector as a whole. */
export const rangeFunctions: ReadonlyMap<string, RangeFunctionRow> = new Map([
  ['rate', row(extrapolated({ counter: true, perSecond: true }))],
  ['increase', row(extrapolated({ counter: true, perSecond: false }))],
  ['delta', row(extrapolated({ counter: false, perSecond: false }))],
  ['irate', row(instantChange(true))],
  ['idelta', row(instantChange(false))],
  ['deriv', row(deriv)],
  ['predict_linear', row(predictLinear)],
  ['double_exponential_smoothing', row(doubleExponentialSmoothing)],
  ['resets', row(resets)],
  ['changes', row(changes)],
  ['sum_over_time', row(sumOverTime(sumHistogramsOverTime))],
  ['avg_over_time', row(avgOverTime(avgHistogramsOverTime))],
  ['min_over_time', row(extreme(-1))],
  ['max_over_time', row(extreme(1))],
  ['count_over_time', row(ofCount((count) => count))],
  ['present_over_time', row(ofCount(() => 1))],
  ['quantile_over_time', row(quantileOverTime, 1)],
  ['stddev_over_time', row(stddevOverTime)],
  ['stdvar_over_time', row(stdvarOverTime)],
  ['mad_over_time', row(madOverTime)],
  ['last_over_time', row(edge('last'), 0, true)],
  ['first_over_time', row(edge('first'), 0, true)],
  ['ts_of_last_over_time', row(edgeTime('last'))],
  ['ts_of_first_over_time', row(edgeTime('first'))],
  ['ts_of_max_over_time', row(timeOfExtreme(1))],
  ['ts_of_min_over_time', row(timeOfExtreme(-1))],
]);
