/** Functions of notification templates beside those that rule templates have too. Source: Alertmanager's template reference, "Functions". */
import { EngineError, formatDuration, type UnixMs } from '#core/model/index.ts';
import {
  goFunction,
  goTime,
  goVariadic,
  textFunctions,
  type GoFunction,
  type GoFunctions,
  type GoObject,
  type GoValue,
} from '#core/formats/index.ts';
import { jsonTime, zeroTime } from './data.ts';

export function notificationFunctions(nowMs: UnixMs): GoFunctions {
  return new Map([
    ...textFunctions,
    ['trimSpace', goFunction(['string'], (text) => text.trim())],
    ['join', goFunction(['string', 'list'], (separator, texts) => texts.map(String).join(separator))],
    ['safeUrl', goFunction(['string'], (text) => text)],
    ['urlUnescape', goFunction(['string'], urlUnescape)],
    ['stringSlice', goVariadic([], 'string', (texts) => texts)],
    ['list', goVariadic([], 'any', (values) => values)],
    ['append', goVariadic(['list'], 'any', ([list, ...more]) => [...(list as readonly GoValue[]), ...more])],
    ['toJson', goFunction(['any'], (value) => JSON.stringify(plain(value)))],
    ['date', goFunction(['string', 'object'], (layout, time) => methodOf(time, 'Format').call([layout]) as string)],
    ['tz', goFunction(['string', 'object'], inZone)],
    ['since', goFunction(['object'], (time) => formatDuration(nowMs - instantOf(time)))],
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
  if (object.type === 'time.Time') return isFunction(object.members?.get('UnixMilli')) ? jsonTime(instantOf(object)) : zeroTime;
  if (object.items !== undefined) return object.items.map(plain);
  if (object.entries !== undefined) return Object.fromEntries([...object.entries].map(([name, entry]) => [name, plain(entry)]));
  const fields = [...(object.members ?? [])].filter(([, member]) => !isFunction(member));
  return Object.fromEntries(fields.map(([name, field]) => [`${name[0]!.toLowerCase()}${name.slice(1)}`, plain(field as GoValue)]));
}

function isFunction(member: GoValue | GoFunction): member is GoFunction {
  return typeof member === 'object' && 'params' in member;
}

function instantOf(time: GoObject): UnixMs {
  return Number(methodOf(time, 'UnixMilli').call([]));
}

function methodOf(time: GoObject, name: string): GoFunction {
  const method = time.members?.get(name);
  if (!isFunction(method)) throw new EngineError('invalid', `${time.type} is not a time`);
  return method;
}

/** The same time on the clock of an IANA zone; only its Format and its text differ. */
function inZone(zone: string, time: GoObject): GoObject {
  const format = goFunction(['string'], (layout) => formatIn(time, zone, layout));
  return { ...time, members: new Map([...(time.members ?? []), ['Format', format]]), text: formatIn(time, zone, '2006-01-02 15:04:05 -0700 MST') };
}

const zoneTokens = /(Z07:00|Z0700|-07:00|-0700|-07|MST)/;

/** Formats by Go's layout: all but the zone from a clock shifted by the zone's offset, the zone by its own name and offset. */
function formatIn(time: GoObject, zone: string, layout: string): string {
  const atMs = instantOf(time);
  const { offsetMs, name } = zoneAt(zone, atMs);
  const shifted = methodOf(goTime(atMs + offsetMs), 'Format');
  return layout
    .split(zoneTokens)
    .map((part) => (zoneTokens.test(part) ? zoneText(part, offsetMs, name) : (shifted.call([part]) as string)))
    .join('');
}

function zoneText(token: string, offsetMs: number, name: string): string {
  if (token === 'MST') return name;
  if (token.startsWith('Z') && offsetMs === 0) return 'Z';
  const minutes = Math.abs(offsetMs) / 60_000;
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const sign = offsetMs < 0 ? '-' : '+';
  if (token === '-07') return `${sign}${two(minutes / 60)}`;
  return `${sign}${two(minutes / 60)}${token.includes(':') ? ':' : ''}${two(minutes % 60)}`;
}

function zoneAt(zone: string, atMs: UnixMs): { offsetMs: number; name: string } {
  if (zone === 'UTC' || zone === '') return { offsetMs: 0, name: 'UTC' };
  const options = { timeZone: zone, hourCycle: 'h23', timeZoneName: 'short', era: 'short' } as const;
  const fields = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' } as const;
  try {
    const parts = new Map(new Intl.DateTimeFormat('en-US', { ...options, ...fields }).formatToParts(atMs).map((part) => [part.type, part.value]));
    const number = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
    const wallMs = Date.UTC(number('year'), number('month') - 1, number('day'), number('hour'), number('minute'), number('second'));
    return { offsetMs: wallMs - Math.floor(atMs / 1000) * 1000, name: parts.get('timeZoneName') ?? zone };
  } catch {
    throw new EngineError('invalid', `the time zone ${JSON.stringify(zone)} is not known on this machine`);
  }
}
