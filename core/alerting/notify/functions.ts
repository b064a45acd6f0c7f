/** Functions of notification templates beside those that rule templates have too. Source: Alertmanager's template reference, "Functions". */
import { compareText, EngineError, type UnixMs } from '#core/model/index.ts';
import {
  goDuration,
  goFunction,
  goTime,
  goVariadic,
  instantOf,
  textFunctions,
  titleCase,
  type GoFunction,
  type GoFunctions,
  type GoObject,
  type GoValue,
} from '#core/formats/index.ts';

export function notificationFunctions(nowMs: UnixMs): GoFunctions {
  return new Map([
    ...textFunctions,
    ['title', goFunction(['string'], titled)],
    ['trimSpace', goFunction(['string'], (text) => text.trim())],
    ['join', goFunction(['string', 'list'], (separator, texts) => texts.map(String).join(separator))],
    ['safeUrl', goFunction(['string'], (text) => text)],
    ['urlUnescape', goFunction(['string'], urlUnescape)],
    ['stringSlice', goVariadic([], 'string', (texts) => texts)],
    ['list', goVariadic([], 'any', (values) => values)],
    ['append', goVariadic(['list'], 'any', ([list, ...more]) => [...(list as readonly GoValue[]), ...more])],
    ['dict', goVariadic([], 'any', dictOf)],
    ['toJson', goFunction(['any'], (value) => goJson(plain(value)))],
    ['date', goFunction(['string', 'object'], (layout, time) => formatOf(time).call([layout]) as string)],
    ['tz', goFunction(['string', 'object'], inZone)],
    ['since', goFunction(['object'], (time) => goDuration(nowMs - instantOf(time)))],
  ]);
}

function urlUnescape(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new EngineError('invalid', `${JSON.stringify(text)} is not percent-encoded text`);
  }
}

/** A value as encoding/json writes it: fields by the names that the webhook's JSON has, times in RFC 3339. */
function plain(value: GoValue): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object') return value ?? null;
  if (Array.isArray(value)) return value.map(plain);
  const object = value as GoObject;
  if (object.type === 'time.Time') return formatOf(object).call(['2006-01-02T15:04:05.999999999Z07:00']);
  if (object.type === 'time.Duration') return Number((object.members!.get('Nanoseconds') as GoFunction).call([]));
  if (object.items !== undefined) return object.items.map(plain);
  if (object.entries !== undefined)
    return Object.fromEntries([...object.entries].sort(([a], [b]) => compareText(a, b)).map(([name, entry]) => [name, plain(entry)]));
  const fields = [...(object.members ?? [])].filter(([, member]) => !isFunction(member));
  return Object.fromEntries(fields.map(([name, field]) => [`${name[0]!.toLowerCase()}${name.slice(1)}`, plain(field as GoValue)]));
}

function isFunction(member: GoValue | GoFunction): member is GoFunction {
  return typeof member === 'object' && 'params' in member;
}

function formatOf(time: GoObject): GoFunction {
  const method = time.members?.get('Format');
  if (!isFunction(method)) throw new EngineError('invalid', `${time.type} is not a time`);
  return method;
}

/** The same time on the clock of an IANA zone. */
function inZone(zone: string, time: GoObject): GoObject {
  return goTime(instantOf(time), zone);
}

/** Each word with a capital and the rest small, as golang.org/x/text does it; Prometheus' own leaves the rest as it is. */
function titled(text: string): string {
  return titleCase(text.toLowerCase());
}

function dictOf(args: readonly GoValue[]): GoObject {
  if (args.length % 2 === 1) throw new EngineError('invalid', 'dict takes names and values in turn');
  const entries = new Map<string, GoValue>();
  for (let i = 0; i < args.length; i += 2) {
    const name = args[i];
    if (typeof name !== 'string') throw new EngineError('invalid', 'a name of dict must be a text');
    entries.set(name, args[i + 1]);
  }
  return { type: 'map[string]interface {}', entries };
}

/** Escaped as encoding/json does, so that it can stand in HTML. */
function goJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
