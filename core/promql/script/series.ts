import { EngineError, labelsFrom, noLabels, type Histogram, type Labels } from '#core/model/index.ts';
import { parseMatchers } from '../syntax/index.ts';
import { added, emptyHistogram, subtracted } from '../histogram/arithmetic.ts';

/** One point of a series description. `hinted`: the histogram says explicitly what it knows of resets. */
export type Point =
  | { readonly kind: 'missing' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'histogram'; readonly value: Histogram; readonly hinted: boolean };

/** A series with its points, a fixed time apart. */
export interface SeriesDescription {
  readonly labels: Labels;
  readonly points: readonly Point[];
}

const repeatMax = 1_000_000; // More points than any test needs; a slip of the keyboard must not fill the memory.

/**
 * Reads a series in the notation of Prometheus' tests, `up{job="a"} 0+10x5 _ stale {{schema:0 count:4 buckets:[1 2 1]}}`.
 * Throws EngineError `invalid` with a sentence.
 */
export function parseSeries(line: string): SeriesDescription {
  const end = endOfSelector(line);
  return { labels: parseLabels(line.slice(0, end)), points: parsePoints(line.slice(end)) };
}

function endOfSelector(line: string): number {
  let quote = '';
  let depth = 0;
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!;
    if (quote !== '') {
      if (char === '\\' && quote !== '`') i++;
      else if (char === quote) quote = '';
    } else if (`"'\``.includes(char)) quote = char;
    else if (char === '{') depth++;
    else if (char === '}') depth--;
    else if (depth === 0 && /\s/.test(char)) return i;
  }
  return line.length;
}

/** The labels of a series written like a selector; `{}` has none. */
export function parseLabels(text: string): Labels {
  if (/^\{\s*\}$/.test(text)) return noLabels;
  const matchers = parseMatchers(text);
  if (matchers.some((m) => m.op !== '=')) throw new EngineError('invalid', `${text} is no series: only = is allowed`);
  return labelsFrom(matchers.map((m) => [m.name, m.value] as const));
}

/** A point: `_x3`, `stale`, a number with its run `1+2x5`, a histogram with its run. The parts are those that `expand` names. */
const pointForm =
  /\s*(?:(_)(?:x(\d+))?|(stale)|([+-]?(?:(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[iI][nN][fF]|[nN][aA][nN]))(?:([+-](?:(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[iI][nN][fF]|[nN][aA][nN]))?x(\d+))?|(\{\{[^}]*\}\})(?:(?:([+-])(\{\{[^}]*\}\}))?x(\d+))?)(?=\s|$)/y;

function parsePoints(text: string): Point[] {
  const points: Point[] = [];
  const rest = text.trimEnd();
  pointForm.lastIndex = 0;
  for (let at = 0; at < rest.length; at = pointForm.lastIndex) {
    const found = pointForm.exec(rest);
    if (found === null) throw new EngineError('invalid', `cannot read the points from ${JSON.stringify(rest.slice(at).trim().slice(0, 60))} on`);
    for (const point of expand(found)) points.push(point);
  }
  return points;
}

function expand(found: RegExpExecArray): Point[] {
  const [, missing, missingTimes, stale, value, step, times, base, sign, increment, histogramTimes] = found;
  if (missing !== undefined) return repeat(missingTimes === undefined ? 1 : count(missingTimes), () => ({ kind: 'missing' }));
  if (stale !== undefined) return [{ kind: 'stale' }];
  if (value !== undefined) return floats(parseNumber(value), step === undefined ? 0 : parseNumber(step), times === undefined ? 0 : count(times));
  return histograms(base!, sign, increment, histogramTimes === undefined ? 0 : count(histogramTimes));
}

function count(text: string): number {
  const times = Number(text);
  if (times > repeatMax) throw new EngineError('invalid', `x${text} repeats more than ${repeatMax} times`);
  return times;
}

function repeat(times: number, make: () => Point): Point[] {
  return Array.from({ length: times }, make);
}

function floats(first: number, step: number, times: number): Point[] {
  let value = first;
  return repeat(times + 1, () => {
    const point: Point = { kind: 'float', value };
    value += step;
    return point;
  });
}

function histograms(base: string, sign: string | undefined, increment: string | undefined, times: number): Point[] {
  const first = parseHistogram(base);
  const step = increment === undefined ? undefined : parseHistogram(increment).value;
  let value = first.value;
  return Array.from({ length: times + 1 }, () => {
    const point: Point = { kind: 'histogram', value, hinted: first.hinted };
    if (step !== undefined) value = combine(value, step, sign!);
    return point;
  });
}

