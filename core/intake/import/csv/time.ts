/**
 * A time in a cell, as ns since 1970: a number of seconds, ms, us or ns by its size, RFC 3339, or a date and time without a zone, which is
 * taken as UTC; what follows a zone (as in Go's printed times) is passed over. Undefined when it is none.
 */
export function timeNsOf(text: string): bigint | undefined {
  const cell = text.trim();
  if (/^-?\d+(\.\d+)?([eE][+]?\d+)?$/.test(cell)) return numberNs(cell);
  const [, day, time, fraction = '', zone = ''] =
    /^(\d{4}[-/]\d\d?[-/]\d\d?)(?:[T ]+(\d\d?:\d\d(?::\d\d)?)(?:[.,](\d{1,9})\d*)?)? ?(Z|UTC|[+-]\d\d:?\d\d)?(?:[ (].*)?$/i.exec(cell) ?? [];
  if (day === undefined) return undefined;
  const offset = /^[+-]/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(-2)}` : 'Z';
  const date = day
    .split(/[-/]/)
    .map((part) => part.padStart(2, '0'))
    .join('-');
  const clock = (time ?? '00:00:00').padStart(time === undefined || time.length > 5 ? 8 : 5, '0');
  const ms = Date.parse(`${date}T${clock.length === 5 ? `${clock}:00` : clock}${offset}`);
  return Number.isNaN(ms) ? undefined : BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

function numberNs(cell: string): bigint | undefined {
  const value = Number(cell);
  const size = Math.abs(value);
  const perUnit = size < 1e11 ? 1_000_000_000n : size < 1e14 ? 1_000_000n : size < 1e17 ? 1000n : 1n;
  if (/^-?\d+$/.test(cell)) return BigInt(cell) * perUnit;
  const fractionNs = Number(perUnit);
  const whole = Math.trunc(value);
  return Number.isSafeInteger(whole) ? BigInt(whole) * perUnit + BigInt(Math.round((value - whole) * fractionNs)) : undefined;
}

/** How fine a cell's time is: digits of a number, or 10 for a text that is one; 0 for none. */
export function fineness(text: string): number {
  const cell = text.trim();
  if (timeNsOf(cell) === undefined) return 0;
  return /^-?\d+/.test(cell) && !/[-/:]/.test(cell.slice(1)) ? Math.max(11, cell.split('.')[0]!.length) : 10;
}
