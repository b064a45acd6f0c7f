import {
  compareLabels,
  EngineError,
  type Clock,
  type DurationMs,
  type Histogram,
  type Labels,
  type SeriesColumns,
  type UnixMs,
} from '#core/model/index.ts';
import { parseExpr, printExpr, typeOf, unwrap, type Expr } from './syntax/index.ts';
import type { AskAhead } from './ahead/ask.ts';
import { Budget, defaultLimits, type QueryLimits, type QueryStats } from './budget.ts';
import type { QueryContext } from './query-context.ts';
import { Evaluation } from './evaluate.ts';
import { ExplainedEvaluation, type ExplainNode } from './explain.ts';
import { extendedWindow } from './functions/extended.ts';
import { stepTime, type Grid } from './grid.ts';
import { Notebook, type Notes } from './notes.ts';
import type { SeriesSource } from './read/source.ts';
import { windowColumns } from './read/windows.ts';
import { absent, countPresent, histogram, mergeSame, withoutName, type Row, type Vector } from './vector.ts';

/** How to evaluate. Everything may be left out. */
export interface QueryOptions {
  /** What the places in an expression refer to that is not given as text: notes tell lines and columns of it. The printed expression. */
  readonly text?: string;
  /** How old a sample may be that an instant selector still sees; 5 minutes. */
  readonly lookbackMs?: DurationMs;
  /** Step of a subquery that names none; 1 minute. */
  readonly subqueryStepMs?: DurationMs;
  readonly limits?: Partial<QueryLimits>;
  readonly signal?: AbortSignal;
  /** For the time limit and the times in the statistics. */
  readonly clock?: Clock;
  /** Awaited every 5 ms of work or so, to let others work. */
  readonly breathe?: () => Promise<void>;
  /** Metric names go at the end of the query (Prometheus' feature `promql-delayed-name-removal`); off. */
  readonly delayedNames?: boolean;
  /** Has other threads work out rows ahead of the query's own, which still does all that they have not done by then. */
  readonly askAhead?: AskAhead;
  /** Counts the samples looked at by step. Costs some time, and other threads do not help. */
  readonly countSteps?: boolean;
  /** Tells what each part of the query gives and costs. Costs some time itself. */
  readonly explain?: boolean;
}

/** What comes with every result. */
interface About {
  readonly notes: Notes;
  readonly stats: QueryStats;
  /** If asked for. */
  readonly explain?: ExplainNode;
}

/** A sample of an instant vector. */
export interface Sample {
  readonly labels: Labels;
  readonly timeMs: UnixMs;
  /** 0 when there is a histogram. */
  readonly value: number;
  readonly histogram?: Histogram;
}

/** What a query gives at one instant. */
export type InstantResult = InstantValue & About;
export type InstantValue =
  | { readonly type: 'vector'; readonly samples: readonly Sample[] }
  | { readonly type: 'scalar'; readonly timeMs: UnixMs; readonly value: number }
  | { readonly type: 'string'; readonly timeMs: UnixMs; readonly text: string }
  | { readonly type: 'matrix'; readonly series: readonly SeriesColumns[] };

/** What a query gives over a range: each series only with the steps at which it has a value, sorted by labels. */
export interface RangeResult extends About {
  readonly series: readonly SeriesColumns[];
}

export interface QueryRange {
  readonly startMs: UnixMs;
  readonly endMs: UnixMs;
  readonly stepMs: DurationMs;
}

export const lookbackMs = 300_000; // Prometheus' default.
const subqueryStepMs = 60_000; // Prometheus' default evaluation interval.

/** Evaluates a query at one instant. Throws EngineError for what is wrong with it, or when it is over a limit. */
export async function evaluateInstant(
  source: SeriesSource,
  query: Expr | string,
  timeMs: UnixMs,
  options: QueryOptions = {},
): Promise<InstantResult> {
  const prepared = prepare(source, query, { startMs: timeMs, endMs: timeMs, stepMs: 0 }, options);
  const grid = counted({ startMs: timeMs, stepMs: 1, steps: 1 }, options);
  return alone(prepared, async () => {
    const value = await instantValue(prepared, grid);
    return { ...value, ...about(prepared, grid) };
  });
}

