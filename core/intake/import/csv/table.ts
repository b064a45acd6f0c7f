import type { FileSink } from '../sink.ts';
import { callMatrix, callTable } from './calls.ts';
import { eventTable } from './event-table.ts';
import { logTable } from './log-table.ts';
import { longMetrics, stackedMetrics, wideMetrics } from './metric-tables.ts';
import { spanTable } from './span-table.ts';
import type { TableHead, TableReader } from './table-reader.ts';

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
