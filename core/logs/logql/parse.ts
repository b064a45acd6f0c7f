import { EngineError, matcher, messageOf, type Matcher, type MatchOp } from '#core/model/index.ts';
import type { CompareOp, LabelFilter, LineOp, LogExpr, Stage } from './ast.ts';
import { checkIpRange } from './ip.ts';
import { bytesOf, durationSeconds } from './units.ts';
import { tokensOf, type Lengths, type Token } from './tokens.ts';

const textCharsMax = 16_384;
const stagesMax = 64;

/** For queries that are read, not asked. */
const anyLengths: Lengths = { step: 60, range: 3600 };

/** The tokens of a query, read from the left. */
export class TokenReader {
  readonly #tokens: readonly Token[];
  #at = 0;
  depth = 0;

  constructor(text: string, lengths: Lengths = anyLengths) {
    if (text.length > textCharsMax) throw new EngineError('limit', `the query is longer than ${textCharsMax} characters`);
    this.#tokens = tokensOf(text, lengths);
  }

  get token(): Token {
    return this.#tokens[this.#at]!;
  }

  peek(ahead: number): Token {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)]!;
  }

  next(): Token {
    const { token } = this;
    if (token.kind !== 'end') this.#at++;
    return token;
  }

  is(text: string): boolean {
    const { kind, text: own } = this.token;
    return (kind === 'sign' || kind === 'word') && own === text;
  }

  take(text: string): boolean {
    if (!this.is(text)) return false;
    this.next();
    return true;
  }

  expect(text: string): Token {
    if (!this.is(text)) throw this.wrong(`"${text}" is expected here`);
    return this.next();
  }

  word(what: string): string {
    if (this.token.kind !== 'word') throw this.wrong(`${what} is expected here`);
    return this.next().text;
  }

  string(what: string): string {
    if (this.token.kind !== 'string') throw this.wrong(`${what}, in quotes, is expected here`);
    return this.next().text;
  }

  wrong(what: string, token: Token = this.token): EngineError {
    const found = token.kind === 'end' ? 'the query ends' : JSON.stringify(token.text);
    return new EngineError('invalid', `${what}, not ${found} (character ${token.from + 1})`, {
      from: token.from,
      to: Math.max(token.to, token.from + 1),
    });
  }
}

/** `{...}` and the stages behind it. */
export function readLog(reader: TokenReader): LogExpr {
  const matchers = readSelector(reader);
  return { kind: 'log', matchers, stages: readStages(reader) };
}

/** `{app="x", env=~"prod.*"}`. */
export function readSelector(reader: TokenReader): Matcher[] {
  reader.expect('{');
  const matchers: Matcher[] = [];
  while (!reader.is('}')) {
    matchers.push(readMatcher(reader));
    if (!reader.take(',') && !reader.is('}')) throw reader.wrong('"," or "}" is expected here');
  }
  reader.expect('}');
  return matchers;
}

function readMatcher(reader: TokenReader): Matcher {
  const name = reader.word('the name of a label');
  const op = reader.token;
  if (!['=', '!=', '=~', '!~'].includes(op.text) || op.kind !== 'sign') throw reader.wrong('one of = != =~ !~ is expected here');
  reader.next();
  const { token } = reader;
  return placed(token, () => matcher(name, op.text as MatchOp, reader.string('the value of a label')));
}

/** What `act` makes of a token; its failures tell the token's place. */
export function placed<T>({ from, to }: Token, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof EngineError && error.place !== undefined) throw error;
    throw new EngineError('invalid', `${messageOf(error)} (character ${from + 1})`, { from, to });
  }
}

const lineOps: readonly string[] = ['|=', '|~', '|>', '!=', '!~', '!>'];

