import { EngineError, noScope, resourceOf, type Attribute, type Resource, type Span } from '#core/model/index.ts';
import type { FileSink } from '../sink.ts';
import { columnNames, columnOf, plainName } from './names.ts';
import type { CsvRow } from './rows.ts';
import type { TableHead, TableReader } from './table-reader.ts';
import { timeColumnOf, timeNsIn } from './time-column.ts';
import { timeNsOf } from './time.ts';
import { workloadOf } from './workload.ts';

/** Spans, a row each. */
export function spanTable({ rows }: TableHead, sink: FileSink): TableReader | undefined {
  const [header, ...body] = rows;
  if (header === undefined) return undefined;
  const names = header.cells;
  const at = {
    trace: columnOf(names, columnNames.trace),
    span: columnOf(names, columnNames.span),
    parent: columnOf(names, columnNames.parent),
    operation: columnOf(names, columnNames.operation),
    service: columnOf(names, columnNames.service),
    start: timeColumnOf(names, body),
    end: columnOf(names, columnNames.end),
    duration: columnOf(names, columnNames.duration),
    status: columnOf(names, columnNames.status),
  };
  if (at.trace < 0 || at.span < 0 || at.start < 0 || at.service < 0 || (at.end < 0 && at.duration < 0)) return undefined;
  return { format: 'CSV of spans', headerRows: 1, row: (row) => sink.takeSpans([spanOf(row, names, at)], row.line) };
}

type Columns = Readonly<Record<'trace' | 'span' | 'parent' | 'operation' | 'service' | 'start' | 'end' | 'duration' | 'status', number>>;

/** Of Jaeger's and Zipkin's tables, which name no unit. */
const durationUnitNs = 1000;
const unitsNs: readonly (readonly [RegExp, number])[] = [
  [/nanos?|ns/, 1],
  [/micros?|us/, 1000],
  [/millis?|ms/, 1_000_000],
];

function spanOf(row: CsvRow, names: readonly string[], at: Columns): Span {
  const { cells } = row;
  const cell = (column: number): string => (column < 0 ? '' : (cells[column] ?? '').trim());
  const startNs = timeNsIn(row, at.start);
  return {
    traceId: idOf(cell(at.trace), 32),
    spanId: idOf(cell(at.span), 16),
    parentId: /^(root|null|none|nan|-|0*)$/i.test(cell(at.parent)) ? '' : idOf(cell(at.parent), 16),
    name: cell(at.operation),
    kind: 'unspecified',
    startNs,
    endNs: startNs + durationNs(cell(at.end), cell(at.duration), names[at.duration] ?? '', startNs),
    status: isFailure(cell(at.status)) ? 'error' : 'unset',
    statusText: '',
    attributes: attributesOf(cells, names, at),
    events: [],
    links: [],
    resource: resource(cell(at.service), names[at.service]!),
    scope: noScope,
    traceState: '',
    flags: 0,
    droppedAttributes: 0,
    droppedEvents: 0,
    droppedLinks: 0,
  };
}

function durationNs(end: string, duration: string, name: string, startNs: bigint): bigint {
  const endNs = end === '' ? undefined : timeNsOf(end);
  if (endNs !== undefined && endNs >= startNs) return endNs - startNs;
  const value = Number(duration);
  if (duration === '' || !Number.isFinite(value)) throw new EngineError('invalid', `"${duration.slice(0, 40)}" is no duration`);
  const unit = unitsNs.find(([words]) => words.test(plainName(name).replace(/^duration|^elapsed/, '')))?.[1] ?? durationUnitNs;
  return BigInt(Math.round(value * unit));
}

/** An id as it is when it is hexadecimal, else a number made of its text (FNV-1a of 64 bits), so that references still meet. */
export function idOf(text: string, digits: number): string {
  if (/^[0-9a-f]+$/i.test(text) && text.length <= digits) return text.toLowerCase().padStart(digits, '0');
  if (text === '') throw new EngineError('invalid', 'an id is missing');
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  const half = hash.toString(16).padStart(16, '0');
  return digits === 32
    ? half +
        BigInt.asUintN(64, hash * 0x100000001b3n)
          .toString(16)
          .padStart(16, '0')
    : half;
}

/** Words of failure, HTTP status codes from 500, and gRPC's codes that are not 0. */
function isFailure(status: string): boolean {
  if (/^(true|error|err|fail|failed|failure|exception)$/i.test(status)) return true;
  const code = Number(status);
  return status !== '' && ((code >= 500 && code < 600) || (code > 0 && code < 17));
}

const attributesMax = 32;

function attributesOf(cells: readonly string[], names: readonly string[], at: Columns): Attribute[] {
  const known = new Set(Object.values(at));
  const attributes: Attribute[] = [];
  names.forEach((name, i) => {
    const text = cells[i] ?? '';
    if (known.has(i) || text === '' || name === '' || attributes.length === attributesMax) return;
    attributes.push({ key: name, type: 'string', text });
  });
  return attributes;
}

const resources = new Map<string, Resource>();
const resourcesMax = 10_000;

function resource(value: string, column: string): Resource {
  const key = `${column}\n${value}`;
  const known = resources.get(key);
  if (known !== undefined) return known;
  const isPod = /pod|cmdb/.test(plainName(column));
  const attributes: Attribute[] = [{ key: 'service.name', type: 'string', text: isPod ? workloadOf(value) : value }];
  if (isPod) attributes.push({ key: 'k8s.pod.name', type: 'string', text: value });
  const made = resourceOf(attributes);
  if (resources.size >= resourcesMax) resources.clear();
  resources.set(key, made);
  return made;
}
