/** Go's time.Time and time.Duration with the methods that templates call. Source: Go's package `time`. */
import { EngineError } from '#core/model/index.ts';
import { goFunction, goStruct, isGoFunction, isGoObject, type GoObject, type GoValue } from './value.ts';
import { offsetText, zoneAt } from './zone.ts';

/** Go's zero time: 1 January of the year 1. */
const zeroMs = -62_135_596_800_000;
const nsPerMs = 1_000_000n;

/** A time on the clock of a zone; see zoneAt. */
export function goTime(timeMs: number, zone = 'UTC'): GoObject {
  const format = (layout: string): string => formatTimeIn(timeMs, zone, layout);
  const same = (changedMs: number): GoObject => goTime(changedMs, zone);
  const wall = new Date(timeMs + (zone === 'UTC' ? 0 : zoneAt(zone, timeMs).offsetMs));
  const int = (value: number): ReturnType<typeof goFunction> => goFunction([], () => BigInt(value));
  const than = (holds: (otherMs: number) => boolean): ReturnType<typeof goFunction> => goFunction(['object'], (other) => holds(instantOf(other)));
  const text = format('2006-01-02 15:04:05.999999999 -0700 MST');
  return goStruct(
    'time.Time',
    {
      Format: goFunction(['string'], format),
      Unix: int(Math.floor(timeMs / 1000)),
      UnixMilli: int(timeMs),
      UnixNano: goFunction([], () => BigInt(timeMs) * nsPerMs),
      UTC: goFunction([], () => goTime(timeMs)),
      Local: goFunction([], () => goTime(timeMs, 'Local')),
      Year: int(wall.getUTCFullYear()),
      YearDay: int(yearDay(wall)),
      Day: int(wall.getUTCDate()),
      Hour: int(wall.getUTCHours()),
      Minute: int(wall.getUTCMinutes()),
      Second: int(wall.getUTCSeconds()),
      Month: goFunction([], () => months[wall.getUTCMonth()]!),
      Weekday: goFunction([], () => weekdays[wall.getUTCDay()]!),
      IsZero: goFunction([], () => timeMs === zeroMs),
      After: than((otherMs) => timeMs > otherMs),
      Before: than((otherMs) => timeMs < otherMs),
      Equal: than((otherMs) => timeMs === otherMs),
      Compare: goFunction(['object'], (other) => BigInt(Math.sign(timeMs - instantOf(other)))),
      Sub: goFunction(['object'], (other) => goDuration(timeMs - instantOf(other))),
      Add: goFunction(['any'], (duration) => same(timeMs + durationMsOf(duration))),
      AddDate: goFunction(['int', 'int', 'int'], (years, more, days) => same(addDate(timeMs, wall, Number(years), Number(more), Number(days)))),
      Truncate: goFunction(['any'], (duration) => same(truncated(timeMs - zeroMs, durationMsOf(duration)) + zeroMs)),
      String: goFunction([], () => text),
    },
    text,
  );
}

export const goZeroTime = (): GoObject => goTime(zeroMs);

/** The instant of a time. Throws EngineError `invalid` for anything else. */
export function instantOf(time: GoObject): number {
  const method = time.members?.get('UnixMilli');
  if (!isGoFunction(method)) throw new EngineError('invalid', `${time.type} is not a time`);
  return Number(method.call([]));
}

/** A length of time; it prints as Go does, `1h0m0.5s`. */
export function goDuration(durationMs: number): GoObject {
  const text = durationText(durationMs);
  const ns = BigInt(Math.round(durationMs * 1e6));
  return goStruct(
    'time.Duration',
    {
      Hours: goFunction([], () => durationMs / 3_600_000),
      Minutes: goFunction([], () => durationMs / 60_000),
      Seconds: goFunction([], () => durationMs / 1000),
      Milliseconds: goFunction([], () => ns / nsPerMs),
      Nanoseconds: goFunction([], () => ns),
      Abs: goFunction([], () => goDuration(Math.abs(durationMs))),
      Truncate: goFunction(['any'], (step) => goDuration(truncated(durationMs, durationMsOf(step)))),
      Round: goFunction(['any'], (step) => goDuration(rounded(durationMs, durationMsOf(step)))),
      String: goFunction([], () => text),
    },
    text,
  );
}

/** Of a duration, or of a number, which is one of nanoseconds. */
function durationMsOf(value: GoValue): number {
  if (typeof value === 'bigint') return Number(value) / 1e6;
  if (typeof value === 'number' && Number.isInteger(value)) return value / 1e6;
  const seconds = isGoObject(value) ? secondsOf(value) : undefined;
  if (seconds === undefined) throw new EngineError('invalid', 'it takes a duration');
  return seconds * 1000;
}

