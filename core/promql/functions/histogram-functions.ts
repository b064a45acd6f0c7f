import { assert, dropLabels, labelsKey, labelValue, METRIC_NAME, withLabel, type Histogram, type Place } from '#core/model/index.ts';
import { unwrap, type Call } from '../syntax/index.ts';
import { derivedHeads, mergeDerived, type Evaluator } from '../context.ts';
import { formatG } from '../format-number.ts';
import { stepTime, type Grid } from '../grid.ts';
import { byUpper, classicFraction, classicQuantile, type ClassicBucket } from '../histogram/classic.ts';
import { hasCustomBounds } from '../histogram/buckets.ts';
import { histogramFraction, histogramQuantile, histogramVariance } from '../histogram/statistics.ts';
import type { Notebook } from '../notes.ts';
import { absent, Block, collect, float, histogram, mapRows, mergeSame, newRow, type Head, type Row, type Vector } from '../vector.ts';

const numbers: ReadonlyMap<string, (h: Histogram) => number> = new Map<string, (h: Histogram) => number>([
  ['histogram_count', (h) => h.count],
  ['histogram_sum', (h) => h.sum],
  ['histogram_avg', (h) => h.sum / h.count],
  ['histogram_stdvar', histogramVariance],
  ['histogram_stddev', (h) => Math.sqrt(histogramVariance(h))],
]);

/** Functions from one native histogram to a number. Floats are left out in silence. */
export async function histogramNumber(evaluator: Evaluator, call: Call, grid: Grid): Promise<Vector> {
  const compute = numbers.get(call.name);
  assert(compute !== undefined, `${call.name} is a function of histograms`);
  const input = await evaluator.vector(call.args[0]!, grid);
  const heads = await derivedHeads(input.heads, evaluator.query);
  const result = mapRows(input, grid.steps, heads, (from, to) => {
    for (let k = 0; k < grid.steps; k++) {
      const isHistogram = from.kinds[k] === histogram;
      to.kinds[k] = isHistogram ? float : absent;
      if (isHistogram) to.values[k] = compute(from.histograms![k]!);
    }
  });
  return mergeDerived(input, result, grid, evaluator.query);
}

/** The series of one histogram: the buckets of a classic one, and native ones with the same labels. */
interface Family {
  readonly head: Head;
  readonly buckets: { readonly row: number; readonly upper: number }[];
  native: number | undefined;
}

/** How a function turns either kind of histogram into a number. */
interface Measure {
  classic(buckets: ClassicBucket[], metric: string, step: number): number;
  native(h: Histogram, metric: string, step: number): number;
}

/** histogram_quantile() and histogram_quantiles(). */
export async function quantiles(evaluator: Evaluator, call: Call, grid: Grid): Promise<Vector> {
  const several = call.name === 'histogram_quantiles';
  const vectorArg = unwrap(call.args[several ? 0 : 1]!);
  const { notes, budget } = evaluator.query;
  const wanted: Float64Array[] = [];
  for (const arg of several ? call.args.slice(2) : call.args.slice(0, 1)) {
    const values = await evaluator.scalar(arg, grid);
    for (const value of values) if (!(value >= 0 && value <= 1)) notes.invalidQuantile(value, unwrap(arg).place);
    wanted.push(values);
  }
  const input = await collect(await evaluator.vector(vectorArg, grid), grid.steps, budget);
  const parts: Block[] = [];
  for (const values of wanted) {
    const part = await measured(evaluator, input, vectorArg.place, grid, quantileMeasure(values, notes, vectorArg.place, grid));
    if (!several) return mergeSameUnlessDelayed(part, evaluator, grid);
    parts.push(...labelled(part, labelName(call), values));
  }
  const all = new Block(
    parts.flatMap((part) => part.heads),
    parts.flatMap((part) => part.rows),
  );
  return mergeSame(all, grid.steps, budget);
}

function labelName(call: Call): string {
  const arg = unwrap(call.args[1]!);
  assert(arg.kind === 'string', 'the label of histogram_quantiles is a string');
  return arg.value;
}

/** A block for each value that a quantile has over the steps, with that value as a label. */
function labelled(part: Block, label: string, values: Float64Array): Block[] {
  return [...new Set(values)].map((value) => {
    const heads = part.heads.map((head) => ({ ...head, labels: withLabel(head.labels, label, formatOpenMetrics(value)) }));
    const rows = part.rows.map((row) => ({ ...row, kinds: row.kinds.map((kind, k) => (Object.is(values[k], value) ? kind : absent)) }));
    return new Block(heads, rows);
  });
}

