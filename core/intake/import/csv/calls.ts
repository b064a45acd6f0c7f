import type { FileSink } from '../sink.ts';
import { columnNames, columnOf } from './names.ts';
import type { TableHead, TableReader } from './table-reader.ts';
import { timeColumnOf } from './time-column.ts';

/** Calls as rows of caller and callee. */
export function callTable({ rows }: TableHead, sink: FileSink): TableReader | undefined {
  const [header, ...body] = rows;
  if (header === undefined || timeColumnOf(header.cells, body) >= 0) return undefined;
  const caller = columnOf(header.cells, columnNames.caller);
  const callee = columnOf(header.cells, columnNames.callee);
  if (caller < 0 || callee < 0 || caller === callee) return undefined;
  return { format: 'CSV of calls', headerRows: 1, row: ({ cells }) => sink.edge((cells[caller] ?? '').trim(), (cells[callee] ?? '').trim()) };
}

/** Calls as a square of numbers: the row calls the column where the number is above 0. */
export function callMatrix({ rows }: TableHead, sink: FileSink): TableReader | undefined {
  const [header, ...body] = rows;
  if (header === undefined || body.length === 0) return undefined;
  const names = header.cells;
  const known = new Set(names.slice(1));
  const isRow = ({ cells }: { cells: readonly string[] }): boolean =>
    cells.length === names.length && known.has(cells[0]!) && cells.slice(1).every((cell) => cell === '' || Number.isFinite(Number(cell)));
  if (names.length < 3 || !body.every(isRow)) return undefined;
  return {
    format: 'CSV of calls, as a matrix',
    headerRows: 1,
    row: ({ cells }) =>
      cells.forEach((cell, i) => {
        if (i > 0 && Number(cell) > 0) sink.edge(cells[0]!, names[i]!);
      }),
  };
}
