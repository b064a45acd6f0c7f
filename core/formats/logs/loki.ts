import { EngineError, labelsFrom, type Labels, type LogRecord } from '#core/model/index.ts';
import { parseBoundedJson } from '../bounded-json.ts';
import { ProtoReader } from '../protobuf.ts';
import { LineLevels } from './line-level.ts';

/** What a pushed request held: the records, and how many entries were none, with the first reason. */
export interface LogReading {
  readonly records: readonly LogRecord[];
  readonly faultCount: number;
  readonly firstFault: string;
}

const levels = new LineLevels();

class Collected {
  readonly records: LogRecord[] = [];
  faultCount = 0;
  firstFault = '';

  add(timeNs: bigint, labels: Labels, line: string, fields: Labels): void {
    const beside = fields.length === 0 ? labels : [...labels, ...fields];
    this.records.push({ timeNs, labels, line, level: levels.of(line, beside), fields });
  }

  fault(reason: string): void {
    this.faultCount++;
    if (this.firstFault === '') this.firstFault = reason;
  }
}

/** Loki's push request in JSON: `{"streams": [{"stream": {...}, "values": [["ns", "line", {...}]]}]}`. Throws EngineError. */
export function readLokiPushJson(body: Uint8Array): LogReading {
  const document = parseBoundedJson(body);
  const streams = isObject(document) ? document['streams'] : undefined;
  if (!Array.isArray(streams)) throw new EngineError('invalid', 'the body has no list "streams"');
  const into = new Collected();
  for (const stream of streams as unknown[]) {
    const { stream: labels, values } = isObject(stream) ? stream : {};
    if (!isObject(labels) || !Array.isArray(values)) {
      into.fault('a stream has no object "stream" or no list "values"');
      continue;
    }
    const shared = textPairs(labels);
    for (const entry of values as unknown[]) takeEntry(entry, shared, into);
  }
  return into;
}

function takeEntry(entry: unknown, labels: Labels, into: Collected): void {
  const [time, line, metadata] = Array.isArray(entry) ? (entry as unknown[]) : [];
  if (typeof time !== 'string' || !/^\d{1,19}$/.test(time)) return into.fault('a value has no time, in ns and in quotes');
  if (typeof line !== 'string') return into.fault('a value has no line');
  into.add(BigInt(time), labels, line, isObject(metadata) ? textPairs(metadata) : []);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textPairs(json: Readonly<Record<string, unknown>>): Labels {
  return labelsFrom(Object.entries(json).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value] as const] : [])));
}

/** Loki's push request in protobuf, unpacked (pkg/push: PushRequest). Throws EngineError `invalid`. */
export function readLokiPush(body: Uint8Array): LogReading {
  const reader = new ProtoReader(body);
  const into = new Collected();
  while (reader.next()) {
    if (reader.field === 1) reader.message(() => readStream(reader, into));
    else reader.skip();
  }
  return into;
}

function readStream(reader: ProtoReader, into: Collected): void {
  let labels: Labels | undefined;
  // The labels may stand behind the entries.
  const entries: { readonly timeNs: bigint; readonly line: string; readonly fields: Labels }[] = [];
  while (reader.next()) {
    if (reader.field === 1) labels = labelsOf(reader.text());
    else if (reader.field === 2) reader.message(() => void entries.push(readEntry(reader)));
    else reader.skip();
  }
  for (const { timeNs, line, fields } of entries) {
    if (labels === undefined) into.fault('the labels of a stream are not of the form {name="value"}');
    else into.add(timeNs, labels, line, fields);
  }
}

function readEntry(reader: ProtoReader): { timeNs: bigint; line: string; fields: Labels } {
  let [seconds, nanos, line] = [0, 0, ''];
  const fields: [string, string][] = [];
  while (reader.next()) {
    if (reader.field === 1) {
      reader.message(() => {
        while (reader.next()) {
          if (reader.field === 1) seconds = reader.int();
          else if (reader.field === 2) nanos = reader.int();
          else reader.skip();
        }
      });
    } else if (reader.field === 2) line = reader.text();
    else if (reader.field === 3) reader.message(() => void fields.push(readPair(reader)));
    else reader.skip();
  }
  return { timeNs: BigInt(seconds) * 1_000_000_000n + BigInt(nanos), line, fields: labelsFrom(fields) };
}

function readPair(reader: ProtoReader): [string, string] {
  let [name, value] = ['', ''];
  while (reader.next()) {
    if (reader.field === 1) name = reader.text();
    else if (reader.field === 2) value = reader.text();
    else reader.skip();
  }
  return [name, value];
}

const labelForm = /\s*([A-Za-z_][A-Za-z0-9_]*)\s*=\s*("(?:[^"\\]|\\.)*")\s*(?:,|$)/y;

/** `{app="x", env="prod"}` as a label set; undefined when it is none. */
function labelsOf(text: string): Labels | undefined {
  const inner = text.trim();
  if (!inner.startsWith('{') || !inner.endsWith('}')) return undefined;
  const body = inner.slice(1, -1).trim();
  const pairs: [string, string][] = [];
  labelForm.lastIndex = 0;
  for (let at = 0; at < body.length; at = labelForm.lastIndex) {
    labelForm.lastIndex = at;
    const found = labelForm.exec(body);
    const value = found === null ? undefined : unquoted(found[2]!);
    if (value === undefined) return undefined;
    pairs.push([found![1]!, value]);
  }
  return labelsFrom(pairs);
}

function unquoted(text: string): string | undefined {
  try {
    return JSON.parse(text) as string;
  } catch {
    // Go's escapes that JSON does not know, such as \x00.
    return undefined;
  }
}
