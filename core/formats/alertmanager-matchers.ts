/**
 * Label matchers as alertmanager.yml, amtool and silences write them. There are two syntaxes, and Alertmanager reads both:
 * the UTF-8 one (any label name, in quotes where needed, values quoted like Go strings) and the classic one (bare values with spaces,
 * an empty value, three escapes). Where both understand a text but differ, the classic reading holds, as it does there.
 * Source: Alertmanager's configuration reference, "Matchers".
 */
import { EngineError, matcher, matchesLabels, messageOf, type Labels, type Matcher, type MatchOp } from '#core/model/index.ts';

interface Condition {
  readonly name: string;
  readonly op: MatchOp;
  readonly value: string;
}

/** Reads `{a="b", c=~"d.*"}`; the braces and a last comma may be left out. Throws EngineError `invalid`. */
export function parseMatchers(text: string): Matcher[] {
  const classic = attempt(() => readClassic(text));
  const utf8 = attempt(() => readUtf8(text));
  const conditions = 'conditions' in classic ? classic.conditions : undefined;
  if (conditions !== undefined) return conditions.map(build);
  if ('conditions' in utf8) return utf8.conditions.map(build);
  throw new EngineError('invalid', `bad matcher ${JSON.stringify(text)}: ${utf8.error}`);
}

/** Reads exactly one matcher. Throws EngineError `invalid`. */
export function parseMatcher(text: string): Matcher {
  const list = parseMatchers(text);
  if (list.length !== 1) throw new EngineError('invalid', `${JSON.stringify(text)} is ${list.length} matchers where one is wanted`);
  return list[0]!;
}

/** Alertmanager's order of matchers: by name, then value, then operator. Route keys depend on it. */
export function sortMatchers(matchers: readonly Matcher[]): Matcher[] {
  const order: readonly MatchOp[] = ['=', '!=', '=~', '!~'];
  const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return matchers.toSorted((a, b) => compare(a.name, b.name) || compare(a.value, b.value) || order.indexOf(a.op) - order.indexOf(b.op));
}

/** The canonical text of a matcher list, `{a="b",c=~"d"}`, as group keys and route ids hold it. */
export function formatMatchers(matchers: readonly Matcher[]): string {
  return `{${matchers.map((m) => `${formatName(m.name)}${m.op}"${escapeValue(m.value)}"`).join(',')}}`;
}

/** True when a silence with these matchers could match anything without a single label: such a silence is refused. */
export function matchesEmpty(matchers: readonly Matcher[]): boolean {
  const nothing: Labels = [];
  return matchers.every((m) => matchesLabels([m], nothing));
}

const classicName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const reserved = /[\s{}!=~,"'`\\]/;

function formatName(name: string): string {
  return reserved.test(name) ? JSON.stringify(name) : name;
}

function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

function build(condition: Condition): Matcher {
  return matcher(condition.name, condition.op, condition.value);
}

function attempt(read: () => Condition[]): { conditions: Condition[] } | { error: string } {
  try {
    return { conditions: read() };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return { error: messageOf(error) };
  }
}

function refuse(what: string): never {
  throw new EngineError('invalid', what);
}

/** The classic syntax: one condition between commas; a comma inside double quotes does not part. */
function readClassic(text: string): Condition[] {
  let inner = text;
  if (inner.startsWith('{')) inner = inner.slice(1);
  if (inner.endsWith('}')) inner = inner.slice(0, -1);
  const parts: string[] = [];
  let part = '';
  let quoted = false;
  let escaped = false;
  for (const char of inner) {
    if (char === ',' && !quoted) {
      parts.push(part);
      part = '';
      continue;
    }
    if (char === '"' && !escaped) quoted = !quoted;
    escaped = char === '\\' && !escaped;
    part += char;
  }
  if (quoted) refuse('a double quote is not closed');
  if (part.trim() !== '' || parts.length === 0) parts.push(part);
  return parts.filter((one, i) => one !== '' || i > 0 || parts.length > 1).map(readClassicOne);
}

function readClassicOne(text: string): Condition {
  const found = /^\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|=|!=|!~)\s*([^]*?)\s*$/.exec(text);
  if (found === null) refuse(`${JSON.stringify(text)} is not name, operator, value`);
  return { name: found[1]!, op: found[2]! as MatchOp, value: readClassicValue(found[3]!) };
}

