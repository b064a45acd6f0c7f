/** A step's check: how it is written, and what it says of a query's answer. */
import type { YamlNode } from '#core/formats/index.ts';
import {
  EngineError,
  formatDuration,
  formatLabels,
  type Evidence,
  type Histogram,
  type Labels,
  type RunbookCheck,
  type UnixMs,
} from '#core/model/index.ts';
import { typeOf } from '#core/promql/syntax/index.ts';
import { isEmpty, readFields, textOf, type Problems } from './fields.ts';
import { parseSample, templateProblems, type Param } from './params.ts';

export interface CheckSample {
  readonly labels: Labels;
  readonly value: number;
  /** Set for a native histogram, which no number can be compared with; ask for a quantile of it. */
  readonly histogram?: Histogram | undefined;
}
type Verdict = 'pass' | 'fail' | 'unknown';
export interface Judgement {
  readonly state: Verdict;
  readonly evidence: Evidence;
}

/** Longer queries are refused everywhere (reliability: query bomb). */
const queryCharsMax = 16_384;
const keys = ['query', 'expect', 'of', 'empty', 'unit', 'what'];
const expectForm = /^\s*(<=|>=|==|!=|<|>)\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*(%?)\s*$/;

/** Reads a check block whose first line is `fromLine` of the file. Without a usable query and expectation there is no check. */
export function readCheck(yaml: string, fromLine: number, params: readonly Param[], problems: Problems): RunbookCheck | undefined {
  const fields = readFields(yaml, fromLine, problems);
  if (fields === undefined) return undefined;
  for (const [key, node] of fields) if (!keys.includes(key)) problems.add(node.line, `a check has no "${key}"; it may have ${keys.join(', ')}`);
  const query = readQuery(fields.get('query'), fromLine, params, problems);
  const expect = readExpect(fields.get('expect'), fromLine, problems);
  const of = oneOf('of', fields.get('of'), ['all', 'any'], problems);
  const empty = oneOf('empty', fields.get('empty'), ['unknown', 'pass', 'fail'], problems);
  const unit = (textOf(fields.get('unit')) ?? '').trim().slice(0, 40);
  const what = (textOf(fields.get('what')) ?? '').trim().slice(0, 120);
  return query === undefined || expect === undefined ? undefined : { what, query, expect, of, empty, unit };
}

function readQuery(node: YamlNode | undefined, fromLine: number, params: readonly Param[], problems: Problems): string | undefined {
  const query = textOf(node)?.trim() ?? '';
  const line = node?.line ?? fromLine;
  if (query === '' || query.length > queryCharsMax) {
    problems.add(line, query === '' ? 'the check has no query' : `the query is longer than ${queryCharsMax} characters`);
    return undefined;
  }
  const wrong = templateProblems(query, params);
  for (const problem of wrong) problems.add(line, problem);
  if (wrong.length === 0) checkSyntax(query, line, params, problems);
  return query;
}

/** A query that PromQL cannot read, or whose answer is no list of values, is a problem before the night it is needed. */
function checkSyntax(query: string, line: number, params: readonly Param[], problems: Problems): void {
  try {
    const type = typeOf(parseSample(query, params));
    if (type === 'matrix' || type === 'string')
      problems.add(line, `the query gives a ${type === 'matrix' ? 'range of samples' : 'text'}; a check needs values`);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const lineInQuery = query.slice(0, error.place?.from ?? 0).split('\n').length - 1;
    problems.add(line + lineInQuery, `the query is no PromQL: ${error.message}`);
  }
}

function readExpect(node: YamlNode | undefined, fromLine: number, problems: Problems): RunbookCheck['expect'] | undefined {
  const found = expectForm.exec(textOf(node) ?? '');
  if (found === null) {
    problems.add(node?.line ?? fromLine, 'the check needs an expectation: a comparison and a number in quotes, as in expect: "> 0.9"');
    return undefined;
  }
  return { op: found[1] as RunbookCheck['expect']['op'], value: Number(found[2]) / (found[3] === '%' ? 100 : 1) };
}

/** The first of `allowed` is what an absent value means. */
function oneOf<const T extends string>(key: string, node: YamlNode | undefined, allowed: readonly [T, ...T[]], problems: Problems): T {
  if (node === undefined || isEmpty(node)) return allowed[0];
  const known = allowed.find((word) => word === textOf(node));
  if (known === undefined) problems.add(node.line, `"${key}" is one of ${allowed.join(', ')}`);
  return known ?? allowed[0];
}

