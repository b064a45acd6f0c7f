import { ByteWriter, type ByteReader } from './bytes.ts';
import type { Column } from './column-form.ts';
import type { Piece } from './cut.ts';
import { DamageError } from '#core/blocks/index.ts';

/**
 * Times inside lines that say what the record's own time says: `2026-11-21T14:05:16.123Z`. Only their form is kept: the count of decimals, the
 * zone's offset, and what stands around.
 */
const isoForm = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:([.,])(\d{1,9}))?(Z|[+-]\d\d:?\d\d)?$/;
/** What may be a part of such a time, in lower case. */
const partOfTime = /^[0-9t:+-]*(?:[.,][0-9]*)?(?:z|[+-][0-9:]*)?$/;
const second = 1_000_000_000;
const secondChars = 19;
const yearDigits = 4;

interface TimeForm {
  readonly mark: string;
  readonly decimals: number;
  readonly offsetMinutes: number;
  readonly suffix: string;
}

/** Values as ranges of bytes. */
export interface ByteRanges {
  readonly bytes: Uint8Array;
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly count: number;
}

/** Undefined unless every value is the time of its row in one form. */
export function packTimes({ bytes, from, to, count }: ByteRanges, offsetOf: (row: number) => number, baseNs: bigint): Buffer | undefined {
  const form = formOf(bytes, from[0]!, to[0]!);
  if (form === undefined) return undefined;
  const says = readerOf(form, baseNs);
  for (let i = 0; i < count; i++) if (!says(bytes, from[i]!, to[i]!, offsetOf(i))) return undefined;
  const { mark, decimals, offsetMinutes, suffix } = form;
  return new ByteWriter(32)
    .text(mark)
    .count(decimals)
    .count(offsetMinutes + 1440)
    .text(suffix)
    .done();
}

export function timesOf(reader: ByteReader, offsetOf: (row: number) => number, baseNs: bigint): Column {
  const form = { mark: reader.text(), decimals: reader.count(), offsetMinutes: reader.count() - 1440, suffix: reader.text() };
  if (form.decimals > 9) throw new DamageError('a column of times has too many decimals');
  const write = writerOf(form, baseNs);
  const at = (row: number): string => write(offsetOf(row));
  const mark = ({ text: run, glued = '' }: Piece, marks: Uint8Array): void => {
    // The runs of a time are its year, two digits, a day and an hour around a T, and a fraction with its zone.
    const digitsMax = Math.max(yearDigits, form.decimals);
    if (!/^[0-9tz]{1,10}$/.test(run) || (/^\d+$/.test(run) && run.length > digitsMax) || !partOfTime.test(glued)) return;
    for (let row = 0; row < marks.length; row++) if (at(row).toLowerCase().includes(glued)) marks[row] = 1;
  };
  return { at, mark };
}

function formOf(bytes: Uint8Array, from: number, to: number): TimeForm | undefined {
  if (to - from < secondChars || to - from > 36) return undefined;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
  const found = isoForm.exec(text);
  if (found === null) return undefined;
  const [, , , mark = '', fraction = '', suffix = ''] = found;
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(suffix) ?? [];
  const offsetMinutes = hours === undefined ? 0 : (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  return Math.abs(offsetMinutes) > 1440 ? undefined : { mark, decimals: fraction.length, offsetMinutes, suffix };
}

/** Whether bytes are what writerOf writes, without writing it. */
function readerOf(
  { mark, decimals, offsetMinutes, suffix }: TimeForm,
  baseNs: bigint,
): (bytes: Uint8Array, from: number, to: number, offsetNs: number) => boolean {
  const second0 = writerOf({ mark: '', decimals: 0, offsetMinutes, suffix: '' }, baseNs);
  const baseRest = Number(baseNs % BigInt(second));
  const length = secondChars + (decimals === 0 ? 0 : 1 + decimals) + suffix.length;
  const unit = 10 ** (9 - decimals);
  const ending = Buffer.from(suffix);
  const head = Buffer.alloc(secondChars);
  let known = Number.NaN;
  return (bytes, from, to, offsetNs) => {
    if (to - from !== length) return false;
    const ns = baseRest + offsetNs;
    const seconds = Math.floor(ns / second);
    if (seconds !== known) {
      known = seconds;
      head.write(second0(offsetNs), 'latin1');
    }
    if (!isAt(bytes, from, head) || !isAt(bytes, to - ending.length, ending)) return false;
    if (decimals === 0) return true;
    let fraction = 0;
    for (let i = from + secondChars + 1; i <= from + secondChars + decimals; i++) {
      const digit = bytes[i]! - 0x30;
      if (!(digit >= 0 && digit <= 9)) return false;
      fraction = fraction * 10 + digit;
    }
    return bytes[from + secondChars] === mark.charCodeAt(0) && fraction === Math.floor((ns - seconds * second) / unit);
  };
}

function isAt(bytes: Uint8Array, from: number, text: Uint8Array): boolean {
  for (let i = text.length - 1; i >= 0; i--) if (bytes[from + i] !== text[i]) return false;
  return true;
}

/** Writes the time that is so many ns behind `baseNs`. The text of a second is made once. */
function writerOf({ mark, decimals, offsetMinutes, suffix }: TimeForm, baseNs: bigint): (offsetNs: number) => string {
  const baseSeconds = Number(baseNs / BigInt(second));
  const baseRest = Number(baseNs % BigInt(second));
  let known = Number.NaN;
  let text = '';
  return (offsetNs) => {
    const ns = baseRest + offsetNs;
    const seconds = Math.floor(ns / second);
    if (seconds !== known) {
      known = seconds;
      text = new Date((baseSeconds + seconds + offsetMinutes * 60) * 1000).toISOString().slice(0, 19);
    }
    if (decimals === 0) return text + suffix;
    const rest = String(ns - seconds * second).padStart(9, '0');
    return text + mark + rest.slice(0, decimals) + suffix;
  };
}