/** Stages until something else follows. `unwrap` is left for the reader of ranges. */
export function readStages(reader: TokenReader): Stage[] {
  const stages: Stage[] = [];
  for (;;) {
    const { token } = reader;
    if (stages.length > stagesMax) throw reader.wrong(`at most ${stagesMax} stages can follow each other`);
    if (token.kind === 'sign' && lineOps.includes(token.text)) stages.push(readLineFilter(reader));
    else if (reader.is('|') && !(reader.peek(1).kind === 'word' && reader.peek(1).text === 'unwrap')) {
      reader.next();
      stages.push(...readStage(reader));
    } else return stages;
  }
}

function readLineFilter(reader: TokenReader): Stage {
  const op = reader.next().text as LineOp;
  const texts: string[] = [];
  const isAddress = reader.is('ip');
  if (isAddress && op !== '|=' && op !== '!=') throw reader.wrong('ip() stands behind |= and != only; a text is expected here');
  do {
    if (isAddress) texts.push(readAddress(reader));
    else texts.push(reader.string('the text to look for'));
  } while (reader.take('or'));
  return isAddress ? { kind: 'address', isWanted: op === '|=', texts } : { kind: 'line', op, texts };
}

/** `ip("10.0.0.0/8")`. */
function readAddress(reader: TokenReader): string {
  reader.expect('ip');
  reader.expect('(');
  const { token } = reader;
  const text = placed(token, () => {
    const range = reader.string('an address, a network or a range of addresses');
    checkIpRange(range);
    return range;
  });
  reader.expect(')');
  return text;
}

function readStage(reader: TokenReader): readonly Stage[] {
  const { token } = reader;
  if (token.kind !== 'word') {
    if (reader.is('(')) return [{ kind: 'filter', filter: readFilter(reader) }];
    throw reader.wrong('a parser, a filter or a format is expected behind "|"');
  }
  const follows = reader.peek(1);
  const isFilter = follows.kind === 'sign' && ['=', '!=', '=~', '!~', '>', '>=', '<', '<=', '=='].includes(follows.text);
  if (isFilter && !(token.text === 'json' || token.text === 'logfmt')) return [{ kind: 'filter', filter: readFilter(reader) }];
  reader.next();
  switch (token.text) {
    case 'json':
      return [{ kind: 'json', taken: readTaken(reader) }];
    case 'logfmt': {
      const isStrict = readLogfmtOptions(reader);
      return [{ kind: 'logfmt', taken: readTaken(reader), isStrict }];
    }
    case 'regexp':
      return [{ kind: 'regexp', text: reader.string('a regular expression with named groups') }];
    case 'pattern':
      return [{ kind: 'pattern', text: reader.string('a pattern such as "<ip> - <_>"') }];
    case 'line_format':
      return [{ kind: 'lineFormat', text: reader.string('a template such as "{{.message}}"') }];
    case 'unpack':
    case 'decolorize':
      return [{ kind: token.text }];
    case 'label_format':
      return readLabelFormats(reader);
    case 'drop':
    case 'keep':
      return [{ kind: token.text, names: readNames(reader) }];
    default:
      throw reader.wrong(
        'json, logfmt, regexp, pattern, unpack, line_format, label_format, decolorize, drop, keep or a filter is expected behind "|"',
        token,
      );
  }
}

/** `--strict` and `--keep-empty`; empty values are labels that are not there either way. Whether it is strict. */
function readLogfmtOptions(reader: TokenReader): boolean {
  let isStrict = false;
  while (reader.is('-') && reader.peek(1).text === '-') {
    reader.next();
    reader.next();
    const { token } = reader;
    let option = reader.word('an option');
    while (reader.is('-') && reader.peek(1).kind === 'word') option += reader.next().text + reader.next().text;
    if (option !== 'strict' && option !== 'keep-empty') throw reader.wrong('--strict or --keep-empty is expected here', token);
    if (option === 'strict') isStrict = true;
  }
  return isStrict;
}