/**
 * What the answer of `query` means. Samples that are not a number (0/0: no traffic; native histograms) count as absent. The evidence's sample is
 * the one that decides: of `all` the one nearest to failing, of `any` the one nearest to passing.
 */
export function judge(check: RunbookCheck, query: string, samples: readonly CheckSample[], atMs: UnixMs): Judgement {
  const real = samples.filter((sample) => !Number.isNaN(sample.value) && sample.histogram === undefined);
  const leftOut = samples.length - real.length;
  const what = check.what === '' ? 'the value' : check.what;
  if (real.length === 0) {
    const why = leftOut > 0 ? `no data for ${what} (${leftOut} samples are not a number)` : `no data for ${what}`;
    const then = check.empty === 'unknown' ? 'it takes a person to say' : `the runbook takes that as a ${check.empty}`;
    return { state: check.empty, evidence: { query, atMs, value: undefined, series: '', sampleCount: 0, sentence: `${why}; ${then}` } };
  }
  const held = real.filter((sample) => holds(sample.value, check));
  const state = (check.of === 'all' ? held.length === real.length : held.length > 0) ? 'pass' : 'fail';
  const sign = check.of === 'all' ? 1 : -1;
  const deciding = real.reduce((best, sample) => (sign * (margin(sample.value, check) - margin(best.value, check)) < 0 ? sample : best));
  const series = deciding.labels.length === 0 ? '' : formatLabels(deciding.labels);
  const value = Number.isFinite(deciding.value) ? deciding.value : undefined;
  const sentence =
    `${what} ${formatAmount(deciding.value, check.unit)}, expected ${check.expect.op} ${formatAmount(check.expect.value, check.unit)}` +
    amongOthers(check, real.length, held.length, series) +
    (leftOut > 0 ? `; ${leftOut} of ${samples.length} samples are not a number and were left out` : '');
  return { state, evidence: { query, atMs, value, series, sampleCount: real.length, sentence } };
}

/** What a check says that could not be asked. */
export function unasked(query: string, why: string, atMs: UnixMs): Judgement {
  return { state: 'unknown', evidence: { query, atMs, value: undefined, series: '', sampleCount: 0, sentence: why } };
}

function amongOthers(check: RunbookCheck, sampleCount: number, heldCount: number, series: string): string {
  if (sampleCount === 1) return '';
  const held = heldCount === sampleCount ? `all ${sampleCount} hold` : `${heldCount} of ${sampleCount} hold`;
  const place = check.of === 'any' ? 'the best' : heldCount === sampleCount ? 'the nearest to failing' : 'the worst';
  return series === '' ? ` (${held})` : ` (${held}, ${place} is ${series})`;
}

function holds(value: number, { expect }: RunbookCheck): boolean {
  switch (expect.op) {
    case '<':
      return value < expect.value;
    case '<=':
      return value <= expect.value;
    case '>':
      return value > expect.value;
    case '>=':
      return value >= expect.value;
    case '==':
      return value === expect.value;
    case '!=':
      return value !== expect.value;
  }
}

/** How far a value is on the good side; the smaller, the nearer to failing. */
function margin(value: number, { expect }: RunbookCheck): number {
  switch (expect.op) {
    case '<':
    case '<=':
      return expect.value - value;
    case '>':
    case '>=':
      return value - expect.value;
    case '==':
      return -Math.abs(value - expect.value);
    case '!=':
      return Math.abs(value - expect.value);
  }
}

/** A value as people read it in its unit: `ratio` as per cent, `seconds` and `bytes` scaled, anything else as it is with its unit. */
export function formatAmount(value: number, unit: string): string {
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : value < 0 ? '-Inf' : 'not a number';
  switch (unit) {
    case 'ratio':
      return `${digits(value * 100)} %`;
    case 'seconds':
      return formatSeconds(value);
    case 'bytes':
      return formatBytes(value);
    case '':
      return digits(value);
    default:
      return `${digits(value)} ${unit}`;
  }
}

function digits(value: number): string {
  return String(Number(value.toPrecision(Math.abs(value) >= 1000 ? 6 : 3)));
}

function formatSeconds(value: number): string {
  const size = Math.abs(value);
  if (size >= 120) return formatDuration(Math.round(value) * 1000);
  if (size >= 1 || size === 0) return `${digits(value)} s`;
  return size >= 1e-3 ? `${digits(value * 1e3)} ms` : `${digits(value * 1e6)} µs`;
}

function formatBytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.abs(value)) / 10)));
  return `${digits(value / 1024 ** (value === 0 ? 0 : power))} ${units[value === 0 ? 0 : power]}`;
}
