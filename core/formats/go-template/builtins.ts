import { EngineError } from '#core/model/index.ts';
import { sprint, sprintf, sprintln } from './printf.ts';
import { goFunction, goVariadic, isGoObject, isTrue, itemsOf, printValue, typeName, type GoFunctions, type GoValue } from './value.ts';

/** No text that a template makes, on its way or at its end, is longer. */
export const outputCharsMax = 1024 * 1024;

/** The functions that text/template itself has. `and` and `or` are judged by the run, which stops at the first answer. */
export const builtins: GoFunctions = new Map([
  ['and', goVariadic(['any'], 'any', (args) => args.find((arg) => !isTrue(arg)) ?? args.at(-1))],
  ['or', goVariadic(['any'], 'any', (args) => args.find(isTrue) ?? args.at(-1))],
  ['not', goFunction(['any'], (value) => !isTrue(value))],
  ['len', goFunction(['any'], lengthOf)],
  ['index', goVariadic(['any'], 'any', ([of, ...keys]) => keys.reduce(indexOf, of))],
  ['slice', goVariadic(['any'], 'int', ([of, from, to]) => sliceOf(of, from as bigint | undefined, to as bigint | undefined))],
  ['print', goVariadic([], 'any', sprint)],
  ['printf', goVariadic(['string'], 'any', ([format, ...args]) => sprintf(format as string, args, outputCharsMax))],
  ['println', goVariadic([], 'any', sprintln)],
  ['html', goVariadic([], 'any', (args) => escapeHtml(sprint(args)))],
  ['js', goVariadic([], 'any', (args) => escapeJs(sprint(args)))],
  ['urlquery', goVariadic([], 'any', (args) => queryEscape(sprint(args)))],
  ['eq', goVariadic(['any', 'any'], 'any', ([first, ...others]) => others.some((other) => equal(first, other)))],
  ['ne', goFunction(['any', 'any'], (a, b) => !equal(a, b))],
  ['lt', goFunction(['any', 'any'], (a, b) => less(a, b))],
  ['le', goFunction(['any', 'any'], (a, b) => less(a, b) || equal(a, b))],
  ['gt', goFunction(['any', 'any'], (a, b) => !less(a, b) && !equal(a, b))],
  ['ge', goFunction(['any', 'any'], (a, b) => !less(a, b))],
]);

function lengthOf(value: GoValue): bigint {
  if (typeof value === 'string') return BigInt(new TextEncoder().encode(value).length);
  const size = itemsOf(value)?.length ?? (isGoObject(value) ? value.entries?.size : undefined);
  if (size === undefined) throw bad(`len of type ${typeName(value)}`);
  return BigInt(size);
}

function indexOf(of: GoValue, key: GoValue): GoValue {
  const items = itemsOf(of);
  if (items !== undefined) {
    if (typeof key !== 'bigint') throw bad(`cannot index a list with ${typeName(key)}`);
    if (key < 0n || key >= BigInt(items.length)) throw bad(`index out of range: ${key}`);
    return items[Number(key)];
  }
  if (!isGoObject(of) || of.entries === undefined) throw bad(`can't index item of type ${typeName(of)}`);
  if (typeof key !== 'string') throw bad(`a map's key is a string, not ${typeName(key)}`);
  return of.entries.has(key) ? of.entries.get(key) : of.missing;
}

function sliceOf(of: GoValue, from = 0n, to?: bigint): GoValue {
  // A Go string is bytes.
  const whole = typeof of === 'string' ? Buffer.from(of) : itemsOf(of);
  if (whole === undefined) throw bad(`can't slice item of type ${typeName(of)}`);
  const end = to ?? BigInt(whole.length);
  if (from < 0n || end > BigInt(whole.length) || from > end) throw bad(`slice index out of range: ${from}:${end}`);
  return Buffer.isBuffer(whole) ? whole.toString('utf8', Number(from), Number(end)) : whole.slice(Number(from), Number(end));
}

function equal(a: GoValue, b: GoValue): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (typeof a !== typeof b) throw bad(`incompatible types for comparison: ${typeName(a)} and ${typeName(b)}`);
  if (typeof a === 'object') throw bad(`non-comparable type ${typeName(a)}`);
  return a === b;
}

function less(a: GoValue, b: GoValue): boolean {
  if (typeof a !== typeof b) throw bad(`incompatible types for comparison: ${typeName(a)} and ${typeName(b)}`);
  if (typeof a === 'number' || typeof a === 'bigint' || typeof a === 'string') return a < b!;
  throw bad(`invalid type for comparison: ${typeName(a)}`);
}

const bad = (what: string): EngineError => new EngineError('invalid', what);

const htmlEntities: Readonly<Record<string, string>> = { '"': '&#34;', "'": '&#39;', '&': '&amp;', '<': '&lt;', '>': '&gt;', '\0': '\ufffd' };

function escapeHtml(text: string): string {
  return text.replace(/["'&<>\0]/g, (char) => htmlEntities[char]!);
}

function escapeJs(text: string): string {
  return text.replace(/[\\'"<>&=\p{Cc}]/gu, (char) => {
    if (char === '\\' || char === "'" || char === '"') return `\\${char}`;
    return `\\u${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
  });
}

/** As Go's url.QueryEscape: a space becomes `+`, all but letters, digits and `-_.~` a percent form. */
export function queryEscape(text: string): string {
  const wellFormed = text.toWellFormed();
  return encodeURIComponent(wellFormed)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

/** What the template shows for a value: `<no value>` where nothing is. */
export function showValue(value: GoValue): string {
  return value === undefined ? '<no value>' : printValue(value);
}
