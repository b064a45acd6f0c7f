/** The forms that timestamps have, as sticky patterns, and the small readings that they share. */
import { abbreviationMinutes } from './zone.ts';

const c0 = 0x30;
const c9 = 0x39;

/** Names of months as syslog writes them in the locales met: English, French, German, Spanish; by their first letters. */
const months: readonly (readonly string[])[] = [
  ['jan', 'ene'],
  ['feb', 'fev', 'fév'],
  ['mar', 'mär'],
  ['apr', 'avr', 'abr'],
  ['may', 'mai'],
  ['jun', 'juin'],
  ['jul', 'juil'],
  ['aug', 'aoû', 'aou', 'ago'],
  ['sep'],
  ['oct', 'okt'],
  ['nov'],
  ['dec', 'déc', 'dez', 'dic'],
];
const monthNumbers = new Map(months.flatMap((names, i) => names.map((name) => [name, i + 1] as const)));

/** 1 to 12; 0 for a word that is no month. */
export function monthOf(word: string): number {
  const lower = word.toLowerCase();
  return monthNumbers.get(lower) ?? monthNumbers.get(lower.slice(0, 4)) ?? monthNumbers.get(lower.slice(0, 3)) ?? 0;
}

export const monthDay =
  /([A-Za-zéûä]{3,9})\.? {1,2}(\d\d?)(?:,? (\d{4}))?,?(?: @)? {1,2}(\d\d?):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?: ([AP]M)\b)?(?: ([A-Z]{3,4})\b)?(?: (\d{4}))?(?: ?([+-]\d\d:?\d\d))?/y;
export const dayMonth =
  /(\d\d?)[ /-]([A-Za-zéûä]{3,9})\.?[ /-](\d{4}|\d\d)[ :T](\d\d?):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?: ?([+-]\d\d:?\d\d|Z|[A-Z]{3,4}\b))?/y;
export const numeric =
  /(\d{1,2})([/.-])(\d{1,2})[/.-](\d{4}|\d\d),?[ T-](\d\d?):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?: ?([AaPp][Mm]))?(?: ?([+-]\d\d:?\d\d|Z))?/y;
export const compact = /(\d{4})(\d\d)(\d\d)[T. _-]?(\d\d):?(\d\d):?(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?(?!\d)/y;
export const ordinal = /(\d{4})-(\d{3})[T ](\d\d?):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?/y;
export const epoch = /(\d{10})(?:(\d{3})(\d{3})?(\d{3})?)?(?:[.,](\d{1,9}))?(?![\d/-]|:\S)/y;
/** ISO 8601 week dates. */
export const week = /(\d{4})-W(\d\d)-([1-7])[T ](\d\d?):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?/y;
/** MySQL's and Tornado's `YYMMDD`, and a date whose hour has one digit or stands behind two blanks. */
export const sixDigits = /(\d\d)(\d\d)(\d\d) {1,2}(\d\d?):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?!\d)/y;
export const shortHour = /(\d{4})-(\d\d)-(\d\d) {1,2}(\d\d?):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?!\d)/y;
/** Android's `MM-DD`, and go-ethereum's, which parts it from the time by a bar. */
export const dashedMonth = /(\d\d)-(\d\d)[ |](\d\d):(\d\d):(\d\d)[.](\d{1,9})(?!\d)/y;
export const twelveHours = /(\d\d?):(\d\d)(?::(\d\d))? ?([AP]M)\b/y;
export const zoneName = /[A-Z][A-Za-z]+\/[A-Z][A-Za-z_]+(?:\/[A-Z][A-Za-z_]+)?/y;
export const clockOnly = /(\d\d?):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?!\d)/y;
export const minuteClock = /(\d\d):(\d\d)\.(\d{3,9})(?!\d)/y;
export const klog = /[IWEF](\d{4})?(\d\d)(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{1,9})/y;
export const tai = /@4([0-9a-f]{15})([0-9a-f]{8})/y;

/** The number that `count` digits at `from` make; -1 when they are not all digits. */
export function digits(line: string, from: number, count: number): number {
  let value = 0;
  for (let i = from; i < from + count; i++) {
    const c = line.charCodeAt(i);
    if (!(c >= c0 && c <= c9)) return -1;
    value = value * 10 + c - c0;
  }
  return value;
}

export function matchAt(form: RegExp, line: string, from: number): RegExpExecArray | null {
  form.lastIndex = from;
  return form.exec(line);
}

export function nanosOf(fraction: string | undefined): number {
  return fraction === undefined ? 0 : Number(fraction.padEnd(9, '0'));
}

export function offsetMinutes(zone: string): number | undefined {
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? [];
  if (hours === undefined) return zone === 'Z' ? 0 : abbreviationMinutes(zone);
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

/** The hour of a day of 24 that one of 12 stands for. */
export function hourOf(hour: string, half: string): string {
  return String((Number(hour) % 12) + (half.toLowerCase() === 'pm' ? 12 : 0));
}
