import { EngineError, expandPattern } from '#core/model/index.ts';
import type { BinaryOp, Grouping, LabelReplace, LogExpr, ManySide, MetricExpr, RangeExpr, RangeOp, VectorOp } from './ast.ts';
import { placed, readLog, readStages, type TokenReader } from './parse.ts';
import { durationSeconds } from './units.ts';

const rangeOps: ReadonlySet<string> = new Set<RangeOp>([
  'rate',
  'count_over_time',
  'bytes_rate',
  'bytes_over_time',
  'absent_over_time',
  'rate_counter',
  'sum_over_time',
  'avg_over_time',
  'min_over_time',
  'max_over_time',
  'first_over_time',
  'last_over_time',
  'stddev_over_time',
  'stdvar_over_time',
  'quantile_over_time',
]);
const vectorOps: ReadonlySet<string> = new Set<VectorOp>([
  'sum',
  'avg',
  'min',
  'max',
  'count',
  'topk',
  'bottomk',
  'stddev',
  'stdvar',
  'sort',
  'sort_desc',
]);
/** Counted exactly here: what Loki may estimate is its answer, too. */
const exactly: Readonly<Record<string, VectorOp | undefined>> = { approx_topk: 'topk' };
/** Those that need an unwrapped label. */
const unwrapping: ReadonlySet<string> = new Set([
  'rate_counter',
  'sum_over_time',
  'avg_over_time',
  'min_over_time',
  'max_over_time',
  'first_over_time',
  'last_over_time',
  'stddev_over_time',
  'stdvar_over_time',
  'quantile_over_time',
]);
const later: ReadonlySet<string> = new Set(['variants', 'label_join']);
/** Weakest first; `^` binds to the right. */
const strengths: readonly (readonly string[])[] = [['or'], ['and', 'unless'], ['==', '!=', '>', '>=', '<', '<='], ['+', '-'], ['*', '/', '%'], ['^']];
const depthMax = 50;

/** Reads a metric query. */
export function parseMetric(reader: TokenReader): MetricExpr {
  return readBinary(reader, 0);
}

function readBinary(reader: TokenReader, strength: number): MetricExpr {
  if (++reader.depth > depthMax * strengths.length) throw reader.wrong('the query is nested too deeply');
  const ops = strengths[strength];
  if (ops === undefined) {
    const unary = readUnary(reader);
    reader.depth--;
    return unary;
  }
  let left = readBinary(reader, strength + 1);
  while (ops.some((op) => reader.is(op))) {
    const op = reader.next().text as BinaryOp;
    const isBool = reader.take('bool');
    const on = reader.is('on') || reader.is('ignoring') ? readMatching(reader) : undefined;
    const many = readManySide(reader, op, on);
    const right = readBinary(reader, op === '^' ? strength : strength + 1);
    left = { kind: 'binary', op, left, right, isBool, on, many };
  }
  reader.depth--;
  return left;
}

function readMatching(reader: TokenReader): Grouping {
  const isWithout = reader.next().text === 'ignoring';
  return { isWithout, names: readNames(reader) };
}

/** `group_left` or `group_right`, with the labels that the many take over. */
function readManySide(reader: TokenReader, op: BinaryOp, on: Grouping | undefined): ManySide | undefined {
  const isLeft = reader.is('group_left');
  if (!isLeft && !reader.is('group_right')) return undefined;
  if (on === undefined) throw reader.wrong('on(...) or ignoring(...) is expected before group_left and group_right');
  if (op === 'and' || op === 'or' || op === 'unless') throw reader.wrong(`no grouping is possible with "${op}"; a selector or a number is expected`);
  reader.next();
  return { side: isLeft ? 'left' : 'right', names: reader.is('(') ? readNames(reader) : [] };
}

function readUnary(reader: TokenReader): MetricExpr {
  if (reader.take('-'))
    return { kind: 'binary', op: '*', left: { kind: 'number', value: -1 }, right: readUnary(reader), isBool: false, on: undefined, many: undefined };
  if (reader.take('+')) return readUnary(reader);
  const { token } = reader;
  if (token.kind === 'number') return { kind: 'number', value: Number(reader.next().text.replace('Inf', 'Infinity')) };
  if (reader.take('(')) {
    const inner = readBinary(reader, 0);
    reader.expect(')');
    return inner;
  }
  if (token.kind === 'word' && rangeOps.has(token.text)) return readRange(reader);
  if (reader.is('vector')) return readConstant(reader);
  if (reader.is('label_replace')) return readLabelReplace(reader);
  if (token.kind === 'word' && (vectorOps.has(token.text) || Object.hasOwn(exactly, token.text))) return readVector(reader);
  if (token.kind === 'word' && later.has(token.text))
    throw new EngineError('unsupported', `${token.text} is not yet supported in LogQL (character ${token.from + 1})`);
  throw reader.wrong('a selector such as {app="x"}, a function such as rate or an aggregation such as sum is expected here');
}

