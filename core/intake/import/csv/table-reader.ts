import type { CsvRow } from './rows.ts';

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
