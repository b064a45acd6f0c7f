import { compilePattern, formatLabels, labelsKey, type Histogram, type Labels, type SeriesColumns } from '#core/model/index.ts';
import { formatHistogram } from '../histogram/format.ts';
import { formatG } from '../format-number.ts';
import { pack, unpack } from '../histogram/buckets.ts';
import type { Notes } from '../notes.ts';
import type { InstantResult, Sample } from '../query.ts';
import type { EvalCommand } from './commands.ts';
import type { Expectation } from './expectations.ts';
import type { Point, SeriesDescription } from './series.ts';

const tolerance = 1e-6; // Relative, as in Prometheus' own runner.

function nearly(a: number, b: number): boolean {
  if (a === b || (a !== a && b !== b)) return true;
  const difference = Math.abs(a - b);
  const total = Math.abs(a) + Math.abs(b);
  if (a === 0 || b === 0 || total < 2.2250738585072014e-308) return difference < tolerance * 2.2250738585072014e-308;
  return difference / Math.min(total, Number.MAX_VALUE) < tolerance;
}

/** What differs between a result and what the script expects; undefined when nothing does. */
export function compareInstant(command: EvalCommand, result: InstantResult): string | undefined {
  switch (result.type) {
    case 'string':
      return result.text === command.text ? undefined : `expected string ${JSON.stringify(command.text)}, got ${JSON.stringify(result.text)}`;
    case 'scalar':
      if (command.scalar === undefined) return `got the scalar ${formatG(result.value)}, which is not expected`;
      return nearly(command.scalar, result.value) ? undefined : `expected scalar ${formatG(command.scalar)}, got ${formatG(result.value)}`;
    case 'matrix':
      return compareSeries(command.series, result.series, command.times ?? command);
    case 'vector':
      if (command.scalar !== undefined) return `expected scalar ${formatG(command.scalar)}, got a vector`;
      return compareVector(command, result.samples);
  }
}

function compareVector(command: EvalCommand, samples: readonly Sample[]): string | undefined {
  const expected = new Map(command.series.map((series, i) => [labelsKey(series.labels), { series, i }]));
  const ordered = command.expects.some((expect) => expect.kind === 'ordered');
  const seen = new Set<string>();
  for (const [i, sample] of samples.entries()) {
    const key = labelsKey(sample.labels);
    const wanted = expected.get(key);
    if (wanted === undefined) return `unexpected metric ${showLabels(sample.labels)} in result, has value ${showSample(sample)}`;
    if (seen.has(key)) return `${showLabels(sample.labels)} is twice in the result`;
    if (ordered && wanted.i !== i) return `expected ${showLabels(sample.labels)} at position ${wanted.i + 1} but was at ${i + 1}`;
    const point = wanted.series.points[0];
    if (point === undefined || !samePoint(point, sample.value, sample.histogram))
      return `expected ${showPoint(point)} for ${showLabels(sample.labels)} but got ${showSample(sample)}`;
    seen.add(key);
  }
  const missing = command.series.find((series) => !seen.has(labelsKey(series.labels)));
  return missing === undefined ? undefined : `expected metric ${showLabels(missing.labels)} with ${showPoint(missing.points[0])} not found`;
}

/** The same over several times, for range queries and range vectors. */
export function compareSeries(
  expected: readonly SeriesDescription[],
  got: readonly SeriesColumns[],
  times: { readonly startMs: number; readonly stepMs: number },
): string | undefined {
  const wanted = new Map(expected.map((series) => [labelsKey(series.labels), series]));
  const seen = new Set<string>();
  for (const series of got) {
    const key = labelsKey(series.labels);
    const description = wanted.get(key);
    if (description === undefined) return `unexpected metric ${showLabels(series.labels)} in result, has values ${showColumns(series)}`;
    const problem = comparePoints(description, series, times);
    if (problem !== undefined) return problem;
    seen.add(key);
  }
  const missing = expected.find((series) => !seen.has(labelsKey(series.labels)) && series.points.some((point) => point.kind !== 'missing'));
  return missing === undefined ? undefined : `expected metric ${showLabels(missing.labels)} not found`;
}

