import {
  clockOnly,
  compact,
  dashedMonth,
  dayMonth,
  epoch,
  hourOf,
  klog,
  matchAt,
  minuteClock,
  monthDay,
  monthOf,
  nanosOf,
  numeric,
  offsetMinutes,
  ordinal,
  shortHour,
  sixDigits,
  tai,
  twelveHours,
  week,
} from './time-forms.ts';
import { Minute } from './minute.ts';
import { abbreviationMinutes, type ZoneOffset } from './zone.ts';

const daySeconds = 86_400;
/** A clock of another machine may be this much ahead before a date without a year is taken for last year's. */
const aheadSeconds = daySeconds;
/** `05/Jan/2026:10:00:`. */
const requestedHeadChars = 18;
const bracketEnd = 0x5d;
const colon = 0x3a;
/** Leap seconds between TAI and UTC, and the ten seconds of TAI64's epoch (cr.yp.to/libtai/tai64.html): what multilog writes. */
const taiAheadSeconds = 10;

export interface TimeContext {
  /** Of times that name no zone. */
  readonly zone: ZoneOffset;
  /** When the file was last written or its bytes came: the year and the day of times that have none. */
  readonly nowSeconds: number;
}

/** The forms of dates and times that are no ISO 8601; the fields tell of the last one read. */
export class WrittenDates {
  /** Unix seconds, and nanoseconds beyond them. */
  seconds = 0;
  nanos = 0;
  /** Where the timestamp ends. */
  end = 0;
  /** Whether the year, or the whole date, was not in the text. */
  isPartial = false;
  protected readonly context: TimeContext;
  /** Of times of syslog's form, and of access logs' in their brackets. */
  readonly #minute = new Minute();
  readonly #requested = new Minute();
  #requestedZoneChars = 0;
  #daySeconds = 0;
  #dayKey = -1;

  constructor(context: TimeContext) {
    this.context = context;
  }

  /** Only a time of day, or minutes and seconds: the last ones before `nowSeconds`. */
  clockOnly(line: string, from: number): boolean {
    const { nowSeconds } = this.context;
    const found = matchAt(clockOnly, line, from);
    if (found !== null && matchAt(twelveHours, line, from) === null) {
      this.seconds = this.#wholeDay(nowSeconds) + Number(found[1]) * 3600 + Number(found[2]) * 60 + Number(found[3]);
      if (this.seconds > nowSeconds + 3600) this.seconds -= daySeconds;
      this.nanos = nanosOf(found[4]);
      this.end = clockOnly.lastIndex;
      this.isPartial = true;
      return Number(found[1]) < 24;
    }
    const half = matchAt(twelveHours, line, from);
    if (half !== null) {
      this.seconds = this.#wholeDay(nowSeconds) + Number(hourOf(half[1]!, half[4]!)) * 3600 + Number(half[2]) * 60 + Number(half[3] ?? 0);
      if (this.seconds > nowSeconds + 3600) this.seconds -= daySeconds;
      this.nanos = 0;
      this.end = twelveHours.lastIndex;
      this.isPartial = true;
      return Number(half[1]) <= 12;
    }
    const short = matchAt(minuteClock, line, from);
    if (short === null) return false;
    this.seconds = nowSeconds - (nowSeconds % 3600) + Number(short[1]) * 60 + Number(short[2]);
    if (this.seconds > nowSeconds + 60) this.seconds -= 3600;
    this.nanos = nanosOf(short[3]);
    this.end = minuteClock.lastIndex;
    this.isPartial = true;
    return true;
  }