/** `label_replace(v, "target", "$1", "source", "(.*)")`. */
function readLabelReplace(reader: TokenReader): LabelReplace {
  reader.expect('label_replace');
  reader.expect('(');
  const of = readBinary(reader, 0);
  reader.expect(',');
  const place = reader.token;
  const target = reader.string('the label to write');
  if (!/^[A-Za-z_]\w*$/.test(target)) throw reader.wrong('the name of a label is expected here', place);
  reader.expect(',');
  const template = reader.string('the new value');
  reader.expect(',');
  const source = reader.string('the label to read');
  reader.expect(',');
  const { token } = reader;
  const pattern = reader.string('a regular expression');
  reader.expect(')');
  return { kind: 'labelReplace', of, target, source, replaced: placed(token, () => expandPattern(pattern, template)) };
}

function readConstant(reader: TokenReader): MetricExpr {
  reader.expect('vector');
  reader.expect('(');
  if (reader.token.kind !== 'number') throw reader.wrong('a number is expected here');
  const value = Number(reader.next().text);
  reader.expect(')');
  return { kind: 'constant', value };
}

function readVector(reader: TokenReader): MetricExpr {
  const name = reader.next().text;
  const op = exactly[name] ?? (name as VectorOp);
  let grouping = readGrouping(reader);
  reader.expect('(');
  let param: number | undefined;
  if (op === 'topk' || op === 'bottomk') {
    if (reader.token.kind !== 'number') throw reader.wrong(`how many ${op} shall keep is expected here`);
    param = Number(reader.next().text);
    reader.expect(',');
  }
  const of = readBinary(reader, 0);
  reader.expect(')');
  grouping ??= readGrouping(reader);
  return { kind: 'vector', op, of, grouping, param };
}

function readGrouping(reader: TokenReader): Grouping | undefined {
  if (!reader.is('by') && !reader.is('without')) return undefined;
  const isWithout = reader.next().text === 'without';
  return { isWithout, names: readNames(reader) };
}

function readNames(reader: TokenReader): string[] {
  reader.expect('(');
  const names: string[] = [];
  while (!reader.is(')')) {
    names.push(reader.word('the name of a label'));
    if (!reader.take(',') && !reader.is(')')) throw reader.wrong('"," or ")" is expected here');
  }
  reader.expect(')');
  return names;
}

/** `rate({...} | stages [5m] offset 1h)`, the range also right behind the selector. */
function readRange(reader: TokenReader): RangeExpr {
  const name = reader.next();
  const op = name.text as RangeOp;
  reader.expect('(');
  let param: number | undefined;
  if (op === 'quantile_over_time') {
    if (reader.token.kind !== 'number') throw reader.wrong('a quantile from 0 to 1 is expected here');
    param = Number(reader.next().text);
    reader.expect(',');
  }
  const bracketed = reader.take('(');
  const log = readLog(reader);
  if (bracketed) reader.take(')');
  const early = reader.is('[') ? readRangeLength(reader) : undefined;
  const rest = early === undefined ? [] : readStages(reader);
  const unwrap = readUnwrap(reader);
  const after = readStages(reader);
  const rangeMs = early ?? readRangeLength(reader);
  const offsetMs = readOffset(reader);
  reader.expect(')');
  if (unwrap === undefined && unwrapping.has(op)) throw reader.wrong(`${op} needs "| unwrap LABEL" before the range`, name);
  if (unwrap !== undefined && !unwrapping.has(op) && op !== 'rate' && op !== 'absent_over_time') throw reader.wrong(`${op} takes no unwrap`, name);
  const whole: LogExpr = { ...log, stages: [...log.stages, ...rest, ...after] };
  return { kind: 'range', op, log: whole, rangeMs, offsetMs, unwrap, param, grouping: readGrouping(reader) };
}

function readRangeLength(reader: TokenReader): number {
  reader.expect('[');
  const { token } = reader;
  const seconds = token.kind === 'duration' ? durationSeconds(token.text)! : 0;
  if (seconds <= 0) throw reader.wrong('a length of time such as 5m is expected here');
  reader.next();
  reader.expect(']');
  return seconds * 1000;
}

function readOffset(reader: TokenReader): number {
  if (!reader.take('offset')) return 0;
  const isNegative = reader.take('-');
  if (reader.token.kind !== 'duration') throw reader.wrong('a length of time such as 5m is expected here');
  return durationSeconds(reader.next().text)! * (isNegative ? -1000 : 1000);
}

function readUnwrap(reader: TokenReader): RangeExpr['unwrap'] {
  if (!reader.is('|')) return undefined;
  reader.next();
  reader.expect('unwrap');
  const word = reader.word('the name of a label');
  if (!reader.is('(')) return { name: word, as: 'number' };
  const as = { duration: 'duration', duration_seconds: 'duration', bytes: 'bytes' } as const;
  if (!Object.hasOwn(as, word)) throw reader.wrong('duration, duration_seconds or bytes is expected before "("');
  reader.expect('(');
  const name = reader.word('the name of a label');
  reader.expect(')');
  return { name, as: as[word as keyof typeof as] };
}
