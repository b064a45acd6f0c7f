/** Whether a moment lies in a named time interval, on the clock of the interval's zone. */
import { EngineError, type UnixMs } from '#core/model/index.ts';
import type { NamedInterval, TimeInterval } from '#core/formats/index.ts';

interface LocalTime {
  readonly minute: number;
  readonly weekday: number;
  readonly day: number;
  readonly daysInMonth: number;
  readonly month: number;
  readonly year: number;
}

/** The intervals that keep a route quiet at a moment: mute ones that it lies in, and active ones when it lies in none of them. */
export function mutesAt(
  route: { readonly muteIntervals: readonly string[]; readonly activeIntervals: readonly string[] },
  intervals: readonly NamedInterval[],
  timeMs: UnixMs,
): string[] {
  const within = (name: string): boolean => intervals.some((interval) => interval.name === name && inNamedInterval(interval, timeMs));
  const outside = route.activeIntervals.length > 0 && !route.activeIntervals.some(within);
  return [...route.muteIntervals.filter(within), ...(outside ? route.activeIntervals.map((name) => `outside ${name}`) : [])];
}

export function inNamedInterval(named: NamedInterval, timeMs: UnixMs): boolean {
  return named.intervals.some((interval) => inInterval(interval, timeMs));
}

function inInterval(interval: TimeInterval, timeMs: UnixMs): boolean {
  const at = localTime(timeMs, interval.zone);
  const within = (ranges: readonly { readonly from: number; readonly to: number }[], value: number): boolean =>
    ranges.length === 0 || ranges.some((range) => value >= range.from && value <= range.to);
  return (
    (interval.times.length === 0 || interval.times.some((range) => at.minute >= range.startMinute && at.minute < range.endMinute)) &&
    within(interval.weekdays, at.weekday) &&
    within(interval.months, at.month) &&
    within(interval.years, at.year) &&
    (interval.daysOfMonth.length === 0 || interval.daysOfMonth.some((range) => inDays(range.from, range.to, at)))
  );
}

/** Negative days count from the month's end; a range that begins after the month's last day holds nothing. */
function inDays(from: number, to: number, at: LocalTime): boolean {
  const clamp = (day: number): number => (day < 0 ? Math.max(1, at.daysInMonth + day + 1) : Math.min(day, at.daysInMonth));
  if (from > at.daysInMonth) return false;
  return at.day >= clamp(from) && at.day <= clamp(to);
}

const formatters = new Map<string, Intl.DateTimeFormat>();
const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

function localTime(timeMs: UnixMs, zone: string): LocalTime {
  let formatter = formatters.get(zone);
  if (formatter === undefined) formatters.set(zone, (formatter = makeFormatter(zone)));
  const parts = new Map(formatter.formatToParts(timeMs).map((part) => [part.type, part.value]));
  const number = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
  const year = number('year');
  const month = number('month');
  return {
    minute: number('hour') * 60 + number('minute'),
    weekday: weekdays.indexOf(parts.get('weekday') ?? ''),
    day: number('day'),
    daysInMonth: new Date(Date.UTC(year, month, 0)).getUTCDate(),
    month,
    year,
  };
}

/** `Local` is the machine's own zone. Throws EngineError `invalid` for a zone that this machine does not know. */
function makeFormatter(zone: string): Intl.DateTimeFormat {
  const fields = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', weekday: 'short' } as const;
  const options: Intl.DateTimeFormatOptions = { ...fields, hourCycle: 'h23', calendar: 'gregory', numberingSystem: 'latn' };
  if (zone !== 'Local') options.timeZone = zone;
  try {
    return new Intl.DateTimeFormat('en-US', options);
  } catch {
    throw new EngineError('invalid', `the time zone ${JSON.stringify(zone)} is not known on this machine`);
  }
}