function comparePoints(
  { labels, points }: SeriesDescription,
  got: SeriesColumns,
  times: { readonly startMs: number; readonly stepMs: number },
): string | undefined {
  const wanted = points.flatMap((point, i) => (point.kind === 'missing' ? [] : [{ point, timeMs: times.startMs + i * times.stepMs }]));
  const bad = wanted.findIndex(({ point, timeMs }, i) => got.timesMs[i] !== timeMs || !samePoint(point, got.values[i]!, got.histograms?.[i]));
  if (bad < 0 && wanted.length === got.timesMs.length) return undefined;
  const texts = wanted.map(({ point, timeMs }) => `${showPoint(point)} @ ${timeMs}`);
  return `expected points for ${showLabels(labels)}: ${texts.join(' ')}; got ${showColumns(got)}`;
}

function samePoint(point: Point, value: number, histogram: Histogram | undefined): boolean {
  if (point.kind === 'float') return histogram === undefined && nearly(point.value, value);
  if (point.kind !== 'histogram' || histogram === undefined) return false;
  return sameHistogram(point.value, histogram) && (!point.hinted || point.value.resetHint === histogram.resetHint);
}

function sameHistogram(a: Histogram, b: Histogram): boolean {
  return (
    a.schema === b.schema &&
    a.zeroThreshold === b.zeroThreshold &&
    a.bounds.length === b.bounds.length &&
    a.bounds.every((bound, i) => bound === b.bounds[i]) &&
    nearly(a.count, b.count) &&
    nearly(a.sum, b.sum) &&
    nearly(a.zeroCount, b.zeroCount) &&
    sameSide(a, b, 'positive', 'positiveSpans') &&
    sameSide(a, b, 'negative', 'negativeSpans')
  );
}

function sameSide(a: Histogram, b: Histogram, side: 'positive' | 'negative', spans: 'positiveSpans' | 'negativeSpans'): boolean {
  const left = pack(unpack(a[spans], a[side]));
  const right = pack(unpack(b[spans], b[side]));
  const [x, y] = [unpack(left.spans, left.counts), unpack(right.spans, right.counts)];
  return x.at.length === y.at.length && x.at.every((index, i) => index === y.at[i] && nearly(x.counts[i]!, y.counts[i]!));
}

/** What is wrong with the notes of a result. */
export function compareNotes(expects: readonly Expectation[], notes: Notes): string | undefined {
  return compareKind(expects, notes.warnings, 'warn', 'no_warn') ?? compareKind(expects, notes.infos, 'info', 'no_info');
}

function compareKind(
  expects: readonly Expectation[],
  got: readonly string[],
  kind: 'warn' | 'info',
  none: 'no_warn' | 'no_info',
): string | undefined {
  if (got.length > 0 && expects.some((expect) => expect.kind === none)) return `expected no ${kind} but got ${got.join('; ')}`;
  const wanted = expects.filter((expect) => expect.kind === kind);
  const unmet = wanted.find((expect) => !got.some((text) => matches(expect, text)));
  if (unmet !== undefined) return `expected ${kind} ${unmet.match?.text ?? ''} but got ${got.length === 0 ? 'none' : got.join('; ')}`;
  const stray = wanted.length === 0 ? undefined : got.find((text) => !wanted.some((expect) => matches(expect, text)));
  return stray === undefined ? undefined : `unexpected ${kind}: ${stray}`;
}

/** Whether a text is what a line expects. A regular expression may match anywhere in it. */
export function matches({ match }: Expectation, text: string): boolean {
  if (match === undefined) return true;
  if (match.how === 'regex') return compilePattern(`(?s:.*)(?:${unquoted(match.text)})(?s:.*)`).matches(text);
  return text === match.text || text === unquoted(match.text);
}

function unquoted(text: string): string {
  return /^".*"$/.test(text) ? text.slice(1, -1) : text;
}

function showLabels(labels: Labels): string {
  return labels.length === 0 ? '{}' : formatLabels(labels);
}

function showPoint(point: Point | undefined): string {
  if (point === undefined || point.kind === 'missing') return 'nothing';
  if (point.kind === 'stale') return 'stale';
  return point.kind === 'float' ? formatG(point.value) : showHistogram(point.value);
}

function showHistogram(h: Histogram): string {
  return `${formatHistogram(h)} (schema ${h.schema}, ${h.resetHint}${h.bounds.length > 0 ? `, bounds ${h.bounds.join(' ')}` : ''})`;
}

function showSample(sample: Sample): string {
  return sample.histogram === undefined ? formatG(sample.value) : showHistogram(sample.histogram);
}

function showColumns({ timesMs, values, histograms }: SeriesColumns): string {
  return Array.from(timesMs, (timeMs, i) => {
    const histogram = histograms?.[i];
    return `${histogram === undefined ? formatG(values[i]!) : showHistogram(histogram)} @ ${timeMs}`;
  }).join(' ');
}
