import { assert, EngineError, labelsFrom, labelValue, METRIC_NAME, noLabels, type Labels } from '#core/model/index.ts';
import { unwrap, type Call, type Expr } from '../syntax/index.ts';
import { RowsAhead } from '../ahead/rows-ahead.ts';
import { derivedHeads, mergeDerived, type Evaluator } from '../context.ts';
import { dateFunctions } from './dates.ts';
import { floatFunctions, largerOf, scalarFunctions, smallerOf, type ScalarFunction } from './float-functions.ts';
import { stepTime, type Grid } from '../grid.ts';
import { fractions, histogramNumber, quantiles } from './histogram-functions.ts';
import { info } from './info.ts';
import { rangeNotes } from '../notes.ts';
import { labelJoin, labelReplace } from './label-functions.ts';
import { checkExtended } from './extended.ts';
import { rangeFunctions, type RangeFunctionRow } from './range-functions.ts';
import { sortByLabel, sortByValue } from './sort.ts';
import { absent, Block, clearRow, float, mapRows, newRow, type Row, type Vector } from '../vector.ts';
import type { RangeCall } from '../read/windows.ts';

type VectorFunction = (evaluator: Evaluator, call: Call, grid: Grid) => Promise<Vector>;

const functions: ReadonlyMap<string, VectorFunction> = new Map<string, VectorFunction>([
  ['vector', vectorOf],
  ['timestamp', timestamps],
  ['absent', absentOf],
  ['absent_over_time', absentOverTime],
  ['label_replace', labelReplace],
  ['label_join', labelJoin],
  ['sort', sortByValue],
  ['sort_desc', sortByValue],
  ['sort_by_label', sortByLabel],
  ['sort_by_label_desc', sortByLabel],
  ['histogram_quantile', quantiles],
  ['histogram_quantiles', quantiles],
  ['histogram_fraction', fractions],
  ['histogram_count', histogramNumber],
  ['histogram_sum', histogramNumber],
  ['histogram_avg', histogramNumber],
  ['histogram_stddev', histogramNumber],
  ['histogram_stdvar', histogramNumber],
  ['info', info],
]);

/** A function call that gives an instant vector. */
export async function callVector(evaluator: Evaluator, call: Call, grid: Grid): Promise<Vector> {
  const ofRange = rangeFunctions.get(call.name);
  if (ofRange !== undefined) return overRange(evaluator, call, ofRange, grid);
  const ofFloat = floatFunctions.get(call.name);
  if (ofFloat !== undefined) return perFloat(evaluator, call, grid, ofFloat);
  const ofScalars = scalarFunctions.get(call.name);
  if (ofScalars !== undefined) return withScalars(evaluator, call, grid, ofScalars);
  const compute = functions.get(call.name);
  if (compute !== undefined) return compute(evaluator, call, grid);
  throw new EngineError('unsupported', `${call.name}() is not yet supported`, call.place);
}

/** A function call that gives a scalar. */
export async function callScalar(evaluator: Evaluator, call: Call, grid: Grid): Promise<Float64Array> {
  const { query } = evaluator;
  const out = new Float64Array(grid.steps);
  switch (call.name) {
    case 'time':
      return out.map((_, k) => stepTime(grid, k) / 1000);
    case 'pi':
      return out.fill(Math.PI);
    case 'start':
      return out.fill(query.startMs / 1000);
    case 'end':
      return out.fill(query.endMs / 1000);
    case 'range':
      return out.fill((query.endMs - query.startMs) / 1000);
    case 'step':
      return out.fill(query.stepMs / 1000);
    case 'min_of':
    case 'max_of':
      return extremeOf(evaluator, call, grid);
    default:
      return scalarOf(evaluator, call, grid);
  }
}

async function extremeOf(evaluator: Evaluator, call: Call, grid: Grid): Promise<Float64Array> {
  const left = await evaluator.scalar(call.args[0]!, grid);
  const right = await evaluator.scalar(call.args[1]!, grid);
  const compute = call.name === 'min_of' ? smallerOf : largerOf;
  return left.map((value, k) => compute(value, right[k]!));
}

