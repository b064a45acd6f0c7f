import { labelsFrom, type Labels, type LogLevel } from '#core/model/index.ts';
import type { FileSink } from '../sink.ts';
import { columnNames, columnOf, labelNameOf, plainName } from './names.ts';
import { idOf } from './span-table.ts';
import type { TableHead, TableReader } from './table-reader.ts';
import { timeColumnOf, timeNsIn } from './time-column.ts';
import { workloadOf } from './workload.ts';

/** Columns that name a stream; the others are fields of the line. */
const streamColumns = new Set([
  'pod',
  'podname',
  'service',
  'servicename',
  'container',
  'containername',
  'namespace',
  'node',
  'nodename',
  'host',
  'hostname',
  'app',
  'cmdbid',
  'stream',
]);

/** Log lines, a row each. */
export function logTable({ rows }: TableHead, sink: FileSink): TableReader | undefined {
  const [header, ...body] = rows;
  if (header === undefined) return undefined;
  const names = header.cells;
  const message = columnOf(names, columnNames.message);
  const time = timeColumnOf(names, body);
  if (message < 0 || time < 0 || message === time) return undefined;
  if (body.every(({ cells }) => Number.isFinite(Number(cells[message] ?? '')))) return undefined;
  const level = columnOf(names, columnNames.level);
  const streams = new Map<string, Labels>();
  const seen = new Set<string>();
  return {
    format: 'CSV of log lines',
    headerRows: 1,
    row: (row) => {
      const { cells } = row;
      const timeNs = timeNsIn(row, time);
      const line = unwrapped(cells[message] ?? '');
      const stream = streamOf(names, cells, streams);
      const key = `${timeNs} ${stream.join(' ')} ${line}`;
      if (seen.has(key)) {
        sink.duplicates++;
        return;
      }
      if (seen.size > 1_000_000) seen.clear();
      seen.add(key);
      sink.takeLogs(
        [{ timeNs, labels: stream, line, level: levelOf(cells[level] ?? '', line), fields: fieldsOf(names, cells, message, time) }],
        row.line,
      );
    },
  };
}

/** The line inside of one that Docker's json-file driver wrote. */
function unwrapped(text: string): string {
  if (!text.startsWith('{"log":')) return text.replace(/\n$/, '');
  try {
    const { log } = JSON.parse(text) as { log?: unknown };
    return typeof log === 'string' ? log.replace(/\n$/, '') : text;
  } catch {
    return text; // cut short by its writer: shown as it is
  }
}

function streamOf(names: readonly string[], cells: readonly string[], streams: Map<string, Labels>): Labels {
  const pairs: [string, string][] = [];
  names.forEach((name, i) => {
    if (streamColumns.has(plainName(name)) && (cells[i] ?? '') !== '') pairs.push([labelNameOf(name), cells[i]!]);
  });
  const key = pairs.join('\n');
  const known = streams.get(key);
  if (known !== undefined) return known;
  const record = Object.fromEntries(pairs);
  const service =
    record['service'] ?? record['app'] ?? (record['pod'] === undefined ? record['container'] : workloadOf(record['pod'])) ?? record['cmdb_id'];
  const labels = labelsFrom(service === undefined ? pairs : [...pairs, ['service_name', service]]);
  streams.set(key, labels);
  return labels;
}

function fieldsOf(names: readonly string[], cells: readonly string[], message: number, time: number): Labels {
  const pairs: [string, string][] = [];
  names.forEach((name, i) => {
    const plain = plainName(name);
    const cell = cells[i] ?? '';
    if (i === message || i === time || cell === '' || streamColumns.has(plain)) return;
    if (plain === 'traceid') pairs.push(['trace_id', hexId(cell, 32)]);
    else if (plain === 'spanid') pairs.push(['span_id', hexId(cell, 16)]);
    else if (!(columnNames.time as readonly string[]).includes(plain)) pairs.push([labelNameOf(name), cell]);
  });
  return labelsFrom(pairs);
}

const hexId = (text: string, digits: number): string => (/^(none|null|nan|-)$/i.test(text.trim()) ? '' : idOf(text.trim(), digits));

const levelWords: readonly (readonly [RegExp, LogLevel])[] = [
  [/\b(FATAL|CRITICAL|CRIT|PANIC|EMERG|ALERT)\b/, 'critical'],
  [/\b(ERROR|ERR|SEVERE|Exception)\b|Exception\b/, 'error'],
  [/\b(WARN|WARNING)\b/, 'warning'],
  [/\b(INFO|NOTICE)\b/, 'info'],
  [/\bDEBUG\b/, 'debug'],
  [/\bTRACE\b/, 'trace'],
];
const headChars = 200;

function levelOf(cell: string, line: string): LogLevel {
  const own = levelWords.find(([word]) => word.test(cell.toUpperCase()))?.[1];
  const head = line.slice(0, headChars);
  const json = /"(?:severity|level)":\s?"(\w+)"/.exec(head)?.[1]?.toUpperCase() ?? '';
  return own ?? levelWords.find(([word]) => word.test(json))?.[1] ?? levelWords.find(([word]) => word.test(head))?.[1] ?? 'unknown';
}
