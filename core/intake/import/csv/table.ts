import type { FileSink } from '../sink.ts';
import { callMatrix, callTable } from './calls.ts';
import { eventTable } from './event-table.ts';
import { logTable } from './log-table.ts';
import { longMetrics, stackedMetrics, wideMetrics } from './metric-tables.ts';
import type { CsvRow } from './rows.ts';
import { spanTable } from './span-table.ts';

/** Reads the rows below the header, one by one. A row that cannot be read throws EngineError, which makes a fault of it. */
export interface TableReader {
  /** Such as `CSV of spans`. */
  readonly format: string;
  /** Rows of the file that belong to the header. */
  readonly headerRows: number;
  row(row: CsvRow): void;
}

export interface TableHead {
  /** The first rows of the file, the header among them. */
  readonly rows: readonly CsvRow[];
  /** The file's name without folder and endings: the metric of a table that names none. */
  readonly stem: string;
}

/** Every kind of table, the surest first: each looks at the head and takes it or not. */
const kinds: readonly ((head: TableHead, sink: FileSink) => TableReader | undefined)[] = [
  spanTable,
  logTable,
  callTable,
  callMatrix,
  stackedMetrics,
  longMetrics,
  wideMetrics,
  eventTable,
];

/** The reader of a table; undefined when it is of no kind that is known here. */
export function tableReader(head: TableHead, sink: FileSink): TableReader | undefined {
  for (const kind of kinds) {
    const reader = kind(head, sink);
    if (reader !== undefined) return reader;
  }
  return undefined;
}