/** Evaluates a query at every step from `startMs` to `endMs`, both inclusive. Throws as evaluateInstant does. */
export async function evaluateRange(source: SeriesSource, query: Expr | string, range: QueryRange, options: QueryOptions = {}): Promise<RangeResult> {
  const prepared = prepare(source, query, range, options);
  const { expr } = prepared;
  const grid = counted(gridOf(range, { ...defaultLimits, ...options.limits }.pointsMax), options);
  const type = typeOf(expr);
  if (type !== 'scalar' && type !== 'vector')
    throw new EngineError(
      'invalid',
      `invalid expression type "${type === 'matrix' ? 'range vector' : type}" for range query, must be Scalar or instant Vector`,
    );
  return alone(prepared, async () => {
    const series = type === 'scalar' ? await scalarSeries(prepared, grid) : await vectorSeries(prepared, grid);
    return { series, ...about(prepared, grid) };
  });
}

/** Nobody works for the query any more once it is answered, or has failed. */
async function alone<T>({ context }: Prepared, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } finally {
    for (const board of context.boards) board.stop();
  }
}

/** The grid with a place to count at, if that was asked for. */
function counted(grid: Grid, { countSteps }: QueryOptions): Grid {
  return countSteps === true ? { ...grid, reads: new Float64Array(grid.steps) } : grid;
}

function about({ expr, context, evaluation }: Prepared, { steps, reads }: Grid): About {
  const plain = context.budget.stats(steps);
  const stats = reads === undefined ? plain : { ...plain, samplesRead: reads.reduce((sum, count) => sum + count), samplesReadByStep: reads };
  const base = { notes: context.notes.notes(), stats };
  return evaluation instanceof ExplainedEvaluation ? { ...base, explain: evaluation.explain(expr) } : base;
}

interface Prepared {
  readonly expr: Expr;
  readonly context: QueryContext;
  readonly evaluation: Evaluation;
}

function prepare(source: SeriesSource, query: Expr | string, range: QueryRange, options: QueryOptions): Prepared {
  const text = (): string => options.text ?? (typeof query === 'string' ? query : printExpr(query));
  const expr = typeof query === 'string' ? parseExpr(query) : query;
  const context: QueryContext = {
    source,
    budget: new Budget({ ...defaultLimits, ...options.limits }, options.clock, options.signal, options.breathe),
    notes: new Notebook(text, expr),
    signal: options.signal,
    lookbackMs: options.lookbackMs ?? lookbackMs,
    subqueryStepMs: options.subqueryStepMs ?? subqueryStepMs,
    delayedNames: options.delayedNames ?? false,
    // What the parts of a query cost is told of one thread.
    askAhead: options.explain === true || options.countSteps === true ? undefined : options.askAhead,
    boards: [],
    ...range,
  };
  context.budget.check();
  return { expr, context, evaluation: options.explain === true ? new ExplainedEvaluation(context, expr) : new Evaluation(context, expr) };
}

function gridOf({ startMs, endMs, stepMs }: QueryRange, pointsMax: number): Grid {
  if (!(stepMs > 0)) throw new EngineError('invalid', 'zero or negative query resolution step widths are not accepted. Try a positive integer');
  if (endMs < startMs) throw new EngineError('invalid', 'end timestamp must not be before start time');
  const steps = Math.floor((endMs - startMs) / stepMs) + 1;
  if (steps > pointsMax)
    throw new EngineError(
      'limit',
      `exceeded maximum resolution of ${pointsMax} points per timeseries. Try decreasing the query resolution (?step=XX)`,
    );
  return { startMs, stepMs, steps };
}

async function instantValue({ expr, context, evaluation }: Prepared, grid: Grid): Promise<InstantValue> {
  const timeMs = grid.startMs;
  switch (typeOf(expr)) {
    case 'string': {
      const inner = unwrap(expr);
      return { type: 'string', timeMs, text: inner.kind === 'string' ? inner.value : '' };
    }
    case 'scalar':
      return { type: 'scalar', timeMs, value: (await evaluation.scalar(expr, grid))[0]! };
    case 'matrix':
      return { type: 'matrix', series: await matrixSeries(evaluation, expr, grid) };
    case 'vector':
      return { type: 'vector', samples: await vectorSamples(await finished(await evaluation.vector(expr, grid), context, grid), context, timeMs) };
  }
}

