import { defaultOtlpConfig, readOtlpLogsJson, readOtlpMetricsJson, readSpanText } from '#core/formats/index.ts';
import { EngineError, messageOf } from '#core/model/index.ts';
import { DeltaTotals } from '../receive/delta-totals.ts';
import { OtlpSeriesWriter } from '../receive/otlp-series.ts';
import { PushBatch } from '../receive/push-batch.ts';
import { Ledger } from '../ledger.ts';
import { readRow, stemOf } from './csv/csv-reader.ts';
import { tableReader } from './csv/table.ts';
import type { FileReader, ReaderInput } from './reader.ts';
import type { FileSink } from './sink.ts';
import { JsonPieces, type JsonPiece } from './json-pieces.ts';
import { stillClock } from './still-clock.ts';

/**
 * JSON that holds no plain log lines: one document, or one a line. Undefined for everything else. Log lines in JSON are read as logs.
 */
export function jsonReader(input: ReaderInput): FileReader | undefined {
  const text = Buffer.from(input.head)
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trimStart();
  if (!text.startsWith('{') && !text.startsWith('[')) return undefined;
  const kind = kinds.find(({ fits }) => fits(text));
  if (kind === undefined) return undefined;
  return isOneALine(text) ? new JsonLines(kind.name, input) : new OneDocument(kind.name, input);
}

type KindName = 'OTLP metrics JSON' | 'OTLP logs JSON' | 'Prometheus API JSON' | 'spans' | 'table';