/** A float as OpenMetrics writes it in `le` and `quantile`: always with a point or an exponent. */
function formatOpenMetrics(value: number): string {
  const text = formatG(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

async function mergeSameUnlessDelayed(block: Block, evaluator: Evaluator, grid: Grid): Promise<Vector> {
  return evaluator.query.delayedNames ? block : mergeSame(block, grid.steps, evaluator.query.budget);
}

function quantileMeasure(values: Float64Array, notes: Notebook, place: Place, grid: Grid): Measure {
  return {
    classic(buckets, metric, step) {
      const { value, mended } = classicQuantile(values[step]!, buckets);
      if (mended !== undefined) notes.forcedMonotonicity({ ...mended, metric, place, timeMs: stepTime(grid, step) });
      return value;
    },
    native(h, metric, step) {
      const { value, nan } = histogramQuantile(values[step]!, h);
      if (nan === 'result') notes.quantileNaNResult(metric, place);
      if (nan === 'skew') notes.quantileNaNSkew(metric, place);
      return value;
    },
  };
}

/** histogram_fraction(). */
export async function fractions(evaluator: Evaluator, call: Call, grid: Grid): Promise<Vector> {
  const lower = await evaluator.scalar(call.args[0]!, grid);
  const upper = await evaluator.scalar(call.args[1]!, grid);
  const { place } = unwrap(call.args[2]!);
  const { notes, budget } = evaluator.query;
  const input = await collect(await evaluator.vector(call.args[2]!, grid), grid.steps, budget);
  const measure: Measure = {
    classic: (buckets, _metric, step) => classicFraction(lower[step]!, upper[step]!, buckets),
    native(h, metric, step) {
      if (Number.isNaN(h.sum) && !hasCustomBounds(h)) notes.fractionNaN(metric, place);
      return histogramFraction(lower[step]!, upper[step]!, h);
    },
  };
  return mergeSameUnlessDelayed(await measured(evaluator, input, place, grid, measure), evaluator, grid);
}

async function measured(evaluator: Evaluator, input: Block, place: Place, grid: Grid, measure: Measure): Promise<Block> {
  const { budget, notes } = evaluator.query;
  const families = familiesOf(input, place, notes);
  budget.hold(families.length * grid.steps);
  const rows: Row[] = [];
  for (const family of families) {
    rows.push(measureFamily(family, input, grid, measure, notes, place));
    if (budget.spend(grid.steps * (family.buckets.length + 1) * 4)) await budget.breathe();
  }
  return new Block(
    await derivedHeads(
      families.map(({ head }) => head),
      evaluator.query,
    ),
    rows,
  );
}

const bucketLabel: ReadonlySet<string> = new Set(['le']);

function familiesOf(input: Block, place: Place, notes: Notebook): Family[] {
  const families = new Map<string, Family>();
  const familyOf = (head: Head): Family => {
    const key = labelsKey(head.labels);
    let family = families.get(key);
    if (family === undefined) families.set(key, (family = { head, buckets: [], native: undefined }));
    return family;
  };
  for (const [row, head] of input.heads.entries()) {
    const { kinds } = input.rows[row]!;
    if (kinds.includes(histogram)) familyOf(head).native = row;
    if (!kinds.includes(float)) continue;
    const le = labelValue(head.labels, 'le');
    const upper = parseFloatStrictly(le);
    if (upper === undefined) notes.badBucketLabel(labelValue(head.labels, METRIC_NAME), le, place);
    else familyOf({ ...head, labels: dropLabels(head.labels, bucketLabel) }).buckets.push({ row, upper });
  }
  return [...families.values()];
}

function measureFamily(family: Family, input: Block, grid: Grid, measure: Measure, notes: Notebook, place: Place): Row {
  const out = newRow(grid.steps);
  const metric = labelValue(family.head.labels, METRIC_NAME);
  const native = family.native === undefined ? undefined : input.rows[family.native]!;
  const inOrder = family.buckets.some(({ upper }) => Number.isNaN(upper)) ? family.buckets : family.buckets.toSorted(byUpper);
  const sorted = inOrder.map(({ row, upper }) => ({ upper, row: input.rows[row]! }));
  // The same objects at every step: a measure may change them and their list, and keeps neither.
  const pool: ClassicBucket[] = sorted.map(({ upper }) => ({ upper, count: 0 }));
  const buckets: ClassicBucket[] = [];
  for (let k = 0; k < grid.steps; k++) {
    buckets.length = 0;
    for (let i = 0; i < sorted.length; i++) {
      const { upper, row } = sorted[i]!;
      if (row.kinds[k] !== float) continue;
      const bucket = pool[i]!;
      bucket.upper = upper;
      bucket.count = row.values[k]!;
      buckets.push(bucket);
    }
    const isNative = native?.kinds[k] === histogram;
    if (isNative && buckets.length > 0) notes.mixedClassicNative(metric, place);
    else if (isNative) out.values[k] = measure.native(native.histograms![k]!, metric, k);
    else if (buckets.length > 0) out.values[k] = measure.classic(buckets, metric, k);
    if (isNative !== buckets.length > 0) out.kinds[k] = float;
  }
  return out;
}

const floatForm = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf|infinity)$/i;

/** A number as `le` has it; undefined for anything else. */
function parseFloatStrictly(text: string): number | undefined {
  if (/^nan$/i.test(text)) return NaN;
  if (!floatForm.test(text)) return undefined;
  if (!/inf/i.test(text)) return Number(text);
  return text.startsWith('-') ? -Infinity : Infinity;
}