function combine(value: Histogram, step: Histogram, sign: string): Histogram {
  if (value.schema > step.schema)
    throw new EngineError('invalid', `error combining histograms: cannot merge from schema ${step.schema} to ${value.schema}`);
  const combined = sign === '-' ? subtracted(value, step) : added(value, step);
  if (combined === undefined) throw new EngineError('invalid', 'error combining histograms: exponential and custom buckets cannot be mixed');
  return { ...combined.histogram, resetHint: value.resetHint };
}

/** What `parseNumber` reads. */
export const numberForm = /^[+-]?(?:inf|nan|(?:\d[\d_]*\.?\d*|\.\d+)(?:e[+-]?\d+)?)$/i;

/** A number as scripts write it: never hexadecimal, since `0x5` is five zeros more. */
export function parseNumber(text: string): number {
  const lower = text.toLowerCase();
  if (lower.endsWith('inf')) return lower.startsWith('-') ? -Infinity : Infinity;
  if (lower.endsWith('nan')) return NaN;
  return Number(text.replaceAll('_', ''));
}

const hints: ReadonlyMap<string, Histogram['resetHint']> = new Map([
  ['unknown', 'unknown'],
  ['reset', 'reset'],
  ['not_reset', 'none'],
  ['gauge', 'gauge'],
]);
const propertyForm = /\s*([a-z_]+):(?:\[([^\]]*)\]|([^\s[]+))(?=\s|$)/y;
const listNames: ReadonlySet<string> = new Set(['buckets', 'n_buckets', 'custom_values']);
const numberNames: ReadonlySet<string> = new Set(['schema', 'sum', 'count', 'z_bucket', 'z_bucket_w', 'offset', 'n_offset']);

/** A histogram such as `{{schema:1 sum:3 count:22 buckets:[5 10 7]}}`. Throws EngineError `invalid` for properties that there are not. */
export function parseHistogram(text: string): { readonly value: Histogram; readonly hinted: boolean } {
  const { lists, numbers, hint } = propertiesOf(text.slice(2, -2).trimEnd());
  const numeric = (name: string): number => numbers.get(name) ?? 0;
  const buckets = lists.get('buckets') ?? [];
  const negative = lists.get('n_buckets') ?? [];
  const value: Histogram = {
    ...emptyHistogram,
    schema: numeric('schema'),
    resetHint: hint ?? 'unknown',
    sum: numeric('sum'),
    count: numeric('count'),
    zeroCount: numeric('z_bucket'),
    zeroThreshold: numeric('z_bucket_w'),
    bounds: lists.get('custom_values') ?? [],
    positiveSpans: buckets.length === 0 ? [] : [{ gap: numeric('offset'), length: buckets.length }],
    positive: buckets,
    negativeSpans: negative.length === 0 ? [] : [{ gap: numeric('n_offset'), length: negative.length }],
    negative,
  };
  return { value, hinted: hint !== undefined };
}

interface Properties {
  readonly lists: ReadonlyMap<string, readonly number[]>;
  readonly numbers: ReadonlyMap<string, number>;
  readonly hint: Histogram['resetHint'] | undefined;
}

function propertiesOf(body: string): Properties {
  const lists = new Map<string, number[]>();
  const numbers = new Map<string, number>();
  let hint: Histogram['resetHint'] | undefined;
  propertyForm.lastIndex = 0;
  for (let at = 0; at < body.length; at = propertyForm.lastIndex) {
    const found = propertyForm.exec(body);
    if (found === null) throw new EngineError('invalid', `cannot read the histogram from ${JSON.stringify(body.slice(at))} on`);
    const [, name = '', list, value = ''] = found;
    const isTwice = lists.has(name) || numbers.has(name) || (name === 'counter_reset_hint' && hint !== undefined);
    if (isTwice) throw new EngineError('invalid', `a histogram with ${name} twice`);
    if (list !== undefined && listNames.has(name))
      lists.set(
        name,
        list.trim() === ''
          ? []
          : list
              .trim()
              .split(/[\s,]+/)
              .map(histogramNumber),
      );
    else if (list === undefined && numberNames.has(name)) numbers.set(name, histogramNumber(value));
    else if (list === undefined && name === 'counter_reset_hint') hint = hintOf(value);
    else throw new EngineError('invalid', `a histogram has no ${JSON.stringify(found[0].trim())}; ${propertyNames}`);
  }
  return { lists, numbers, hint };
}

const propertyNames = `its properties are ${[...numberNames, 'counter_reset_hint'].join(', ')}, and as lists in brackets ${[...listNames].join(', ')}`;

function histogramNumber(text: string): number {
  if (!numberForm.test(text)) throw new EngineError('invalid', `${JSON.stringify(text)} in a histogram is no number`);
  return parseNumber(text);
}

function hintOf(text: string): Histogram['resetHint'] {
  const hint = hints.get(text);
  if (hint === undefined) throw new EngineError('invalid', `counter_reset_hint is ${[...hints.keys()].join(', ')}, not ${JSON.stringify(text)}`);
  return hint;
}
