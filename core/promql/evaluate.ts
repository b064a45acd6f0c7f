import { assert, labelValue, METRIC_NAME, type UnixMs } from '#core/model/index.ts';
import { durationMs, typeOf, unwrap } from './syntax/index.ts';
import type { Aggregation, At, Binary, Duration, Expr, MatrixSelector, Subquery, Unary, VectorSelector } from './syntax/index.ts';
import { aggregate } from './operators/aggregate.ts';
import type { AggregationContext } from './operators/aggregation-context.ts';
import { countValues, limitCount, limitRatio, quantileAggregate, topOrBottom } from './operators/aggregate-select.ts';
import { callScalar, callVector } from './functions/call.ts';
import { derivedHeads, mergeDerived, type Evaluator } from './context.ts';
import type { QueryContext } from './query-context.ts';
import { smoothedVector } from './functions/extended.ts';
import { lastOf, sightOf, type Grid, type Sight } from './grid.ts';
import { isInvariant } from './invariant.ts';
import { scaled } from './histogram/arithmetic.ts';
import { setOperation } from './operators/set-operation.ts';
import { vectorOperation } from './operators/vector-operation.ts';
import { rangeNotes } from './notes.ts';
import { dropsName, RowOperation, scalarOperation } from './operators/operators.ts';
import { statsSelectors, withDetectedResets } from './functions/histogram-stats.ts';
import { rolledCall, rolledSeries, type RolledCall } from './read/rolled.ts';
import { instantVector, reach } from './read/select.ts';
import type { ScannedColumns } from './read/source.ts';
import { float, histogram, mapRows, mergeSame, newRow, setHistogram, type Row, type Vector } from './vector.ts';
import { selectorRanges, subqueryRanges, type Margin, type RangeVector } from './read/windows.ts';

/** Finding a series takes a microsecond or two. */
const unitsPerSeries = 500;

/** Evaluates expressions over grids of steps. Prepares everything, reads rows only when somebody asks for them. */
export class Evaluation implements Evaluator {
  readonly query: QueryContext;
  readonly #statsOnly: ReadonlySet<VectorSelector>;

  constructor(query: QueryContext, expr: Expr) {
    this.query = query;
    this.#statsOnly = statsSelectors(expr);
  }

  async vector(expr: Expr, grid: Grid): Promise<Vector> {
    if (grid.steps > 1 && expr.kind !== 'selector' && typeOf(expr) === 'vector' && isInvariant(expr)) {
      const once = { ...grid, steps: 1, reads: grid.reads === undefined ? undefined : new Float64Array(1) };
      return broadcast(await this.vector(expr, once), once, grid);
    }
    switch (expr.kind) {
      case 'selector':
        return this.#select(expr, grid);
      case 'call':
        return callVector(this, expr, grid);
      case 'aggregation':
        return this.#aggregation(expr, grid);
      case 'binary':
        return this.#binary(expr, grid);
      case 'unary':
        return this.#unary(expr, grid);
      case 'paren':
        return this.vector(expr.expr, grid);
      case 'number':
      case 'string':
      case 'matrix':
      case 'subquery':
        return assert(false, `${expr.kind} is no instant vector`) as never;
    }
  }

  async scalar(expr: Expr, grid: Grid): Promise<Float64Array> {
    switch (expr.kind) {
      case 'number':
        return new Float64Array(grid.steps).fill(expr.value);
      case 'paren':
        return this.scalar(expr.expr, grid);
      case 'unary': {
        const values = await this.scalar(expr.expr, grid);
        return expr.op === '-' ? values.map((value) => -value) : values;
      }
      case 'binary': {
        const left = await this.scalar(expr.left, grid);
        const right = await this.scalar(expr.right, grid);
        const compute = scalarOperation(expr.op);
        return left.map((value, k) => compute(value, right[k]!));
      }
      case 'call':
        return callScalar(this, expr, grid);
      default:
        return assert(false, `${expr.kind} is no scalar`) as never;
    }
  }

  async ranges(expr: Expr, grid: Grid): Promise<RangeVector> {
    const inner = unwrap(expr);
    if (inner.kind === 'matrix') return this.#rangeSelector(inner, grid);
    assert(inner.kind === 'subquery', `${inner.kind} is no range vector`);
    return this.#subquery(inner, grid);
  }

  /** The instant vector of a selector, of which only the kinds of its samples are asked for. */
  protected present(expr: VectorSelector, grid: Grid): Promise<Vector> {
    return this.#select(expr, grid, true);
  }

