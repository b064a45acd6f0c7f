import { EngineError } from '#core/model/index.ts';
import { columnNames, plainName } from './names.ts';
import type { CsvRow } from './rows.ts';
import { fineness, timeNsOf } from './time.ts';

/** A column with so many times is one of times; the other rows are faults. */
const timesShareMin = 0.5;
const named = new Set<string>(columnNames.time);

/** The column of times: of those named so the one with the finest times, else the first whose cells are all times of this age. -1: none. */
export function timeColumnOf(header: readonly string[], rows: readonly CsvRow[]): number {
  let best = -1;
  let finest = 0;
  header.forEach((name, i) => {
    if (!named.has(plainName(name))) return;
    const fine = rows.map(({ cells }) => fineness(cells[i] ?? '')).filter((one) => one > 0);
    if (fine.length >= rows.length * timesShareMin && fine.length > 0 && Math.min(...fine) > finest) [best, finest] = [i, Math.min(...fine)];
  });
  if (best >= 0 || rows.length === 0) return best;
  return rows.every(({ cells }) => fineness(cells[0] ?? '') > 0 && (timeNsOf(cells[0]!) ?? 0n) > yearNs) ? 0 : -1;
}

/** A number below is no time unless its column says so. */
const yearNs = 31_536_000_000_000_000n * 10n;

export function timeNsIn(row: CsvRow, column: number): bigint {
  const ns = timeNsOf(row.cells[column] ?? '');
  if (ns === undefined) throw new EngineError('invalid', `"${(row.cells[column] ?? '').slice(0, 40)}" is no time`);
  return ns;
}

export const msOf = (ns: bigint): number => Number(ns / 1_000_000n);
