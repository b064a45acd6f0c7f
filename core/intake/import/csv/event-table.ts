import { labelsFrom } from '#core/model/index.ts';
import type { FileSink } from '../sink.ts';
import { columnNames, labelNameOf, plainName } from './names.ts';
import type { TableHead, TableReader } from './table-reader.ts';
import { timeColumnOf, timeNsIn } from './time-column.ts';

const services = new Set<string>(columnNames.service);

/** Anything else that has times: deploys, flags, annotations. Each row becomes a log line in logfmt, under the name of its file. */
export function eventTable({ rows, stem }: TableHead, sink: FileSink): TableReader | undefined {
  const [header, ...body] = rows;
  if (header === undefined || body.length === 0) return undefined;
  const names = header.cells;
  const time = timeColumnOf(names, body);
  if (time < 0 || names.length < 2) return undefined;
  const service = names.findIndex((name) => services.has(plainName(name)));
  return {
    format: 'CSV of events',
    headerRows: 1,
    row: (row) => {
      const { cells, line } = row;
      const pairs = names.flatMap((name, i) => (i === time || (cells[i] ?? '') === '' ? [] : [`${labelNameOf(name)}=${quoted(cells[i]!)}`]));
      const labels = labelsFrom([
        ['events', stem],
        ['service_name', service < 0 ? '' : (cells[service] ?? '')],
      ]);
      sink.takeLogs([{ timeNs: timeNsIn(row, time), labels, line: pairs.join(' '), level: 'info', fields: [] }], line);
    },
  };
}

const quoted = (cell: string): string => (/[\s"=]/.test(cell) ? JSON.stringify(cell) : cell);
