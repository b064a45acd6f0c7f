import { writeStale, type RolledSeries, type Rollup, type RollupPart, type SeriesColumns } from '#core/model/index.ts';
import type { MatrixSelector, VectorSelector } from '../syntax/index.ts';
import type { Budget } from '../budget.ts';
import type { QueryContext } from '../query-context.ts';
import { edge, edgeTime } from '../functions/changes.ts';
import { lastOf, type Sight } from '../grid.ts';
import { Kahan } from '../kahan.ts';
import { extreme, ofCount } from '../functions/over-time.ts';
import type { RateKind } from '../functions/rate-kind.ts';
import { nearlyOne, stretch } from '../functions/rate.ts';
import { float } from '../vector.ts';
import type { Frame, RangeCall, RangeFunction, RangeRow, RangeVector } from './windows.ts';

/** Folds the buckets [from, to) of a window, at least one; undefined for no value. `columns` are the parts that the function asks for. */
type Fold = (columns: readonly Float64Array[], from: number, to: number, call: RangeCall, step: number) => number | undefined;

/** A range function that buckets are enough for. The first part asked for is put into the row as its values, the second as its times. */
interface RolledFunction {
  readonly parts: readonly RollupPart[];
  readonly compute: (columns: () => readonly Float64Array[]) => RangeFunction;
  /** Whether other roundings than with samples are possible, in the last digits. */
  readonly rounds?: boolean;
}

const sameOf = (part: RollupPart, times: RollupPart, compute: RangeFunction): RolledFunction => ({ parts: [part, times], compute: () => compute });

function foldOf(parts: readonly RollupPart[], fold: Fold, rounds = false): RolledFunction {
  const compute = (columns: () => readonly Float64Array[]): RangeFunction => {
    return (row, out, call) => {
      const own = columns();
      for (let k = 0; k < call.steps; k++) {
        const value = row.hi[k]! > row.lo[k]! ? fold(own, row.lo[k]!, row.hi[k]!, call, k) : undefined;
        if (value === undefined) continue;
        out.values[k] = value;
        out.kinds[k] = float;
      }
    };
  };
  return { parts: ['count', 'lastMs', ...parts], compute, rounds };
}

const sumParts: readonly RollupPart[] = ['sum'];
const rateParts: readonly RollupPart[] = ['firstMs', 'first', 'last', 'fallen'];

const functions: ReadonlyMap<string, RolledFunction> = new Map([
  ['min_over_time', sameOf('min', 'lastMs', extreme(-1))],
  ['max_over_time', sameOf('max', 'lastMs', extreme(1))],
  ['last_over_time', sameOf('last', 'lastMs', edge('last'))],
  ['first_over_time', sameOf('first', 'firstMs', edge('first'))],
  ['ts_of_last_over_time', sameOf('last', 'lastMs', edgeTime('last'))],
  ['ts_of_first_over_time', sameOf('first', 'firstMs', edgeTime('first'))],
  [
    'present_over_time',
    sameOf(
      'last',
      'lastMs',
      ofCount(() => 1),
    ),
  ],
  ['count_over_time', foldOf([], ([counts], from, to) => totalOf(counts!, from, to))],
  ['sum_over_time', foldOf(sumParts, sumOf, true)],
  ['avg_over_time', foldOf(sumParts, meanOf, true)],
  ['resets', foldOf(['first', 'last', 'resets'], resetsOf)],
  ['rate', foldOf(rateParts, rateOf({ counter: true, perSecond: true }), true)],
  ['increase', foldOf(rateParts, rateOf({ counter: true, perSecond: false }), true)],
  ['delta', foldOf(rateParts, rateOf({ counter: false, perSecond: false }))],
]);

/** A range vector of buckets, and the function over them that gives what the function of that name gives over samples. */
export interface RolledCall {
  readonly ranges: RangeVector;
  readonly compute: RangeFunction;
}

