import {
  goFunction,
  goTime,
  goVariadic,
  instantOf,
  textFunctions,
  type GoFunction,
  type GoFunctions,
  type GoObject,
  type GoValue,
} from '#core/formats/index.ts';
import { compileSearch, EngineError } from '#core/model/index.ts';
import { bytesOf, durationSeconds } from './units.ts';

const lineCharsMax = 1 << 20;
const repeatMax = 10_000;

const numberOf = (value: unknown): number => {
  const number = typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string' ? Number(value) : Number.NaN;
  return Number.isNaN(number) ? 0 : number;
};
const whole = (value: unknown): number => Math.trunc(numberOf(value));
const least = (values: readonly unknown[], of: (value: unknown) => number): number => Math.min(...values.map(of));
const most = (values: readonly unknown[], of: (value: unknown) => number): number => Math.max(...values.map(of));
/** What stands for a division by nothing: Go would end the template there. */
const divided = (a: number, b: number, of: (quotient: number) => number): number => {
  if (b === 0) throw new EngineError('invalid', 'a template divides by zero');
  return of(a / b);
};

function trimmedOf(text: string, cut: string, side: 'both' | 'left' | 'right'): string {
  let [from, to] = [0, text.length];
  if (side !== 'right') while (from < to && cut.includes(text[from]!)) from++;
  if (side !== 'left') while (to > from && cut.includes(text[to - 1]!)) to--;
  return text.slice(from, to);
}

const indented = (count: bigint, text: string): string => {
  const blanks = ' '.repeat(Math.min(Number(count), repeatMax));
  return blanks + text.replaceAll('\n', `\n${blanks}`);
};

const texts: GoFunctions = new Map([
  ['ToUpper', goFunction(['string'], (text) => text.toUpperCase())],
  ['ToLower', goFunction(['string'], (text) => text.toLowerCase())],
  ['upper', goFunction(['string'], (text) => text.toUpperCase())],
  ['lower', goFunction(['string'], (text) => text.toLowerCase())],
  ['trim', goFunction(['string'], (text) => text.trim())],
  ['TrimSpace', goFunction(['string'], (text) => text.trim())],
  ['trimAll', goFunction(['string', 'string'], (cut, text) => trimmedOf(text, cut, 'both'))],
  ['Trim', goFunction(['string', 'string'], (text, cut) => trimmedOf(text, cut, 'both'))],
  ['TrimLeft', goFunction(['string', 'string'], (text, cut) => trimmedOf(text, cut, 'left'))],
  ['TrimRight', goFunction(['string', 'string'], (text, cut) => trimmedOf(text, cut, 'right'))],
  ['trimPrefix', goFunction(['string', 'string'], (part, text) => (text.startsWith(part) ? text.slice(part.length) : text))],
  ['TrimPrefix', goFunction(['string', 'string'], (text, part) => (text.startsWith(part) ? text.slice(part.length) : text))],
  ['trimSuffix', goFunction(['string', 'string'], (part, text) => (part !== '' && text.endsWith(part) ? text.slice(0, -part.length) : text))],
  ['TrimSuffix', goFunction(['string', 'string'], (text, part) => (part !== '' && text.endsWith(part) ? text.slice(0, -part.length) : text))],
  ['trunc', goFunction(['int', 'string'], (count, text) => (count < 0n ? text.slice(Number(count)) : text.slice(0, Number(count))))],
  ['substr', goFunction(['int', 'int', 'string'], (from, to, text) => text.slice(Math.max(0, Number(from)), to < 0n ? undefined : Number(to)))],
  ['replace', goFunction(['string', 'string', 'string'], (old, by, text) => text.replaceAll(old, () => by))],
  ['Replace', goFunction(['string', 'string', 'string', 'int'], (text, old, by) => text.replaceAll(old, () => by))],
  [
    'repeat',
    goFunction(['int', 'string'], (count, text) => text.repeat(Math.max(0, Math.min(Number(count), Math.floor(lineCharsMax / (text.length + 1)))))),
  ],
  ['indent', goFunction(['int', 'string'], indented)],
  ['nindent', goFunction(['int', 'string'], (count, text) => `\n${indented(count, text)}`)],
  ['alignLeft', goFunction(['int', 'string'], (count, text) => text.slice(0, Number(count)).padEnd(Math.min(Number(count), repeatMax)))],
  ['alignRight', goFunction(['int', 'string'], (count, text) => text.slice(-Number(count)).padStart(Math.min(Number(count), repeatMax)))],
  ['contains', goFunction(['string', 'string'], (part, text) => text.includes(part))],
  ['hasPrefix', goFunction(['string', 'string'], (part, text) => text.startsWith(part))],
  ['hasSuffix', goFunction(['string', 'string'], (part, text) => text.endsWith(part))],
  ['default', goFunction(['any', 'any'], (fallback, value) => (value === '' || value === undefined ? fallback : value))],
  [
    'count',
    goFunction(
      ['string', 'string'],
      (pattern, text) => compileSearch(`(${pattern})`).replaceAll(text, '\u0001', lineCharsMax).split('\u0001').length - 1,
    ),
  ],
  ['regexReplaceAll', goFunction(['string', 'string', 'string'], (pattern, text, by) => compileSearch(pattern).replaceAll(text, by, lineCharsMax))],
  [
    'regexReplaceAllLiteral',
    goFunction(['string', 'string', 'string'], (pattern, text, by) =>
      compileSearch(pattern).replaceAll(text, by.replaceAll('$', '$$$$'), lineCharsMax),
    ),
  ],
  ['urlencode', goFunction(['string'], (text) => encodeURIComponent(text).replaceAll('%20', '+'))],
  ['urldecode', goFunction(['string'], urlDecoded)],
  ['b64enc', goFunction(['string'], (text) => Buffer.from(text).toString('base64'))],
  ['b64dec', goFunction(['string'], (text) => Buffer.from(text, 'base64').toString('utf8'))],
]);

function urlDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    // What is not encoded stays as it is written.
    return text;
  }
}

const numbers: GoFunctions = new Map([
  ['int', goFunction(['any'], (value) => BigInt(whole(value)))],
  ['float64', goFunction(['any'], numberOf)],
  ['add', goVariadic([], 'any', (args) => BigInt(args.reduce<number>((sum, one) => sum + whole(one), 0)))],
  ['sub', goFunction(['any', 'any'], (a, b) => BigInt(whole(a) - whole(b)))],
  ['mul', goVariadic([], 'any', (args) => BigInt(args.reduce<number>((product, one) => product * whole(one), 1)))],
  ['div', goFunction(['any', 'any'], (a, b) => BigInt(divided(whole(a), whole(b), Math.trunc)))],
  ['mod', goFunction(['any', 'any'], (a, b) => BigInt(whole(a) - whole(b) * divided(whole(a), whole(b), Math.trunc)))],
  ['addf', goVariadic([], 'any', (args) => args.reduce<number>((sum, one) => sum + numberOf(one), 0))],
  ['subf', goFunction(['any', 'any'], (a, b) => numberOf(a) - numberOf(b))],
  ['mulf', goVariadic([], 'any', (args) => args.reduce<number>((product, one) => product * numberOf(one), 1))],
  ['divf', goFunction(['any', 'any'], (a, b) => divided(numberOf(a), numberOf(b), (quotient) => quotient))],
  ['max', goVariadic([], 'any', (args) => BigInt(most(args, whole)))],
  ['min', goVariadic([], 'any', (args) => BigInt(least(args, whole)))],
  ['maxf', goVariadic([], 'any', (args) => most(args, numberOf))],
  ['minf', goVariadic([], 'any', (args) => least(args, numberOf))],
  ['ceil', goFunction(['any'], (value) => Math.ceil(numberOf(value)))],
  ['floor', goFunction(['any'], (value) => Math.floor(numberOf(value)))],
  ['round', goFunction(['any', 'int'], (value, digits) => Math.round(numberOf(value) * 10 ** Number(digits)) / 10 ** Number(digits))],
  ['bytes', goFunction(['string'], (text) => bytesOf(text) ?? numberOf(text))],
  ['duration', goFunction(['string'], (text) => durationSeconds(text) ?? 0)],
  ['duration_seconds', goFunction(['string'], (text) => durationSeconds(text) ?? 0)],
]);

/** The instant of a time or of the seconds since 1970 that a text says, in ms. */
function instantMs(value: GoValue): number {
  return typeof value === 'object' && !Array.isArray(value) ? instantOf(value as GoObject) : numberOf(value) * 1000;
}

/** Digits of what counts seconds, milli-, micro- and nanoseconds since 1970 in our days, and how many of them make a millisecond. */
const perMs: Readonly<Record<number, number | undefined>> = { 10: 0.001, 13: 1, 16: 1000, 19: 1_000_000 };

function timeOfEpoch(text: string): GoObject {
  const unit = perMs[text.length];
  if (unit === undefined || !/^\d+$/.test(text))
    throw new EngineError('invalid', `unixToTime needs 10, 13, 16 or 19 digits, not ${JSON.stringify(text)}`);
  return goTime(Math.floor(Number(text) / unit));
}

const times: GoFunctions = new Map([
  ['date', goFunction(['string', 'any'], (layout, time) => formatted(layout, instantMs(time), 'UTC'))],
  ['dateInZone', goFunction(['string', 'any', 'string'], (layout, time, zone) => formatted(layout, instantMs(time), zone))],
  ['unixEpoch', goFunction(['any'], (time) => String(Math.floor(instantMs(time) / 1000)))],
  ['unixEpochMillis', goFunction(['any'], (time) => String(instantMs(time)))],
  ['unixEpochNanos', goFunction(['any'], (time) => String(BigInt(instantMs(time)) * 1_000_000n))],
  ['unixToTime', goFunction(['string'], timeOfEpoch)],
]);

function formatted(layout: string, timeMs: number, zone: string): GoValue {
  return (goTime(timeMs, zone).members!.get('Format') as GoFunction).call([layout]) as GoValue;
}

/** What a text of JSON holds, for `range` and `index`. */
function goOfJson(value: unknown): GoValue {
  if (Array.isArray(value)) return value.map(goOfJson);
  if (typeof value !== 'object' || value === null) return (value ?? undefined) as GoValue;
  return { type: 'map[string]interface {}', entries: new Map(Object.entries(value).map(([key, one]) => [key, goOfJson(one)])) };
}

function fromJson(text: string): GoValue {
  try {
    return goOfJson(JSON.parse(text));
  } catch {
    // As in Loki: what is no JSON gives nothing.
    return undefined;
  }
}

/** The functions of the two formats that lines and labels are made of (Loki's template functions; Go's strings package behind them). */
export const lineFunctions: GoFunctions = new Map([...textFunctions, ...texts, ...numbers, ...times, ['fromJson', goFunction(['string'], fromJson)]]);
