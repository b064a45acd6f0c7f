import { ByteWriter, type ByteReader } from './bytes.ts';
import type { Column } from './column.ts';
import { DamageError } from './blob.ts';

/**
 * Times inside lines that say what the record's own time says: `2026-11-21T14:05:16.123Z`. Only their form is kept: the count of decimals, the
 * zone's offset, and what stands around.
 */
const isoForm = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:([.,])(\d{1,9}))?(Z|[+-]\d\d:?\d\d)?$/;
const second = 1_000_000_000;

interface TimeForm {
  readonly mark: string;
  readonly decimals: number;
  readonly offsetMinutes: number;
  readonly suffix: string;
}

/** Undefined unless every value is the time of its row in one form. */
export function packTimes(values: readonly string[], offsetOf: (row: number) => number, baseNs: bigint): Buffer | undefined {
  const form = formOf(values[0]!);
  if (form === undefined) return undefined;
  const write = writerOf(form, baseNs);
  for (let i = 0; i < values.length; i++) if (write(offsetOf(i)) !== values[i]) return undefined;
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
  const mark = (run: string, marks: Uint8Array): void => {
    // The longest run is a fraction with its zone.
    if (run.length <= 10) for (let row = 0; row < marks.length; row++) if (at(row).toLowerCase().includes(run)) marks[row] = 1;
  };
  return { at, mark };
}

function formOf(text: string): TimeForm | undefined {
  if (text.length < 19 || text.length > 36) return undefined;
  const found = isoForm.exec(text);
  if (found === null) return undefined;
  const [, , , mark = '', fraction = '', suffix = ''] = found;
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(suffix) ?? [];
  const offsetMinutes = hours === undefined ? 0 : (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  return Math.abs(offsetMinutes) > 1440 ? undefined : { mark, decimals: fraction.length, offsetMinutes, suffix };
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