/** What rollups have for a function of a range selector; undefined when samples are to be read. */
export function rolledCall(query: QueryContext, name: string, selector: MatrixSelector, sight: Sight, rangeMs: number): RolledCall | undefined {
  const known = functions.get(name);
  const rollup = rollupOf(query, selector.selector, sight, rangeMs, known !== undefined, name);
  if (known === undefined || rollup === undefined) return undefined;
  query.notes.rolledUp(rollup.bucketMs, rollup.rollupsOnlyBeforeMs, known.rounds === true, selector.place);
  const { series } = rollup;
  let columns: readonly Float64Array[] = [];
  const ranges: RangeVector = {
    heads: series.map(({ labels }) => ({ labels, dropName: false })),
    sight,
    rangeMs,
    read(index) {
      columns = samplesOnly(series[index]!, known.parts);
      return rowOf(columns, sight, rangeMs, query.budget);
    },
  };
  return { ranges, compute: known.compute(() => columns) };
}

/** What rollups have for an instant selector: one entry a bucket, its newest. Undefined when samples are to be read. */
export function rolledSeries(query: QueryContext, selector: VectorSelector, sight: Sight): readonly SeriesColumns[] | undefined {
  const rollup = rollupOf(query, selector, sight, query.lookbackMs, true, '');
  if (rollup === undefined) return undefined;
  query.notes.rolledUp(rollup.bucketMs, rollup.rollupsOnlyBeforeMs, false, selector.place);
  return rollup.series.map((one) => new NewestOfBuckets(one));
}

type Usable = Rollup & { readonly series: readonly RolledSeries[] };

/** Rollups that give the same windows as samples: every step and every range is whole buckets. */
function rollupOf(query: QueryContext, selector: VectorSelector, sight: Sight, rangeMs: number, fits: boolean, what: string): Usable | undefined {
  const { source, budget, notes } = query;
  if (source.rollup === undefined || selector.extend !== undefined) return undefined;
  const fromMs = budget.nowMs();
  const rollup = source.rollup(selector.matchers, {
    fromMs: sight.firstMs - rangeMs,
    toMs: lastOf(sight),
    evenMs: fits ? evenOf(sight, rangeMs) : 0,
  });
  if (rollup === undefined) return undefined;
  if (rollup.coarser !== undefined && fits) notes.rollupsTooCoarse(rollup.coarser.bucketMs, rollup.coarser.beforeMs, selector.place);
  if (rollup.series === undefined) {
    if (rollup.rollupsOnlyBeforeMs !== undefined) notes.rollupsLeftOut(rollup.bucketMs, rollup.rollupsOnlyBeforeMs, fits ? '' : what, selector.place);
    return undefined;
  }
  budget.selected(rollup.series.length, budget.nowMs() - fromMs);
  budget.check();
  return rollup as Usable;
}

/** The longest time that divides every end of a window and its length; 0 when there is none. */
function evenOf({ firstMs, stepMs, steps }: Sight, rangeMs: number): number {
  const lengths = [Math.abs(firstMs), steps > 1 ? stepMs : 0, rangeMs];
  return lengths.every(Number.isSafeInteger) ? lengths.reduce(divisor) : 0;
}

function divisor(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}

/** The parts of buckets that have samples: a bucket of stale markers alone is none to a range function. */
function samplesOnly(series: RolledSeries, parts: readonly RollupPart[]): readonly Float64Array[] {
  const [counts, ...columns] = series.read(['count', ...parts]);
  if (!counts!.includes(0)) return columns;
  return columns.map((column) => column.filter((_, i) => counts![i]! > 0));
}

function rowOf([values, timesMs]: readonly Float64Array[], sight: Sight, rangeMs: number, budget: Budget): RangeRow {
  budget.loaded(timesMs!.length);
  const frame = slide(timesMs!, sight, rangeMs);
  budget.read(frame.read);
  return { timesMs: timesMs!, values: values!, lo: frame.lo, hi: frame.hi, frame, histograms: undefined };
}

