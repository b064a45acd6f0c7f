/**
 * Named time intervals of alertmanager.yml: when a route is muted, or active. All ranges are closed on both ends but times of day,
 * which end before `endMinute`. Source: Alertmanager's configuration reference, "time_interval".
 */
import { boundedList, checked } from './alertmanager-decode.ts';
import { optional, record, required, text, type Decode } from './yaml-decode.ts';

/** One way in which a named interval holds: every given field must contain the moment. An empty list does not restrict. */
export interface TimeInterval {
  /** Minutes since midnight, 0..1440. */
  readonly times: readonly { readonly startMinute: number; readonly endMinute: number }[];
  /** 0 is Sunday. */
  readonly weekdays: readonly Range[];
  /** 1..31 from the month's start, -1..-31 from its end (-1 is the last day). */
  readonly daysOfMonth: readonly Range[];
  /** 1..12; Alertmanager takes other numbers too, which no month matches. */
  readonly months: readonly Range[];
  readonly years: readonly Range[];
  /** An IANA zone, or `Local` for the machine's own. */
  readonly zone: string;
}

export interface Range {
  readonly from: number;
  readonly to: number;
}

export interface NamedInterval {
  readonly name: string;
  readonly line: number;
  readonly intervals: readonly TimeInterval[];
}

const weekdayNames = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const monthNames = ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november', 'december'];

const timeOfDay: Decode<number> = checkedText((written) => {
  const found = /^([01]\d|2[0-3]):([0-5]\d)$|^24:00$/.exec(written);
  if (found === null) return undefined;
  return written === '24:00' ? 1440 : Number(found[1]) * 60 + Number(found[2]);
}, 'is not a time of day; write it like 09:30, up to 24:00');

const times = checked(record('time range', { startMinute: required('start_time', timeOfDay), endMinute: required('end_time', timeOfDay) }), (range) =>
  range.startMinute >= range.endMinute ? 'start_time must be before end_time; split a range that passes midnight in two' : undefined,
);

const weekdays = rangeOf('weekday', (word) => indexIn(weekdayNames, word));
const months = rangeOf('month', (word) => {
  const named = indexIn(monthNames, word);
  return named !== undefined ? named + 1 : numberIn(word, 0, 99);
});
const years = rangeOf('year', (word) => numberIn(word, 0, 9999));

const daysOfMonth = checked(rangeOf('day of the month', dayNumber, true), (range) => {
  if (range.from < 0 && range.to > 0) return 'a range that begins before the end of the month (negative) must end there too';
  // A month may have 28 days: from there a range must not be able to run backwards.
  const shortest = (day: number): number => (day < 0 ? 28 + day : day);
  return shortest(range.from) > shortest(range.to) ? 'the range ends before it begins in a month of 28 days' : undefined;
});

const zone: Decode<string> = checked(text, (name) => {
  if (name === 'Local' || isZone(name)) return undefined;
  return `${JSON.stringify(name)} is no time zone of the IANA database; write it like Europe/Berlin`;
});

const interval: Decode<TimeInterval> = record('time interval', {
  times: optional('times', boundedList(times), []),
  weekdays: optional('weekdays', boundedList(weekdays), []),
  daysOfMonth: optional('days_of_month', boundedList(daysOfMonth), []),
  months: optional('months', boundedList(months), []),
  years: optional('years', boundedList(years), []),
  zone: optional('location', zone, 'UTC'),
});

/** One entry of `time_intervals`, or of its old name `mute_time_intervals`. */
export const namedInterval: Decode<NamedInterval> = (node) => {
  const read = record('named time interval', {
    name: required('name', text),
    intervals: optional('time_intervals', boundedList(interval), []),
  })(node);
  return { ...read, line: node.line };
};

/** `from:to`, or one member alone. */
function rangeOf(what: string, member: (word: string) => number | undefined, signed = false): Decode<Range> {
  const parse = checkedText((written) => {
    const words = written.toLowerCase().split(':');
    if (words.length > 2) return undefined;
    const from = member(words[0]!.trim());
    const to = member(words.at(-1)!.trim());
    return from === undefined || to === undefined ? undefined : { from, to };
  }, `is no ${what} and no range of two with a colon`);
  return checked(parse, (range) => (!signed && range.from > range.to ? `the ${what} range ends before it begins` : undefined));
}

function checkedText<T>(read: (written: string) => T | undefined, otherwise: string): Decode<T> {
  return checked(
    (node) => ({ written: text(node), value: read(text(node)) }),
    ({ written, value }) => (value === undefined ? `${JSON.stringify(written)} ${otherwise}` : undefined),
    ({ value }) => value!,
  );
}

function indexIn(names: readonly string[], word: string): number | undefined {
  const index = names.indexOf(word);
  return index < 0 ? undefined : index;
}

function numberIn(word: string, min: number, max: number): number | undefined {
  const value = /^\d+$/.test(word) ? Number(word) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}

function dayNumber(word: string): number | undefined {
  const value = /^-?\d+$/.test(word) ? Number(word) : 0;
  return value !== 0 && Math.abs(value) <= 31 ? value : undefined;
}

function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
