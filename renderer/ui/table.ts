import { compareText } from '#core/model/index.ts';

export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  readonly align?: 'left' | 'right';
  readonly width?: string;
  /** Given: the column can be sorted. Undefined keys and NaN go last either way. */
  readonly sortKey?: (row: Row) => string | number | undefined;
}

/** The rows in order of a key; rows with equal keys keep their order. */
export function sortRows<Row>(rows: readonly Row[], key: Column<Row>['sortKey'], descending: boolean): readonly Row[] {
  if (key === undefined) return rows;
  const keyed = rows.map((row) => ({ row, key: key(row) }));
  const missing = (held: string | number | undefined): boolean => held === undefined || Number.isNaN(held);
  keyed.sort((a, b) => {
    if (missing(a.key) || missing(b.key)) return Number(missing(a.key)) - Number(missing(b.key));
    const order = typeof a.key === 'number' && typeof b.key === 'number' ? a.key - b.key : compareText(String(a.key), String(b.key));
    return descending ? -order : order;
  });
  return keyed.map(({ row }) => row);
}