  async sampleTimes(expr: Expr, grid: Grid, seen?: Sight): Promise<Vector> {
    const inner = unwrap(expr);
    assert(inner.kind === 'selector', `${inner.kind} has no sample times`);
    const sight = this.#sight(inner, grid);
    const series = await this.#fetch(inner, sight, this.query.lookbackMs, 0, 0);
    return instantVector(series, seen ?? sight, this.query.lookbackMs, 'time', this.query.budget);
  }

  async #select(expr: VectorSelector, grid: Grid, kindsOnly = false): Promise<Vector> {
    const { lookbackMs, budget, notes } = this.query;
    const sight = this.#sight(expr, grid);
    if (expr.extend === 'smoothed') {
      const near = await this.#fetch(expr, sight, lookbackMs, lookbackMs, 0);
      const ranges = selectorRanges(near, sight, lookbackMs, { beforeMs: 0, afterMs: lookbackMs }, budget);
      return smoothedVector(ranges, (i) => rangeNotes(notes, labelValue(near[i]!.labels, METRIC_NAME), expr.place, expr.place));
    }
    const series = rolledSeries(this.query, expr, sight) ?? (await this.#fetch(expr, sight, lookbackMs, 0, 0));
    return instantVector(series, sight, lookbackMs, kindsOnly ? 'kind' : 'value', budget);
  }

  rolled(name: string, expr: MatrixSelector, grid: Grid): RolledCall | undefined {
    return rolledCall(this.query, name, expr, this.#sight(expr.selector, grid), this.#duration(expr.range));
  }

  async #rangeSelector(expr: MatrixSelector, grid: Grid): Promise<RangeVector> {
    const { lookbackMs, budget } = this.query;
    const rangeMs = this.#duration(expr.range);
    const sight = this.#sight(expr.selector, grid);
    const margin: Margin = {
      beforeMs: expr.selector.extend === undefined ? 0 : lookbackMs,
      afterMs: expr.selector.extend === 'smoothed' ? lookbackMs : 0,
    };
    const series = await this.#fetch(expr.selector, sight, rangeMs + margin.beforeMs, margin.afterMs, rangeMs);
    return selectorRanges(series, sight, rangeMs, margin, budget);
  }

