import { EngineError } from '#core/model/index.ts';
import type { SeriesRef } from '#core/tsdb/index.ts';
import type { FileSink, Pairs } from '../sink.ts';
import { columnNames, columnOf, labelNameOf, metricNameOf, plainName } from './names.ts';
import type { CsvRow } from './rows.ts';
import { splitNames } from './split-names.ts';
import type { TableHead, TableReader } from './table-reader.ts';
import { msOf, timeColumnOf, timeNsIn } from './time-column.ts';
import { timeNsOf } from './time.ts';
import { workloadOf } from './workload.ts';

const isNumber = (cell: string): boolean =>
  cell.trim() === '' || /^(nan|[-+]?inf(inity)?|null|none)$/i.test(cell.trim()) || Number.isFinite(Number(cell));
/** A column with fewer numbers is one of words. */
const numbersShareMin = 0.5;
const noValue = /^(|null|none)$/i;

function valueOf(cell: string): number {
  const text = cell.trim().toLowerCase();
  if (text === 'nan') return Number.NaN;
  const value = text.endsWith('inf') || text.endsWith('infinity') ? (text.startsWith('-') ? -Infinity : Infinity) : Number(text);
  if (Number.isNaN(value)) throw new EngineError('invalid', `"${cell.slice(0, 40)}" is no number`);
  return value;
}

/** A sample a row: a time, what it is a sample of, and its value. */
export function longMetrics({ rows, stem }: TableHead, sink: FileSink): TableReader | undefined {
  const [header, ...body] = rows;
  if (header === undefined) return undefined;
  const names = header.cells;
  const time = timeColumnOf(names, body);
  const value = columnOf(names, columnNames.value);
  if (time < 0 || value < 0) return undefined;
  const metric = columnOf(names, columnNames.metric);
  const others = names.flatMap((name, i) => (i === time || i === value || i === metric || isTime(name) ? [] : [i]));
  const refs = new Map<string, SeriesRef>();
  return {
    format: 'CSV of samples',
    headerRows: 1,
    row: (row) => {
      const { cells, line } = row;
      if (noValue.test((cells[value] ?? '').trim())) return;
      const key = [metric, ...others].map((i) => cells[i]).join('\n');
      let ref = refs.get(key);
      if (ref === undefined) {
        const pairs = others.flatMap((i) => labelPairsOf(names[i]!, cells[i] ?? ''));
        refs.set(key, (ref = sink.ref(metricNameOf(metric < 0 ? stem : (cells[metric] ?? '')), pairs)));
      }
      sink.sample(ref, msOf(timeNsIn(row, time)), valueOf(cells[value]!), line);
    },
  };
}

const isTime = (name: string): boolean => (columnNames.time as readonly string[]).includes(plainName(name));

/** A pod's workload is told too, as its service. */
function labelPairsOf(column: string, cell: string): Pairs {
  const name = labelNameOf(column);
  return name === 'pod'
    ? [
        [name, cell],
        ['service', workloadOf(cell)],
      ]
    : [[name, cell]];
}

/** A time a row and a column a series; columns of words are labels of the row. */
export function wideMetrics({ rows, stem }: TableHead, sink: FileSink): TableReader | undefined {
  const [header, ...body] = rows;
  if (header === undefined || body.length === 0) return undefined;
  const names = header.cells;
  const time = timeColumnOf(names, body);
  if (time < 0) return undefined;
  const columns = names.flatMap((name, i) => (i === time || isTime(name) || name === '' ? [] : [i]));
  const labels = columns.filter((i) => body.filter(({ cells }) => isNumber(cells[i] ?? '')).length < body.length * numbersShareMin);
  const values = columns.filter((i) => !labels.includes(i));
  if (values.length === 0) return undefined;
  const subjects = labels.length > 0 ? values.map((i) => ({ service: '', callee: '', metric: names[i]! })) : splitNames(values.map((i) => names[i]!));
  for (const { service, callee } of subjects) if (callee !== '') sink.edge(service, callee);
  const rowRefs = new Map<string, readonly SeriesRef[]>();
  return {
    format: 'CSV of series',
    headerRows: 1,
    row: (row) => {
      const key = labels.map((i) => row.cells[i]).join('\n');
      let refs = rowRefs.get(key);
      if (refs === undefined) {
        const pairs = labels.flatMap((i) => labelPairsOf(names[i]!, row.cells[i] ?? ''));
        refs = subjects.map(({ service, callee, metric }) =>
          sink.ref(metricNameOf(metric === '' || plainName(metric) === 'value' ? stem : metric), [...pairs, ...subjectPairs(service, callee)]),
        );
        rowRefs.set(key, refs);
      }
      addRow(row, msOf(timeNsIn(row, time)), values, refs, sink);
    },
  };
}

function subjectPairs(service: string, callee: string): Pairs {
  if (callee !== '')
    return [
      ['client', service],
      ['server', callee],
    ];
  return service === '' ? [] : [['service', service]];
}

function addRow({ cells, line }: CsvRow, timeMs: number, columns: readonly number[], refs: readonly SeriesRef[], sink: FileSink): void {
  columns.forEach((column, i) => {
    const cell = cells[column] ?? '';
    if (!noValue.test(cell.trim())) sink.sample(refs[i]!, timeMs, valueOf(cell), line);
  });
}

const stackedRowsMax = 6;

/** Series a column, with several header rows that each name a label (as pandas writes columns of many levels). */
export function stackedMetrics({ rows, stem }: TableHead, sink: FileSink): TableReader | undefined {
  const first = rows.findIndex(({ cells }) => timeNsOf(cells[0] ?? '') !== undefined);
  if (first < 2 || first > stackedRowsMax) return undefined;
  const levels = rows.slice(0, first).filter(({ cells }) => cells.slice(1).some((cell) => cell !== ''));
  const width = levels[0]?.cells.length ?? 0;
  if (levels.length < 2 || width < 2 || levels.some(({ cells }) => cells.length !== width || cells[0] === '')) return undefined;
  const metric = levels.findIndex(({ cells }) => (columnNames.metric as readonly string[]).includes(plainName(cells[0]!)));
  const refs = levels[0]!.cells.slice(1).map((_, i) => {
    const pairs = levels.flatMap(({ cells }, level) => (level === metric ? [] : labelPairsOf(cells[0]!, cells[i + 1]!)));
    return sink.ref(metricNameOf(metric < 0 ? stem : levels[metric]!.cells[i + 1]!), pairs);
  });
  const columns = refs.map((_, i) => i + 1);
  return {
    format: 'CSV of series with stacked headers',
    headerRows: first,
    row: (row) => addRow(row, msOf(timeNsIn(row, 0)), columns, refs, sink),
  };
}