/** scalar(): the one float of a step, NaN when there is none or more than one. */
async function scalarOf(evaluator: Evaluator, call: Call, grid: Grid): Promise<Float64Array> {
  const input = await evaluator.vector(call.args[0]!, grid);
  const out = new Float64Array(grid.steps).fill(NaN);
  const count = new Uint8Array(grid.steps);
  const { budget } = evaluator.query;
  for (let i = 0; i < input.heads.length; i++) {
    const row = input.read(i);
    for (let k = 0; k < grid.steps; k++) {
      if (row.kinds[k] !== float) continue;
      out[k] = count[k] === 0 ? row.values[k]! : NaN;
      count[k] = 1;
    }
    if (budget.spend(grid.steps)) await budget.breathe();
  }
  return out;
}

async function overRange(evaluator: Evaluator, call: Call, { compute, rangeArg, keepsName }: RangeFunctionRow, grid: Grid): Promise<Vector> {
  const { query } = evaluator;
  const arg = unwrap(call.args[rangeArg]!);
  const others = call.args.filter((_, i) => i !== rangeArg);
  const scalars: Float64Array[] = [];
  for (const other of others) scalars.push(await evaluator.scalar(other, grid));
  const extend = arg.kind === 'matrix' ? arg.selector.extend : undefined;
  if (extend !== undefined) checkExtended(extend, call.name);
  const rolled = arg.kind === 'matrix' ? evaluator.rolled(call.name, arg, grid) : undefined;
  const ranges = rolled?.ranges ?? (await evaluator.ranges(arg, grid));
  const heads = keepsName ? ranges.heads : await derivedHeads(ranges.heads, query);
  const { sight, rangeMs, selected } = ranges;
  const task = { name: call.name, grid, sight, rangeMs, scalars, extend };
  const ahead = selected === undefined ? undefined : new RowsAhead(query, selected.series, { ...task, margin: selected.margin });
  const out = newRow(grid.steps);
  const read = (index: number): Row => {
    clearRow(out);
    const { labels } = ranges.heads[index]!;
    const metric = labelValue(labels, METRIC_NAME);
    if (ahead?.take(index, out) !== true) {
      const notes = rangeNotes(query.notes, metric, unwrap(call.args[0]!).place, arg.place);
      const base = { steps: grid.steps, sight, rangeMs, grid, scalars, extend, metric, notes } satisfies RangeCall;
      const row = ranges.read(index);
      (rolled?.compute ?? compute)(row, out, base);
    }
    if ((call.name === 'rate' || call.name === 'increase') && out.kinds.includes(float)) noteCounter(evaluator, arg, labels, metric);
    return out;
  };
  return mergeDerived(ranges as unknown as Vector, { heads, read }, grid, query);
}

/** rate() and increase() of what does not look like a counter. */
function noteCounter(evaluator: Evaluator, arg: Expr, labels: Labels, metric: string): void {
  if (metric === '') return;
  const type = labelValue(labels, '__type__');
  if (type !== '') {
    if (type !== 'counter' && type !== 'histogram') evaluator.query.notes.possibleNonCounterType(metric, type, arg.place);
  } else if (!/_(total|sum|count|bucket)$/.test(metric)) evaluator.query.notes.possibleNonCounter(metric, arg.place);
}

async function perFloat(evaluator: Evaluator, call: Call, grid: Grid, compute: (value: number) => number): Promise<Vector> {
  const arg = call.args[0];
  if (arg === undefined && dateFunctions.has(call.name)) {
    return oneRow(
      noLabels,
      Float64Array.from({ length: grid.steps }, (_, k) => compute(Math.trunc(stepTime(grid, k) / 1000))),
    );
  }
  assert(arg !== undefined, `${call.name} has an argument`);
  const input = await evaluator.vector(arg, grid);
  return derived(evaluator, input, grid, (from, to) => {
    for (let k = 0; k < grid.steps; k++) {
      if (from.kinds[k] === float) {
        to.kinds[k] = float;
        to.values[k] = compute(from.values[k]!);
      } else to.kinds[k] = absent;
    }
  });
}

