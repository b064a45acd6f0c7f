import { EngineError } from '#core/model/index.ts';
import type { FileReader, ReaderInput } from '../reader.ts';
import type { FileSink } from '../sink.ts';
import { CsvRows, separatorOf, type CsvRow } from './rows.ts';
import { tableReader } from './table.ts';
import type { TableHead, TableReader } from './table-reader.ts';

const headRows = 12;

/** A reader of a CSV file; undefined when the head is no table of a kind that is known here. */
export function csvReader({ entry, head, sink }: ReaderInput): FileReader | undefined {
  const text = new TextDecoder().decode(head).replace(/^\uFEFF/, '');
  const separator = separatorOf(text.split('\n', 1)[0]!);
  if (separator === undefined) return undefined;
  const rows = [...new CsvRows(separator).push(text, head.length < fullHeadBytes)].slice(0, headRows);
  if (rows.length < 2) return rows.length === 1 && isHeader(rows[0]!) && head.length < fullHeadBytes ? headerOnly : undefined;
  const tableHead: TableHead = { rows, stem: stemOf(entry.path) };
  const table = tableReader(tableHead, sink);
  return table === undefined ? undefined : new CsvReader(separator, table, sink);
}

/** Several names and no number. */
const isHeader = ({ cells }: CsvRow): boolean =>
  cells.length > 2 && cells.every((cell) => /^[\w@][\w .%()/@:-]{0,80}$/.test(cell) && !Number.isFinite(Number(cell)));

const headerOnly: FileReader = { format: 'CSV without rows', push: () => undefined, end: () => undefined };

/** A head of this many bytes may be cut within its last row. */
const fullHeadBytes = 64 << 10;

/** The file's name without folder and endings: the metric of a table that names none. */
export function stemOf(path: string): string {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('!'), path.lastIndexOf('\\')) + 1);
  return name.replace(/(\.(csv|tsv|txt|gz|zst|json))+$/i, '');
}

class CsvReader implements FileReader {
  readonly format: string;
  readonly #rows: CsvRows;
  readonly #table: TableReader;
  readonly #sink: FileSink;
  readonly #decoder = new TextDecoder();
  #index = 0;

  constructor(separator: string, table: TableReader, sink: FileSink) {
    this.format = table.format;
    this.#rows = new CsvRows(separator);
    this.#table = table;
    this.#sink = sink;
  }

  push(bytes: Uint8Array): void {
    this.#take(this.#decoder.decode(bytes, { stream: true }), false);
  }

  end(): void {
    this.#take(this.#decoder.decode(), true);
  }

  #take(text: string, atEnd: boolean): void {
    for (const row of this.#rows.push(text, atEnd)) if (this.#index++ >= this.#table.headerRows) readRow(this.#table, row, this.#sink);
  }
}

/** A row that cannot be read is a fault, and the rest goes on. */
export function readRow(table: TableReader, row: CsvRow, sink: FileSink): void {
  try {
    table.row(row);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    sink.fault(row.line, error.message);
  }
}