  async #fetch(expr: VectorSelector, sight: Sight, backMs: number, aheadMs: number, rangeMs: number): Promise<readonly ScannedColumns[]> {
    const { source, budget, signal, stepMs } = this.query;
    const [minMs, maxMs] = reach(sight, backMs);
    const fromMs = budget.nowMs();
    const hints = { stepMs, rangeMs, caller: '' };
    const pause = async (count: number): Promise<void> => {
      if (budget.spend(count * unitsPerSeries)) await budget.breathe();
    };
    const found =
      source.scanInTurns?.(expr.matchers, minMs, maxMs + aheadMs, pause) ?? source.select(expr.matchers, minMs, maxMs + aheadMs, signal, hints);
    const series: readonly ScannedColumns[] = await found;
    budget.selected(series.length, budget.nowMs() - fromMs);
    budget.check();
    return this.#statsOnly.has(expr) ? series.map(withDetectedResets) : series;
  }

  async #subquery(expr: Subquery, grid: Grid): Promise<RangeVector> {
    const { budget, subqueryStepMs } = this.query;
    const rangeMs = this.#duration(expr.range);
    const stepMs = expr.step === undefined ? subqueryStepMs : this.#duration(expr.step);
    const sight = this.#sight(expr, grid);
    const afterMs = sight.firstMs - rangeMs;
    let startMs = Math.trunc(afterMs / stepMs) * stepMs;
    if (startMs <= afterMs) startMs += stepMs;
    const steps = Math.max(0, Math.floor((lastOf(sight) - startMs) / stepMs) + 1);
    budget.hold(steps);
    const inner: Grid = { startMs, stepMs, steps };
    return subqueryRanges(await this.vector(expr.expr, inner), inner, sight, rangeMs, budget);
  }

  #sight(expr: { readonly at: At | undefined; readonly offset: Duration | undefined }, grid: Grid): Sight {
    const offsetMs = expr.offset === undefined ? 0 : this.#duration(expr.offset, true);
    return sightOf(grid, this.#atMs(expr.at), offsetMs);
  }

  #atMs(at: At | undefined): UnixMs | undefined {
    if (at === undefined) return undefined;
    return at.kind === 'time' ? at.ms : at.kind === 'start' ? this.query.startMs : this.query.endMs;
  }

  #duration(duration: Duration, signed = false): number {
    const { startMs, endMs, stepMs } = this.query;
    return durationMs(duration, { stepMs, rangeMs: endMs - startMs }, signed);
  }

  async #aggregation(expr: Aggregation, grid: Grid): Promise<Vector> {
    const { budget, notes } = this.query;
    const param = expr.param === undefined ? undefined : unwrap(expr.param);
    const { place } = expr.expr;
    const context: AggregationContext = { expr, steps: grid.steps, budget, notes, place, paramPlace: param?.place ?? place };
    const scalars = param === undefined || param.kind === 'string' ? new Float64Array(0) : await this.scalar(param, grid);
    const inner = unwrap(expr.expr);
    // How many there are can be told without their values.
    const input = countsOnly.has(expr.op) && inner.kind === 'selector' ? await this.present(inner, grid) : await this.vector(expr.expr, grid);
    switch (expr.op) {
      case 'topk':
      case 'bottomk':
        return topOrBottom(context, input, scalars);
      case 'limitk':
        return limitCount(context, input, scalars);
      case 'limit_ratio':
        return limitRatio(context, input, scalars);
      case 'quantile':
        return quantileAggregate(context, input, scalars);
      case 'count_values':
        assert(param?.kind === 'string', 'count_values has a string parameter');
        return countValues(context, input, param.value);
      default:
        return aggregate(context, input);
    }
  }

  async #unary(expr: Unary, grid: Grid): Promise<Vector> {
    const input = await this.vector(expr.expr, grid);
    if (expr.op === '+') return input;
    const heads = await derivedHeads(input.heads, this.query);
    return mergeDerived(input, mapRows(input, grid.steps, heads, negate), grid, this.query);
  }

  async #binary(expr: Binary, grid: Grid): Promise<Vector> {
    const leftScalar = typeOf(expr.left) === 'scalar';
    if (leftScalar || typeOf(expr.right) === 'scalar') return this.#withScalar(expr, grid, leftScalar);
    const { budget, notes, delayedNames } = this.query;
    assert(expr.matching !== undefined, 'an operation between vectors says how they match');
    const context = { expr, matching: expr.matching, steps: grid.steps, budget, notes, delayedNames };
    const left = await this.vector(expr.left, grid);
    const right = await this.vector(expr.right, grid);
    const isSet = expr.matching.cardinality === 'many-to-many';
    const result = isSet ? await setOperation(context, left, right) : await vectorOperation(context, left, right);
    return isSet && expr.op === 'or' ? mergeSame(result, grid.steps, budget) : result;
  }

  async #withScalar(expr: Binary, grid: Grid, leftScalar: boolean): Promise<Vector> {
    const scalars = await this.scalar(leftScalar ? expr.left : expr.right, grid);
    const input = await this.vector(leftScalar ? expr.right : expr.left, grid);
    const operation = new RowOperation(expr.op, expr.bool, expr.place, this.query.notes);
    const derived = dropsName(expr.op) || expr.bool;
    const heads = derived ? await derivedHeads(input.heads, this.query) : input.heads;
    const result = mapRows(input, grid.steps, heads, (from, to) => {
      to.kinds.fill(0);
      operation.withScalar(from, scalars, leftScalar, to);
    });
    return derived ? mergeDerived(input, result, grid, this.query) : result;
  }
}

const countsOnly: ReadonlySet<string> = new Set(['count', 'group']);

function negate(from: Row, to: Row): void {
  for (let k = 0; k < to.kinds.length; k++) {
    to.kinds[k] = from.kinds[k]!;
    if (from.kinds[k] === float) to.values[k] = -from.values[k]!;
    else if (from.kinds[k] === histogram) setHistogram(to, k, scaled(from.histograms![k]!, -1));
  }
}

/** The one step of a vector at every step. */
function broadcast(input: Vector, once: Grid, { steps, reads }: Grid): Vector {
  const row = newRow(steps);
  let counted = 0;
  const count = (): void => {
    if (once.reads === undefined || reads === undefined) return;
    for (let k = 0; k < steps; k++) reads[k]! += once.reads[0]! - counted;
    counted = once.reads[0]!;
  };
  count();
  return {
    heads: input.heads,
    read(index) {
      const from = input.read(index);
      count();
      row.kinds.fill(from.kinds[0]!);
      row.values.fill(from.values[0]!);
      row.histograms = from.histograms === undefined ? undefined : Array.from({ length: steps }, () => from.histograms![0]);
      return row;
    },
  };
}