function slide(timesMs: Float64Array, { firstMs, stepMs, steps }: Sight, rangeMs: number): Frame {
  const [lo, hi] = [new Int32Array(steps), new Int32Array(steps)];
  let [from, to, read] = [0, 0, 0];
  for (let k = 0; k < steps; k++) {
    const endMs = firstMs + k * stepMs;
    while (to < timesMs.length && timesMs[to]! <= endMs) to++;
    while (from < to && timesMs[from]! <= endMs - rangeMs) from++;
    lo[k] = from;
    hi[k] = to;
    read += to - from;
  }
  return { lo, hi, read };
}

function totalOf(column: Float64Array, from: number, to: number): number {
  let total = 0;
  for (let i = from; i < to; i++) total += column[i]!;
  return total;
}

/** Sums of buckets added up as samples are. */
function addUp([, , sums]: readonly Float64Array[], from: number, to: number): Kahan {
  const sum = new Kahan();
  for (let i = from; i < to; i++) sum.add(sums![i]!);
  return sum;
}

function sumOf(columns: readonly Float64Array[], from: number, to: number): number {
  const { sum, lost } = addUp(columns, from, to);
  return Math.abs(sum) === Infinity ? sum : sum + lost;
}

function meanOf(columns: readonly Float64Array[], from: number, to: number): number {
  const count = totalOf(columns[0]!, from, to);
  const { sum, lost } = addUp(columns, from, to);
  if (Math.abs(sum) < Infinity) return sum / count + lost / count;
  const mean = new Kahan();
  for (let i = from; i < to; i++) mean.add(columns[2]![i]! / count);
  return Math.abs(mean.sum) === Infinity ? mean.sum : mean.sum + mean.lost;
}

function resetsOf([, , firsts, lasts, resets]: readonly Float64Array[], from: number, to: number): number {
  let count = resets![from]!;
  for (let i = from + 1; i < to; i++) count += resets![i]! + (firsts![i]! < lasts![i - 1]! ? 1 : 0);
  return count;
}

/** rate(), increase() and delta() as over samples (see rate.ts): the falls within buckets are added up, those between them seen here. */
function rateOf(kind: RateKind): Fold {
  return ([counts, lastTimes, firstTimes, firsts, lasts, fallen], from, to, call, step) => {
    const intervals = totalOf(counts!, from, to) - 1;
    if (intervals < 1) return undefined;
    const first = firsts![from]!;
    let difference = lasts![to - 1]! - first;
    for (let i = from; kind.counter && i < to; i++) {
      if (i > from && firsts![i]! < lasts![i - 1]!) difference += lasts![i - 1]!;
      if (fallen![i] !== 0) difference += fallen![i]!;
    }
    const { sampled, toStart, toEnd } = stretch(call, step, firstTimes![from]!, lastTimes![to - 1]!, intervals);
    const toZero = sampled * (first / difference);
    const reachesZero = kind.counter && difference > 0 && first >= 0 && first * sampled < toStart * difference * nearlyOne && toZero < toStart;
    const divisor = kind.perSecond ? call.rangeMs / 1000 : 1;
    return difference * ((sampled + (reachesZero ? toZero : toStart) + toEnd) / sampled / divisor);
  };
}

/** A series reduced to the newest entry of each bucket, a stale marker where that is one; read when its columns are asked for. */
class NewestOfBuckets implements SeriesColumns {
  readonly labels: SeriesColumns['labels'];
  readonly isPlain = false;
  readonly #series: RolledSeries;
  #read: readonly Float64Array[] | undefined;

  constructor(series: RolledSeries) {
    this.labels = series.labels;
    this.#series = series;
  }

  get timesMs(): Float64Array {
    return this.#columns()[0]!;
  }

  /** The columns are let go: the evaluator asks for times before values, and reads one series after the other. */
  get values(): Float64Array {
    const [, last, tail] = this.#columns();
    this.#read = undefined;
    if (!tail!.includes(1)) return last!;
    const values = last!.slice();
    for (let i = 0; i < values.length; i++) if (tail![i] === 1) writeStale(values, i);
    return values;
  }

  #columns(): readonly Float64Array[] {
    return (this.#read ??= this.#series.read(['lastMs', 'last', 'tail']));
  }
}
