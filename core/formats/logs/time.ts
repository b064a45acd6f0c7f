import { EngineError } from '#core/model/index.ts';
import { digits, matchAt, zoneName } from './time-forms.ts';
import { WrittenDates } from './written-dates.ts';
import { abbreviationMinutes, zoneOffset, type ZoneOffset } from './zone.ts';

const placesMax = 100;
const code = (text: string): number => text.charCodeAt(0);
const [c0, c9, colon, dot, comma, dash, plus, space, upperT, upperZ] = '09:.,-+ TZ'.split('').map(code) as [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
];

/**
 * Reads timestamps of log lines. The fields tell of the last one read, so that nothing is allocated for the common forms.
 * Sources: RFC 3339, RFC 3164, RFC 5424, Common Log Format, klog's header, TAI64N, ISO 8601 ordinal dates, ctime.
 */
export class TimeReader extends WrittenDates {
  readonly #iso = { line: '', from: -1, isTime: false, seconds: 0, nanos: 0, end: 0 };
  readonly #places = new Map<string, ZoneOffset>();

  get timeNs(): bigint {
    return BigInt(this.seconds) * 1_000_000_000n + BigInt(this.nanos);
  }

  /** Reads a timestamp that begins exactly at `from`. */
  at(line: string, from: number): boolean {
    this.isPartial = false;
    const c = line.charCodeAt(from);
    if (c >= c0 && c <= c9) return this.isOfRequestedMinute(line, from) || this.iso(line, from) || this.dated(line, from);
    if (c === 0x40) return this.tai(line, from);
    if ((c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a) return this.named(line, from);
    return false;
  }

  /** `YYYY-MM-DD` with any of `-/.`, one of `T _:` or a blank, `HH:MM[:SS]`, a fraction and a zone. */
  iso(line: string, from: number): boolean {
    // Several formats look at the same place of a line, one after the other.
    const known = this.#iso;
    if (line === known.line && from === known.from) {
      this.seconds = known.seconds;
      this.nanos = known.nanos;
      this.end = known.end;
      return known.isTime;
    }
    known.isTime = this.#readIso(line, from);
    known.line = line;
    known.from = from;
    known.seconds = this.seconds;
    known.nanos = this.nanos;
    known.end = this.end;
    return known.isTime;
  }

  #readIso(line: string, from: number): boolean {
    const year = digits(line, from, 4);
    const separator = line.charCodeAt(from + 4);
    if (year < 1970 || (separator !== dash && separator !== 0x2f && separator !== dot) || line.charCodeAt(from + 7) !== separator) return false;
    const month = digits(line, from + 5, 2);
    const day = digits(line, from + 8, 2);
    const between = line.charCodeAt(from + 10);
    if (month < 1 || month > 12 || day < 1 || day > 31) return false;
    if (between !== upperT && between !== space && between !== 0x74 && between !== 0x5f && between !== colon && between !== dash) return false;
    const hour = digits(line, from + 11, 2);
    const minute = digits(line, from + 14, 2);
    if (line.charCodeAt(from + 13) !== colon || hour < 0 || hour > 24 || minute < 0 || minute > 59) return false;
    let at = from + 16;
    let second = 0;
    if (line.charCodeAt(at) === colon) {
      second = digits(line, at + 1, 2);
      if (second < 0 || second > 60) return false;
      at += 3;
    }
    this.seconds = this.dayStart(year, month, day) + hour * 3600 + minute * 60 + second;
    this.#zone(line, this.#fraction(line, at));
    return true;
  }

  /** A whole text that is a time, such as a value of JSON: ISO, or an epoch of any unit. */
  whole(text: string): boolean {
    return this.at(text, 0) && this.end >= text.length;
  }

  /** A number since 1970 in seconds, ms, us or ns, told by its size. False for one of no year from 2000 to 2100. */
  number(value: number): boolean {
    let scaled = value;
    while (scaled > 1e11) scaled /= 1000;
    if (!(scaled > 946_684_800 && scaled < 4_102_444_800)) return false;
    const unit = value > 1e17 ? 1e9 : value > 1e14 ? 1e6 : value > 1e11 ? 1e3 : 1;
    this.seconds = Math.floor(value / unit);
    // A double of seconds holds microseconds of these years, no more.
    this.nanos = unit === 1 ? Math.round((value - this.seconds) * 1e6) * 1000 : Math.round((value - this.seconds * unit) * (1e9 / unit));
    return this.#carry();
  }

  /** The same of a number as it is written: nanoseconds have more digits than a double holds. */
  numberText(text: string): boolean {
    const isLong = (text.length === 16 || text.length === 19) && /^\d+$/.test(text);
    return isLong ? this.epoch(text, 0) : this.number(Number(text));
  }

  #fraction(line: string, from: number): number {
    this.nanos = 0;
    const mark = line.charCodeAt(from);
    if (mark !== dot && mark !== comma) return from;
    let at = from + 1;
    let scale = 1e8;
    for (let c = line.charCodeAt(at); c >= c0 && c <= c9; c = line.charCodeAt(++at)) {
      this.nanos += (c - c0) * scale;
      scale = scale >= 10 ? scale / 10 : 0;
    }
    return at === from + 1 ? from : at;
  }

  #zone(line: string, from: number): void {
    this.end = from;
    const c = line.charCodeAt(from);
    if (c === upperZ || c === 0x7a) {
      this.end = from + 1;
      return;
    }
    const at = c === space ? from + 1 : from;
    const sign = line.charCodeAt(at);
    const hours = sign === plus || sign === dash ? digits(line, at + 1, 2) : -1;
    if (hours >= 0 && hours <= 14) {
      const wide = line.charCodeAt(at + 3) === colon ? 4 : 3;
      const minutes = digits(line, at + wide, 2);
      if (minutes >= 0 || (c !== space && wide === 3)) {
        this.seconds -= (sign === dash ? -1 : 1) * (hours * 3600 + Math.max(minutes, 0) * 60);
        this.end = minutes >= 0 ? at + wide + 2 : at + 3;
        return;
      }
    }
    const place = c === space ? matchAt(zoneName, line, at) : null;
    if (place !== null && this.#placed(place[0])) {
      this.end = zoneName.lastIndex;
      return;
    }
    const named = c === space ? /[A-Z]{3,4}(?![A-Za-z])/y : undefined;
    const name = named === undefined ? null : matchAt(named, line, at);
    const minutes = name === null ? undefined : abbreviationMinutes(name[0]);
    this.seconds -= 60 * (minutes ?? this.context.zone(this.seconds));
    if (minutes !== undefined) this.end = named!.lastIndex;
  }

  /** Takes a local time for that of a place such as `Europe/Berlin`; false when there is none of the name. */
  #placed(name: string): boolean {
    let offset = this.#places.get(name);
    if (offset === undefined) {
      offset = zoneOffsetOrNone(name);
      if (this.#places.size < placesMax) this.#places.set(name, offset);
    }
    if (offset === noZone) return false;
    this.seconds -= 60 * offset(this.seconds);
    return true;
  }

  #carry(): boolean {
    if (this.nanos >= 1e9) {
      this.seconds++;
      this.nanos -= 1e9;
    }
    this.end = 0;
    return true;
  }
}

const noZone: ZoneOffset = () => 0;

function zoneOffsetOrNone(name: string): ZoneOffset {
  try {
    return zoneOffset(name);
  } catch (error) {
    // A word with a slash behind a time is mostly none.
    if (error instanceof EngineError) return noZone;
    throw error;
  }
}