/** Takes the names off at last, where that was put off. */
async function finished(vector: Vector, context: QueryContext, grid: Grid): Promise<Vector> {
  const heads = vector.heads.map((head) => (head.dropName ? { labels: withoutName(head.labels), dropName: false } : head));
  return mergeSame({ heads, read: (index) => vector.read(index) }, grid.steps, context.budget);
}

async function vectorSamples(vector: Vector, { budget }: QueryContext, timeMs: UnixMs): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const [i, { labels }] of vector.heads.entries()) {
    const row = vector.read(i);
    if (row.kinds[0] === histogram) samples.push({ labels, timeMs, value: 0, histogram: row.histograms![0]! });
    else if (row.kinds[0] !== absent) samples.push({ labels, timeMs, value: row.values[0]! });
    if (budget.spend(1)) await budget.breathe();
  }
  budget.hold(samples.length);
  return samples;
}

async function matrixSeries(evaluation: Evaluation, expr: Expr, grid: Grid): Promise<SeriesColumns[]> {
  const ranges = await evaluation.ranges(expr, grid);
  const inner = unwrap(expr);
  const extend = inner.kind === 'matrix' ? inner.selector.extend : undefined;
  const { budget } = evaluation.query;
  const series: SeriesColumns[] = [];
  for (const [i, { labels }] of ranges.heads.entries()) {
    const row = ranges.read(i);
    const endMs = ranges.sight.firstMs;
    const columns =
      extend === undefined
        ? windowColumns(row, 0, labels)
        : { labels, ...extendedWindow(row, 0, endMs - ranges.rangeMs, endMs, extend === 'smoothed') };
    budget.hold(columns.timesMs.length);
    if (columns.timesMs.length > 0) series.push(columns);
    if (budget.spend(columns.timesMs.length)) await budget.breathe();
  }
  return series;
}

async function scalarSeries({ evaluation, expr }: Prepared, grid: Grid): Promise<SeriesColumns[]> {
  const values = await evaluation.scalar(expr, grid);
  return [{ labels: [], timesMs: values.map((_, k) => stepTime(grid, k)), values }];
}

async function vectorSeries({ evaluation, expr, context }: Prepared, grid: Grid): Promise<SeriesColumns[]> {
  const vector = await finished(await evaluation.vector(expr, grid), context, grid);
  const timesMs = new Float64Array(grid.steps);
  for (let k = 0; k < grid.steps; k++) timesMs[k] = stepTime(grid, k);
  const series: SeriesColumns[] = [];
  for (const [i, { labels }] of vector.heads.entries()) {
    const row = vector.read(i);
    const count = countPresent(row);
    if (count > 0) series.push(presentSteps(labels, row, count, timesMs, context));
    if (context.budget.spend(grid.steps)) await context.budget.breathe();
  }
  return series.sort((a, b) => compareLabels(a.labels, b.labels));
}

/** The steps of a row that have a sample. Series that have all of them share one column of times. */
function presentSteps(labels: Labels, row: Row, count: number, timesMs: Float64Array, { budget }: QueryContext): SeriesColumns {
  budget.hold(count);
  const whole = count === row.kinds.length;
  if (whole && row.histograms === undefined) return { labels, timesMs, values: row.values.slice() };
  const times = whole ? timesMs : new Float64Array(count);
  const values = whole ? row.values.slice() : new Float64Array(count);
  const histograms = row.histograms === undefined ? undefined : Array.from<Histogram | undefined>({ length: count });
  for (let k = 0, at = 0; k < row.kinds.length; k++) {
    const kind = row.kinds[k];
    if (kind === absent) continue;
    if (!whole) times[at] = timesMs[k]!;
    values[at] = kind === histogram ? 0 : row.values[k]!;
    if (histograms !== undefined && kind === histogram) histograms[at] = row.histograms![k];
    at++;
  }
  return histograms === undefined ? { labels, timesMs: times, values } : { labels, timesMs: times, values, histograms };
}