function readClassicValue(raw: string): string {
  const quoted = raw.startsWith('"');
  if (quoted && (raw.length < 2 || !raw.endsWith('"'))) refuse(`the value ${raw} has no closing double quote`);
  const body = quoted ? raw.slice(1, -1) : raw;
  let out = '';
  for (let i = 0; i < body.length; i++) {
    const char = body[i]!;
    if (char === '"') refuse(`the value ${raw} holds a double quote without a backslash`);
    if (char !== '\\') out += char;
    else if (i === body.length - 1) {
      if (quoted) refuse(`the value ${raw} has no closing double quote`);
      out += char;
    } else out += classicEscape(body[++i]!);
  }
  return out;
}

function classicEscape(char: string): string {
  if (char === 'n') return '\n';
  return char === '"' || char === '\\' ? char : `\\${char}`;
}

/** The UTF-8 syntax, read from left to right. */
function readUtf8(text: string): Condition[] {
  const at = { text, i: 0 };
  skipSpace(at);
  const braced = take(at, '{');
  const conditions: Condition[] = [];
  for (;;) {
    skipSpace(at);
    if (at.i >= text.length || text[at.i] === '}') break;
    conditions.push(readCondition(at));
    skipSpace(at);
    if (!take(at, ',')) break;
  }
  skipSpace(at);
  if (braced !== take(at, '}')) refuse(braced ? 'the closing brace is missing' : 'a closing brace without an opening one');
  skipSpace(at);
  if (at.i < text.length) refuse(`${JSON.stringify(text.slice(at.i))} is left over; matchers are parted by commas`);
  return conditions;
}

interface Cursor {
  readonly text: string;
  i: number;
}

function readCondition(at: Cursor): Condition {
  const name = readWord(at, 'a label name');
  if (name === '') refuse('a label name is empty');
  skipSpace(at);
  const op = (['=~', '!~', '!=', '='] as const).find((candidate) => at.text.startsWith(candidate, at.i));
  if (op === undefined) refuse(`after ${JSON.stringify(name)} comes no operator (=, !=, =~, !~)`);
  at.i += op.length;
  skipSpace(at);
  return { name, op, value: readWord(at, 'a value') };
}

function readWord(at: Cursor, what: string): string {
  if (at.text[at.i] === '"') return readQuoted(at);
  const from = at.i;
  while (at.i < at.text.length && !reserved.test(at.text[at.i]!)) at.i++;
  if (at.i === from) refuse(at.i >= at.text.length ? `${what} is missing at the end` : `${what} cannot start with ${JSON.stringify(at.text[at.i])}`);
  return at.text.slice(from, at.i);
}

const simpleEscapes: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
};

/** A Go interpreted string literal: one line, the escapes of the Go specification; bytes given by \x and octal must form UTF-8. */
function readQuoted(at: Cursor): string {
  const bytes: number[] = [];
  const push = (text: string): void => void bytes.push(...new TextEncoder().encode(text));
  at.i++;
  for (;;) {
    const char = String.fromCodePoint(at.text.codePointAt(at.i) ?? 0x22);
    if (at.i >= at.text.length || char === '\n') refuse('a double quote is not closed');
    at.i += char.length;
    if (char === '"') break;
    if (char === '\\') readEscape(at, bytes, push);
    else push(char);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes));
  } catch {
    return refuse('a quoted text is not UTF-8');
  }
}

function readEscape(at: Cursor, bytes: number[], push: (text: string) => void): void {
  const kind = at.text[at.i++] ?? '';
  const simple = simpleEscapes[kind];
  if (simple !== undefined) return push(simple);
  const digits = { x: 2, u: 4, U: 8 }[kind];
  const found = digits === undefined ? /^[0-7]{3}/.exec(at.text.slice(at.i - 1)) : /^[0-9a-fA-F]+/.exec(at.text.slice(at.i, at.i + digits));
  if (found === null || (digits !== undefined && found[0].length !== digits)) refuse(`\\${kind} is no escape in a quoted text`);
  at.i += digits ?? 2;
  const value = Number.parseInt(found[0], digits === undefined ? 8 : 16);
  if (kind === 'u' || kind === 'U') {
    if (value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) refuse(`\\${kind}${found[0]} is no character`);
    push(String.fromCodePoint(value));
  } else if (value > 255) refuse(`\\${found[0]} is over one byte`);
  else bytes.push(value);
}

function skipSpace(at: Cursor): void {
  while (at.i < at.text.length && /\s/.test(at.text[at.i]!)) at.i++;
}

function take(at: Cursor, char: string): boolean {
  if (at.text[at.i] !== char) return false;
  at.i++;
  return true;
}

/** Label names of the classic alphabet, which `match` and `match_re` are limited to. */
export function isClassicName(name: string): boolean {
  return classicName.test(name);
}