const kinds: readonly { readonly name: KindName; readonly fits: (text: string) => boolean }[] = [
  { name: 'OTLP metrics JSON', fits: (text) => /"resource_?metrics"\s*:/i.test(text) },
  { name: 'OTLP logs JSON', fits: (text) => /"resource_?logs"\s*:/i.test(text) && !isOneALine(text) },
  { name: 'Prometheus API JSON', fits: (text) => /"resultType"\s*:\s*"(matrix|vector)"/.test(text) },
  { name: 'spans', fits: (text) => /"resource_?spans"\s*:|"batches"\s*:|"spans"\s*:|"SpanContext"|"operationName"\s*:/i.test(text) },
  {
    name: 'spans',
    fits: (text) =>
      /"(trace_?id)"\s*:/i.test(text) &&
      /"(span_?id|id)"\s*:/i.test(text) &&
      /"(duration\w*|end_?time\w*|start_time|timestamp)"\s*:/i.test(text) &&
      !/"(msg|message|body|log|severity\w*|level)"\s*:/i.test(text),
  },
  { name: 'table', fits: (text) => /^\[\s*\{/.test(text) && !/"(msg|message|body|log)"\s*:/i.test(text) },
];

/** Whether the first line is a whole document and a second follows. */
function isOneALine(text: string): boolean {
  const end = text.indexOf('\n');
  if (end < 0 || !/^\s*[{[]/.test(text.slice(end + 1))) return false;
  try {
    JSON.parse(text.slice(0, end));
    return true;
  } catch {
    return false; // the document goes on behind the line
  }
}

/** Where the matter of a long document lies: the list whose items can be read one after the other. */
const listKeys: Readonly<Record<KindName, ReadonlySet<string>>> = {
  'OTLP metrics JSON': new Set(['resourceMetrics', 'resource_metrics']),
  'OTLP logs JSON': new Set(['resourceLogs', 'resource_logs']),
  'Prometheus API JSON': new Set(['result']),
  spans: new Set(['', 'data', 'resourceSpans', 'resource_spans', 'batches']),
  table: new Set(['']),
};

/** One document; the items of a long one are read in groups, so that its size does not matter. */
class OneDocument implements FileReader {
  format: string;
  readonly #kind: KindName;
  readonly #input: ReaderInput;
  readonly #pieces: JsonPieces;

  constructor(kind: KindName, input: ReaderInput) {
    this.format = kind;
    this.#kind = kind;
    this.#input = input;
    this.#pieces = new JsonPieces({ listKeys: listKeys[kind], bytesMax: input.documentBytesMax });
  }

  async push(bytes: Uint8Array): Promise<void> {
    for (const piece of this.#pieces.push(bytes)) await this.#take(piece);
  }

  end(): Promise<void> {
    return this.#take(this.#pieces.end());
  }

  async #take({ bytes, line }: JsonPiece): Promise<void> {
    this.format = await takeDocument(bytes, line, this.#kind, this.#input);
    await this.#input.sink.settle();
  }
}

const linesBytes = 1 << 20;

class JsonLines implements FileReader {
  format: string;
  readonly #kind: KindName;
  readonly #input: ReaderInput;
  #rest: Buffer = Buffer.alloc(0);
  #line = 1;

  constructor(kind: KindName, input: ReaderInput) {
    this.format = kind;
    this.#kind = kind;
    this.#input = input;
  }

  async push(bytes: Uint8Array): Promise<void> {
    this.#rest = this.#rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#rest, bytes]);
    if (this.#rest.length < linesBytes) return;
    const end = this.#rest.lastIndexOf(10) + 1;
    if (end === 0 && this.#rest.length > this.#input.documentBytesMax) throw new EngineError('limit', 'a line is longer than a document may be');
    await this.#take(this.#rest.subarray(0, end));
    this.#rest = this.#rest.subarray(end);
  }

  end(): Promise<void> {
    return this.#take(this.#rest);
  }

  async #take(bytes: Buffer): Promise<void> {
    if (this.#kind === 'spans') {
      if (bytes.length > 0) this.format = await takeDocument(bytes, this.#line, this.#kind, this.#input);
      this.#line += bytes.toString('latin1').split('\n').length - 1;
      return;
    }
    for (const line of bytes.toString('utf8').split('\n')) {
      if (line.trim() !== '') this.format = await takeDocument(Buffer.from(line), this.#line, this.#kind, this.#input);
      this.#line++;
    }
    this.#line--;
  }
}

/** Reads a document into the stores and returns what it was. What cannot be read is a fault. */
async function takeDocument(bytes: Buffer, line: number, kind: KindName, input: ReaderInput): Promise<string> {
  const { sink } = input;
  try {
    switch (kind) {
      case 'OTLP metrics JSON':
        await takeOtlpMetrics(readOtlpMetricsJson(bytes), input);
        return kind;
      case 'OTLP logs JSON': {
        const { records, faultCount, firstFault } = readOtlpLogsJson(bytes, BigInt(Math.round(input.entry.modifiedMs)) * 1_000_000n);
        sink.takeLogs(records, line);
        for (let i = 0; i < faultCount; i++) sink.fault(line, firstFault);
        return kind;
      }
      case 'Prometheus API JSON':
        takeApiAnswer(bytes, line, sink);
        return kind;
      case 'table':
        return takeObjects(bytes, line, input);
      case 'spans':
        return takeSpans(bytes, line, input);
    }
  } catch (error) {
    if (!(error instanceof EngineError) && !(error instanceof SyntaxError)) throw error;
    sink.fault(line, messageOf(error));
    return kind;
  }
}

export async function takeOtlpMetrics(resources: ReturnType<typeof readOtlpMetricsJson>, { entry, sink }: ReaderInput): Promise<void> {
  const batch = new PushBatch(sink.stores.metrics, new Ledger(), 'import');
  const clock = stillClock(Math.round(entry.modifiedMs));
  const writer = new OtlpSeriesWriter(sink.stores.metrics, batch, new DeltaTotals(clock), clock.now(), defaultOtlpConfig);
  writer.write(resources);
  await batch.commit(writer.receivedCount);
  sink.samples += batch.storedSamples + batch.storedHistograms;
  if (batch.sentence !== '') sink.fault(0, batch.sentence);
}

/** Spans in a tool's format, else flat objects as rows of a table. */
function takeSpans(bytes: Buffer, line: number, input: ReaderInput): string {
  const reading = readSpanText(bytes.toString('utf8'), line);
  if (reading.spans.length === 0 && reading.faultCount > 0 && /^\s*\[/.test(bytes.toString('utf8', 0, 100))) {
    const before = input.sink.spans + input.sink.samples;
    const format = takeObjects(bytes, line, input);
    if (input.sink.spans + input.sink.samples > before) return format;
  }
  input.sink.takeSpans(reading.spans, line);
  for (const fault of reading.faults) input.sink.fault(fault.line, fault.reason);
  for (let i = reading.faults.length; i < reading.faultCount; i++) input.sink.fault(0, 'a further item cannot be read');
  for (const note of reading.notes) if (!input.sink.notes.includes(note)) input.sink.notes.push(note);
  return reading.format;
}

/** A list of flat objects: a table whose columns are their members. */
function takeObjects(bytes: Buffer, line: number, { entry, sink }: ReaderInput): string {
  const list = JSON.parse(bytes.toString('utf8')) as unknown;
  const objects = Array.isArray(list)
    ? list.filter((one): one is Record<string, unknown> => typeof one === 'object' && one !== null && !Array.isArray(one))
    : [];
  const header = [...new Set(objects.flatMap((one) => Object.keys(one)))];
  const rows = objects.map((one) => ({ cells: header.map((name) => cellOf(one[name])), line }));
  const table =
    objects.length === 0 ? undefined : tableReader({ rows: [{ cells: header, line }, ...rows.slice(0, 12)], stem: stemOf(entry.path) }, sink);
  if (table === undefined)
    throw new EngineError('invalid', `a list of objects (${header.slice(0, 5).join(', ')}) that are no spans, samples or log lines`);
  for (const row of rows) readRow(table, row, sink);
  return table.format.replace('CSV', 'JSON list');
}

function cellOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** What Prometheus' query API answers, saved to a file. */
function takeApiAnswer(bytes: Buffer, line: number, sink: FileSink): void {
  const json = JSON.parse(bytes.toString('utf8')) as { data?: { result?: unknown } };
  const result = json.data?.result ?? (json as { result?: unknown }).result;
  if (!Array.isArray(result)) throw new EngineError('invalid', 'the answer holds no result');
  for (const series of result as { metric?: Record<string, string>; values?: unknown[]; value?: unknown }[]) {
    const { __name__: name = 'value', ...labels } = series.metric ?? {};
    const ref = sink.ref(
      name,
      Object.entries(labels).map(([label, value]) => [label, value]),
    );
    for (const point of series.values ?? [series.value]) {
      if (!Array.isArray(point) || point.length !== 2) sink.fault(line, 'a point is no pair of time and value');
      else sink.sample(ref, Math.round(Number(point[0]) * 1000), numberOf(String(point[1])), line);
    }
  }
}

const numberOf = (text: string): number => (/^[-+]?Inf/.test(text) ? (text.startsWith('-') ? -Infinity : Infinity) : Number(text));