async function withScalars(evaluator: Evaluator, call: Call, grid: Grid, compute: ScalarFunction): Promise<Vector> {
  const scalars: Float64Array[] = [];
  for (const arg of call.args.slice(1)) scalars.push(await evaluator.scalar(arg, grid));
  const input = await evaluator.vector(call.args[0]!, grid);
  const steps = Array.from({ length: grid.steps }, (_, k) => scalars.map((values) => values[k]!));
  return derived(evaluator, input, grid, (from, to) => {
    for (let k = 0; k < grid.steps; k++) {
      const value = from.kinds[k] === float ? compute(from.values[k]!, steps[k]!) : undefined;
      to.kinds[k] = value === undefined ? absent : float;
      if (value !== undefined) to.values[k] = value;
    }
  });
}

/** Rows made from another vector's, as metrics of their own. */
async function derived(evaluator: Evaluator, input: Vector, grid: Grid, fill: (from: Row, to: Row) => void): Promise<Vector> {
  const heads = await derivedHeads(input.heads, evaluator.query);
  return mergeDerived(input, mapRows(input, grid.steps, heads, fill), grid, evaluator.query);
}

async function timestamps(evaluator: Evaluator, call: Call, grid: Grid): Promise<Vector> {
  const arg = call.args[0]!;
  if (unwrap(arg).kind === 'selector') {
    const times = await evaluator.sampleTimes(arg, grid);
    const heads = await derivedHeads(times.heads, evaluator.query);
    return mergeDerived(times, { heads, read: (index) => times.read(index) }, grid, evaluator.query);
  }
  const input = await evaluator.vector(arg, grid);
  return derived(evaluator, input, grid, (from, to) => {
    for (let k = 0; k < grid.steps; k++) {
      to.kinds[k] = from.kinds[k] === absent ? absent : float;
      to.values[k] = stepTime(grid, k) / 1000;
    }
  });
}

async function vectorOf(evaluator: Evaluator, call: Call, grid: Grid): Promise<Vector> {
  return oneRow(noLabels, await evaluator.scalar(call.args[0]!, grid));
}

function oneRow(labels: Labels, values: Float64Array): Vector {
  return new Block([{ labels, dropName: false }], [{ values, kinds: new Uint8Array(values.length).fill(float), histograms: undefined }]);
}

async function absentOf(evaluator: Evaluator, call: Call, grid: Grid): Promise<Vector> {
  const input = await evaluator.vector(call.args[0]!, grid);
  const missing = new Uint8Array(grid.steps).fill(float);
  const { budget } = evaluator.query;
  for (let i = 0; i < input.heads.length; i++) {
    const { kinds } = input.read(i);
    for (let k = 0; k < grid.steps; k++) if (kinds[k] !== absent) missing[k] = absent;
    if (budget.spend(grid.steps)) await budget.breathe();
  }
  return absentRow(call, missing);
}

async function absentOverTime(evaluator: Evaluator, call: Call, grid: Grid): Promise<Vector> {
  const ranges = await evaluator.ranges(call.args[0]!, grid);
  const missing = new Uint8Array(grid.steps).fill(float);
  const { budget } = evaluator.query;
  for (let i = 0; i < ranges.heads.length; i++) {
    const { lo, hi, histograms } = ranges.read(i);
    for (let k = 0; k < grid.steps; k++) {
      if (hi[k]! > lo[k]! || (histograms !== undefined && histograms.hi[k]! > histograms.lo[k]!)) missing[k] = absent;
    }
    if (budget.spend(grid.steps)) await budget.breathe();
  }
  return absentRow(call, missing);
}

function absentRow(call: Call, kinds: Uint8Array): Vector {
  const row = { values: new Float64Array(kinds.length).fill(1), kinds, histograms: undefined };
  return new Block([{ labels: expectedLabels(unwrap(call.args[0]!)), dropName: false }], [row]);
}

/** The labels that an absent series would have: those that its selector fixes, each once. */
function expectedLabels(arg: Expr): Labels {
  const selector = arg.kind === 'matrix' ? arg.selector : arg;
  if (selector.kind !== 'selector') return noLabels;
  const fixed = new Map<string, string>();
  const seen = new Set<string>();
  for (const { name, op, value } of selector.matchers) {
    if (name === METRIC_NAME) continue;
    if (op === '=' && !seen.has(name)) fixed.set(name, value);
    else fixed.delete(name);
    if (op === '=') seen.add(name);
  }
  return labelsFrom(fixed);
}