/** The seconds of a duration, undefined for any other value. */
export function secondsOf(value: GoObject): number | undefined {
  const method = value.type === 'time.Duration' ? value.members?.get('Seconds') : undefined;
  return isGoFunction(method) ? Number(method.call([])) : undefined;
}

const truncated = (value: number, step: number): number => (step > 0 ? value - (value % step) : value);
const rounded = (value: number, step: number): number => (step > 0 ? Math.sign(value) * Math.round(Math.abs(value) / step) * step : value);

function durationText(durationMs: number): string {
  if (durationMs === 0) return '0s';
  const sign = durationMs < 0 ? '-' : '';
  const ms = Math.abs(durationMs);
  const digits = (value: number): string => String(Number(value.toFixed(9)));
  if (ms < 1e-3) return `${sign}${Math.round(ms * 1e6)}ns`;
  if (ms < 1) return `${sign}${digits(ms * 1000)}µs`;
  if (ms < 1000) return `${sign}${digits(ms)}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor(ms / 60_000) % 60;
  const seconds = `${digits((ms % 60_000) / 1000)}s`;
  return `${sign}${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds}`;
}

function addDate(timeMs: number, wall: Date, years: number, more: number, days: number): number {
  const to = new Date(wall);
  to.setUTCFullYear(wall.getUTCFullYear() + years, wall.getUTCMonth() + more, wall.getUTCDate() + days);
  return timeMs + (to.getTime() - wall.getTime());
}

function yearDay(wall: Date): number {
  const start = new Date(wall);
  start.setUTCMonth(0, 1);
  return Math.round((wall.getTime() - start.getTime()) / 86_400_000) + 1;
}

const months = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const layoutForm =
  /2006|January|Jan|Monday|Mon|MST|Z07:00|Z0700|-07:00|-0700|-07|[.,](?:000000000|000000|000|999999999|999999|999)|002|01|02|03|04|05|06|15|PM|pm|_2|[12345]/g;

/** By Go's layouts: the reference time is Mon Jan 2 15:04:05 MST 2006. */
function formatTimeIn(timeMs: number, zone: string, layout: string): string {
  const { offsetMs, name } = zoneAt(zone, timeMs);
  const parts: Readonly<Record<string, string>> = { ...dateParts(new Date(timeMs + offsetMs)), ...zoneParts(offsetMs, name) };
  const fraction = `${String(((timeMs % 1000) + 1000) % 1000).padStart(3, '0')}000000`;
  return layout.replace(layoutForm, (found) => parts[found] ?? fractionOf(found, fraction));
}

function dateParts(wall: Date): Readonly<Record<string, string>> {
  const two = (value: number): string => String(value).padStart(2, '0');
  const hour = wall.getUTCHours();
  const hour12 = hour % 12 === 0 ? 12 : hour % 12;
  const month = wall.getUTCMonth();
  return {
    2006: String(wall.getUTCFullYear()).padStart(4, '0'),
    '06': two(wall.getUTCFullYear() % 100),
    January: months[month]!,
    Jan: months[month]!.slice(0, 3),
    '01': two(month + 1),
    1: String(month + 1),
    Monday: weekdays[wall.getUTCDay()]!,
    Mon: weekdays[wall.getUTCDay()]!.slice(0, 3),
    '02': two(wall.getUTCDate()),
    _2: String(wall.getUTCDate()).padStart(2, ' '),
    2: String(wall.getUTCDate()),
    '002': String(yearDay(wall)).padStart(3, '0'),
    15: two(hour),
    '03': two(hour12),
    3: String(hour12),
    '04': two(wall.getUTCMinutes()),
    4: String(wall.getUTCMinutes()),
    '05': two(wall.getUTCSeconds()),
    5: String(wall.getUTCSeconds()),
    PM: hour < 12 ? 'AM' : 'PM',
    pm: hour < 12 ? 'am' : 'pm',
  };
}

function zoneParts(offsetMs: number, name: string): Readonly<Record<string, string>> {
  const colon = offsetText(offsetMs, true);
  const plain = offsetText(offsetMs, false);
  return {
    MST: name,
    'Z07:00': offsetMs === 0 ? 'Z' : colon,
    Z0700: offsetMs === 0 ? 'Z' : plain,
    '-07:00': colon,
    '-0700': plain,
    '-07': plain.slice(0, 3),
  };
}

/** `.000` keeps its zeros, `.999` drops trailing ones. */
function fractionOf(layout: string, fraction: string): string {
  const digits = fraction.slice(0, layout.length - 1);
  if (layout[1] === '0') return layout[0]! + digits;
  const kept = digits.replace(/0+$/, '');
  return kept === '' ? '' : layout[0]! + kept;
}