  #wholeDay(seconds: number): number {
    const zone = this.context.zone(seconds) * 60;
    return Math.floor((seconds + zone) / daySeconds) * daySeconds - zone;
  }

  /** A date that begins with digits, other than ISO's. */
  protected dated(line: string, from: number): boolean {
    return (
      this.#compact(line, from) ||
      this.#ordinal(line, from) ||
      this.#dayMonth(line, from) ||
      this.#numeric(line, from) ||
      this.#rare(line, from) ||
      this.epoch(line, from)
    );
  }

  #compact(line: string, from: number): boolean {
    const found = matchAt(compact, line, from);
    if (found === null) return false;
    return this.#set(found[1]!, Number(found[2]), found[3]!, found.slice(4, 8), compact.lastIndex, found[8]);
  }

  #ordinal(line: string, from: number): boolean {
    const found = matchAt(ordinal, line, from);
    if (found === null) return false;
    const inside = this.#set(found[1]!, 1, '1', found.slice(3, 7), ordinal.lastIndex, found[7]);
    this.seconds += (Number(found[2]) - 1) * daySeconds;
    return inside;
  }

  #dayMonth(line: string, from: number): boolean {
    const found = matchAt(dayMonth, line, from);
    const month = found === null ? 0 : monthOf(found[2]!);
    if (found === null || month === 0) return false;
    const end = dayMonth.lastIndex;
    if (!this.#set(found[3]!, month, found[1]!, found.slice(4, 8), end, found[8])) return false;
    if (line.charCodeAt(end) === bracketEnd && line.charCodeAt(from + requestedHeadChars - 1) === colon && found[7] === undefined) {
      const zone = from + requestedHeadChars + 2;
      this.#requested.note(line.slice(from, zone - 2), line.slice(zone, end + 1), this.seconds - Number(found[6]));
      this.#requestedZoneChars = end - zone;
    }
    return true;
  }

  /** Whether a time of an access log is of the minute of the one before it. */
  protected isOfRequestedMinute(line: string, from: number): boolean {
    const second = this.#requested.secondAt(line, from);
    if (second < 0) return false;
    this.seconds = this.#requested.seconds + second;
    this.nanos = 0;
    this.end = this.#requested.endFrom(from) + this.#requestedZoneChars;
    return true;
  }

  /** `YY/MM/DD` of Spark and Hadoop; `DD.MM.YYYY`; `MM/DD/YYYY`, the other way round where that is no date. */
  #numeric(line: string, from: number): boolean {
    const found = matchAt(numeric, line, from);
    if (found === null) return false;
    const [, first = '', separator, second = '', last = ''] = found;
    const rest = found.slice(5, 9);
    if (found[9] !== undefined) rest[0] = hourOf(rest[0]!, found[9]);
    const end = numeric.lastIndex;
    const isDotted = separator === '.';
    if (last.length === 2) return this.#shortYear(first, second, last, isDotted, rest, end, found[10]);
    const dayFirst = separator !== '/' || Number(first) > 12;
    return this.#set(last, Number(dayFirst ? second : first), dayFirst ? first : second, rest, end, found[10]);
  }

  /** Two digits for the year, first or last: the date that is nearest before the file's own time. */
  #shortYear(
    first: string,
    second: string,
    last: string,
    isDotted: boolean,
    time: readonly (string | undefined)[],
    end: number,
    zone: string | undefined,
  ): boolean {
    if (first.length < 2 && last.length < 2) return false;
    const isYearFirst = (): boolean => first.length === 2 && this.#set(first, Number(second), last, time, end, zone);
    const isYearLast = (): boolean =>
      isDotted ? this.#set(last, Number(second), first, time, end, zone) : this.#set(last, Number(first), second, time, end, zone);
    const latest = this.context.nowSeconds + aheadSeconds;
    const asFirst = isYearFirst() && this.seconds <= latest ? this.seconds : Number.NEGATIVE_INFINITY;
    const asLast = isYearLast() && this.seconds <= latest ? this.seconds : Number.NEGATIVE_INFINITY;
    return asFirst > asLast || asLast === Number.NEGATIVE_INFINITY ? isYearFirst() : isYearLast();
  }

  #rare(line: string, from: number): boolean {
    const dated = matchAt(week, line, from);
    if (dated !== null) {
      const inside = this.#set(dated[1]!, 1, '4', dated.slice(4, 8), week.lastIndex, dated[8]);
      // The fourth of January is in week 1.
      const weekday = (Math.floor(this.dayStart(Number(dated[1]), 1, 4) / daySeconds) + 3) % 7;
      this.seconds += ((Number(dated[2]) - 1) * 7 + Number(dated[3]) - 1 - weekday) * daySeconds;
      return inside;
    }
    for (const form of [sixDigits, shortHour]) {
      const found = matchAt(form, line, from);
      if (found !== null && this.#set(found[1]!, Number(found[2]), found[3]!, found.slice(4, 8), form.lastIndex, undefined)) return true;
    }
    const found = matchAt(dashedMonth, line, from);
    return found !== null && this.#setWithoutYear(Number(found[1]), found[2]!, found.slice(3, 7), dashedMonth.lastIndex);
  }

  /** Seconds, ms, us or ns since 1970, written out. */
  protected epoch(line: string, from: number): boolean {
    const found = matchAt(epoch, line, from);
    if (found === null) return false;
    const [, seconds, ms = '', us = '', ns = '', fraction] = found;
    this.seconds = Number(seconds);
    this.nanos = nanosOf(ms === '' ? fraction : ms + us + ns);
    this.end = epoch.lastIndex;
    return this.seconds > 946_684_800 && this.seconds < 4_102_444_800;
  }

  /** A date that begins with a word or a letter. */
  protected named(line: string, from: number): boolean {
    return this.#klog(line, from) || this.#monthDay(line, from);
  }

  #klog(line: string, from: number): boolean {
    const found = matchAt(klog, line, from);
    if (found === null) return false;
    const [, year, month, day = ''] = found;
    const time = found.slice(4, 8);
    if (year === undefined) return this.#setWithoutYear(Number(month), day, time, klog.lastIndex);
    return this.#set(year, Number(month), day, time, klog.lastIndex, undefined);
  }

  /** `Jan  2 15:04:05`, with a year or without, and ctime's `Mon Jan  2 15:04:05 MST 2006`. */
  #monthDay(line: string, from: number): boolean {
    if (this.#isOfMinute(line, from)) return true;
    let start = from;
    const [weekday, name = ''] = /^([A-Z][a-z]{2})(?:[a-z]*day)?,? /.exec(line.slice(from, from + 12)) ?? [];
    if (weekday !== undefined && monthOf(name) === 0) start += weekday.length;
    const day = start > from ? matchAt(dayMonth, line, start) : null;
    if (day !== null) return this.#dayMonth(line, start);
    const found = matchAt(monthDay, line, start);
    const month = found === null ? 0 : monthOf(found[1]!);
    if (found === null || month === 0) return false;
    const [half, word, lateYear] = found.slice(8, 11);
    const year = found[3] ?? lateYear;
    const zone = found[11] ?? (abbreviationMinutes(word ?? '') === undefined ? undefined : word);
    let end = monthDay.lastIndex;
    if (zone === undefined && word !== undefined && lateYear === undefined) end = line.lastIndexOf(` ${word}`, end);
    const time = found.slice(4, 8);
    if (half !== undefined) time[0] = hourOf(time[0]!, half);
    if (year !== undefined) return this.#set(year, month, found[2]!, time, end, zone);
    if (!this.#setWithoutYear(month, found[2]!, time, end)) return false;
    if (start === from && found[0].length === end - from && found[7] === undefined && half === undefined && zone === undefined) {
      this.#minute.note(line.slice(from, end - 2), ' ', this.seconds - Number(found[6]));
    }
    return true;
  }

  /** Whether a time of syslog's form is of the minute of the one before it. What follows is a host's name, which no part of a time begins like. */
  #isOfMinute(line: string, from: number): boolean {
    const second = this.#minute.secondAt(line, from);
    const end = this.#minute.endFrom(from);
    const c = line.charCodeAt(end + 1);
    if (second < 0 || !(c >= 0x61 && c <= 0x7a) || this.#minute.seconds + second > this.context.nowSeconds) return false;
    this.seconds = this.#minute.seconds + second;
    this.nanos = 0;
    this.end = end;
    this.isPartial = true;
    return true;
  }

  /** TAI64N. */
  protected tai(line: string, from: number): boolean {
    const found = matchAt(tai, line, from);
    if (found === null) return false;
    this.seconds = Number.parseInt(found[1]!, 16) - taiAheadSeconds;
    this.nanos = Number.parseInt(found[2]!, 16);
    this.end = tai.lastIndex;
    return this.seconds > 0 && this.seconds < 4_102_444_800 && this.nanos < 1e9;
  }

  /** `time` is hour, minute, second and fraction. */
  #set(year: string, month: number, day: string, time: readonly (string | undefined)[], end: number, zone: string | undefined): boolean {
    const wholeYear = year.length === 2 ? 2000 + Number(year) : Number(year);
    const [hour = '', minute = '', second = '', fraction] = time;
    if (wholeYear < 1970 || month < 1 || month > 12 || Number(day) < 1 || Number(day) > 31 || Number(hour) > 24 || Number(minute) > 59) return false;
    this.seconds = this.dayStart(wholeYear, month, Number(day)) + Number(hour) * 3600 + Number(minute) * 60 + Number(second);
    this.nanos = nanosOf(fraction);
    this.end = end;
    this.seconds -= 60 * (zone === undefined ? this.context.zone(this.seconds) : (offsetMinutes(zone) ?? this.context.zone(this.seconds)));
    return true;
  }

  /** The year is the latest in which the time is not ahead of the file's own. */
  #setWithoutYear(month: number, day: string, time: readonly (string | undefined)[], end: number): boolean {
    const { nowSeconds } = this.context;
    const year = new Date(nowSeconds * 1000).getUTCFullYear();
    for (const guess of [year + 1, year, year - 1]) {
      if (!this.#set(String(guess), month, day, time, end, undefined)) return false;
      if (this.seconds <= nowSeconds + aheadSeconds) break;
    }
    this.isPartial = true;
    return true;
  }

  /** Unix seconds at which a day of UTC begins. */
  protected dayStart(year: number, month: number, day: number): number {
    const key = year * 10_000 + month * 100 + day;
    if (key !== this.#dayKey) {
      this.#dayKey = key;
      this.#daySeconds = Date.UTC(year, month - 1, day) / 1000;
    }
    return this.#daySeconds;
  }
}