/** `json`, or `json status="response.status", first="list[0]"`. */
function readTaken(reader: TokenReader): { name: string; path: string }[] {
  const taken: { name: string; path: string }[] = [];
  while (reader.token.kind === 'word') {
    const name = reader.next().text;
    taken.push({ name, path: reader.take('=') ? reader.string('the path of a member') : name });
    if (!reader.take(',')) break;
  }
  return taken;
}

function readLabelFormats(reader: TokenReader): Stage[] {
  const stages: Stage[] = [];
  do {
    const name = reader.word('the name of a label');
    reader.expect('=');
    if (reader.token.kind === 'string') stages.push({ kind: 'labelFormat', name, template: reader.next().text });
    else stages.push({ kind: 'labelFormat', name, source: reader.word('a label, or a template in quotes,') });
  } while (reader.take(','));
  return stages;
}

function readNames(reader: TokenReader): Matcher[] {
  const names: Matcher[] = [];
  do {
    const follows = reader.peek(1);
    if (follows.kind === 'sign' && ['=', '!=', '=~', '!~'].includes(follows.text)) names.push(readMatcher(reader));
    else names.push({ name: reader.word('the name of a label'), op: '!=', value: '' });
  } while (reader.take(','));
  return names;
}

/** `a="b" and (c > 5 or d = 1h)`; a comma is an `and`. */
function readFilter(reader: TokenReader): LabelFilter {
  let left = readAll(reader);
  while (reader.take('or')) left = { kind: 'or', left, right: readAll(reader) };
  return left;
}

function readAll(reader: TokenReader): LabelFilter {
  let left = readOne(reader);
  while (reader.is('and') || reader.is(',') || isFilterNext(reader)) {
    if (!reader.take('and')) reader.take(',');
    left = { kind: 'and', left, right: readOne(reader) };
  }
  return left;
}

/** Filters may stand side by side without a word between. */
function isFilterNext(reader: TokenReader): boolean {
  const follows = reader.peek(1);
  return (
    reader.token.kind === 'word' &&
    !reader.is('or') &&
    follows.kind === 'sign' &&
    ['=', '!=', '=~', '!~', '>', '>=', '<', '<=', '=='].includes(follows.text)
  );
}

function readOne(reader: TokenReader): LabelFilter {
  if (reader.take('(')) {
    if (++reader.depth > 50) throw reader.wrong('brackets are nested too deeply');
    const inner = readFilter(reader);
    reader.expect(')');
    reader.depth--;
    return inner;
  }
  const name = reader.word('the name of a label');
  const { token } = reader;
  const op = token.text === '==' ? '=' : token.text;
  if (token.kind !== 'sign' || !['=', '!=', '=~', '!~', '>', '>=', '<', '<='].includes(op))
    throw reader.wrong('one of = != =~ !~ > >= < <= is expected here');
  reader.next();
  return readValue(reader, name, op as CompareOp);
}

function readValue(reader: TokenReader, name: string, op: CompareOp): LabelFilter {
  const isNegative = reader.token.kind === 'sign' && reader.take('-');
  const { token } = reader;
  const sign = isNegative ? -1 : 1;
  if (token.kind === 'string' && !isNegative) {
    if (!['=', '!=', '=~', '!~'].includes(op)) throw reader.wrong(`a number, a duration or a size is expected behind ${op}`);
    return { kind: 'text', matcher: placed(token, () => matcher(name, op as MatchOp, reader.next().text)) };
  }
  if (op === '=~' || op === '!~') throw reader.wrong('a regular expression, in quotes, is expected here');
  if (reader.is('ip') && (op === '=' || op === '!=')) return { kind: 'address', name, op, text: readAddress(reader) };
  reader.next();
  if (token.kind === 'number') return { kind: 'number', name, op, value: sign * Number(token.text) };
  if (token.kind === 'duration') return { kind: 'duration', name, op, value: sign * durationSeconds(token.text)! };
  if (token.kind === 'bytes') return { kind: 'bytes', name, op, value: sign * bytesOf(token.text)! };
  throw reader.wrong('a text in quotes, a number, a duration or a size is expected here', token);
}
