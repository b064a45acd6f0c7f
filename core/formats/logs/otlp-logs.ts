import { EngineError, labelsFrom, type Labels, type LogLevel, type LogRecord } from '#core/model/index.ts';
import { parseBoundedJson } from '../bounded-json.ts';
import {
  jsonAttributes,
  jsonList,
  jsonNumber,
  jsonObject,
  jsonValue,
  otlpText,
  readValue,
  takeAttribute,
  type OtlpAttribute,
  type OtlpValue,
} from '../otlp/value.ts';
import { ProtoReader } from '../protobuf.ts';
import { levelOfOtlp, levelOfText, levelOfWord } from './level.ts';
import type { LogReading } from './loki.ts';

/** Attributes of a resource that name its stream; the others go beside the lines. Loki's defaults (distributor, otlp_config). */
const streamAttributes = new Set([
  'service.name',
  'service.namespace',
  'service.instance.id',
  'deployment.environment',
  'deployment.environment.name',
  'cloud.region',
  'cloud.availability_zone',
  'host.name',
  'k8s.cluster.name',
  'k8s.namespace.name',
  'k8s.pod.name',
  'k8s.container.name',
  'k8s.deployment.name',
  'k8s.statefulset.name',
  'k8s.daemonset.name',
  'k8s.job.name',
  'k8s.cronjob.name',
  'container.name',
]);

interface Source {
  readonly labels: Labels;
  readonly fields: readonly (readonly [string, string])[];
}

/** What a log record says, in either form. */
interface Fields {
  timeNs: bigint;
  observedNs: bigint;
  severity: number;
  severityText: string;
  body: OtlpValue;
  attributes: readonly OtlpAttribute[];
  traceId: string;
  spanId: string;
}

const blank = (): Fields => ({ timeNs: 0n, observedNs: 0n, severity: 0, severityText: '', body: null, attributes: [], traceId: '', spanId: '' });

function sourceOf(attributes: readonly OtlpAttribute[]): Source {
  const pairs = attributes.map(([key, value]) => [key.replaceAll(/[^A-Za-z0-9_]/g, '_'), otlpText(value), streamAttributes.has(key)] as const);
  const labels = labelsFrom(pairs.filter(([, , isLabel]) => isLabel).map(([key, text]) => [key, text] as const));
  return { labels, fields: pairs.filter(([, , isLabel]) => !isLabel).map(([key, text]) => [key, text] as const) };
}

function recordOf(of: Fields, { labels, fields }: Source, scope: string, nowNs: bigint): LogRecord {
  const line = of.body === null ? '' : otlpText(of.body);
  const beside: (readonly [string, string])[] = [
    ...fields,
    ['scope_name', scope],
    ...of.attributes.map(([key, value]) => [key.replaceAll(/[^A-Za-z0-9_]/g, '_'), otlpText(value)] as const),
  ];
  if (of.traceId !== '' && !/^0+$/.test(of.traceId)) beside.push(['trace_id', of.traceId]);
  if (of.spanId !== '' && !/^0+$/.test(of.spanId)) beside.push(['span_id', of.spanId]);
  if (of.severityText !== '') beside.push(['severity_text', of.severityText]);
  const timeNs = of.timeNs > 0n ? of.timeNs : of.observedNs > 0n ? of.observedNs : nowNs;
  return { timeNs, labels, line, level: levelOf(of, line), fields: labelsFrom(beside) };
}

function levelOf({ severity, severityText }: Fields, line: string): LogLevel {
  const named = levelOfOtlp(severity);
  return named === 'unknown' ? (levelOfWord(severityText) ?? levelOfText(line)) : named;
}

/**
 * Records of an ExportLogsServiceRequest in protobuf (opentelemetry-proto, logs/v1). A record without any time gets `nowNs`. Throws EngineError
 * `invalid` for bytes that are no protobuf.
 */
export function readOtlpLogs(body: Uint8Array, nowNs: bigint): LogReading {
  const reader = new ProtoReader(body);
  const records: LogRecord[] = [];
  while (reader.next()) {
    if (reader.field === 1) reader.message(() => readResourceLogs(reader, records, nowNs));
    else reader.skip();
  }
  return { records, faultCount: 0, firstFault: '' };
}

/** The resource may stand behind its records, so they wait for it. */
function readResourceLogs(reader: ProtoReader, into: LogRecord[], nowNs: bigint): void {
  const attributes: OtlpAttribute[] = [];
  const waiting: { readonly fields: Fields; readonly scope: string }[] = [];
  while (reader.next()) {
    if (reader.field === 1) {
      reader.message(() => {
        while (reader.next()) {
          if (reader.field === 1) takeAttribute(reader, attributes);
          else reader.skip();
        }
      });
    } else if (reader.field === 2) reader.message(() => readScopeLogs(reader, waiting));
    else reader.skip();
  }
  const source = sourceOf(attributes);
  for (const { fields, scope } of waiting) into.push(recordOf(fields, source, scope, nowNs));
}

function readScopeLogs(reader: ProtoReader, into: { fields: Fields; scope: string }[]): void {
  let scope = '';
  const own: Fields[] = [];
  while (reader.next()) {
    if (reader.field === 1) {
      reader.message(() => {
        while (reader.next()) {
          if (reader.field === 1) scope = reader.text();
          else reader.skip();
        }
      });
    } else if (reader.field === 2) reader.message(() => void own.push(readRecord(reader)));
    else reader.skip();
  }
  for (const fields of own) into.push({ fields, scope });
}

function readRecord(reader: ProtoReader): Fields {
  const out = blank();
  const attributes: OtlpAttribute[] = [];
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        out.timeNs = nanos(reader);
        break;
      case 2:
        out.severity = reader.uint();
        break;
      case 3:
        out.severityText = reader.text();
        break;
      case 5:
        out.body = readValue(reader, 0);
        break;
      case 6:
        takeAttribute(reader, attributes);
        break;
      case 9:
        out.traceId = hex(reader);
        break;
      case 10:
        out.spanId = hex(reader);
        break;
      case 11:
        out.observedNs = nanos(reader);
        break;
      default:
        reader.skip();
    }
  }
  return { ...out, attributes };
}

function hex(reader: ProtoReader): string {
  reader.span();
  return Buffer.from(reader.bytes.buffer, reader.bytes.byteOffset + reader.spanFrom, reader.spanTo - reader.spanFrom).toString('hex');
}

/** fixed64, all its bits. */
function nanos(reader: ProtoReader): bigint {
  reader.fixed64();
  return new DataView(reader.bytes.buffer, reader.bytes.byteOffset + reader.at - 8, 8).getBigUint64(0, true);
}

/** The same in OTLP's JSON form; a record that cannot be read is a fault. Throws EngineError `invalid` or `limit`. */
export function readOtlpLogsJson(body: Uint8Array, nowNs: bigint): LogReading {
  const document = jsonObject(parseBoundedJson(body));
  const records: LogRecord[] = [];
  let [faultCount, firstFault] = [0, ''];
  for (const resourceLogs of jsonList(document['resourceLogs'])) {
    const { resource, scopeLogs } = jsonObject(resourceLogs);
    const source = sourceOf(resource === undefined ? [] : jsonAttributes(jsonObject(resource)['attributes']));
    for (const scopeLog of jsonList(scopeLogs)) {
      const { scope, logRecords } = jsonObject(scopeLog);
      const scopeName = scope === undefined ? '' : jsonObject(scope)['name'];
      const name = typeof scopeName === 'string' ? scopeName : '';
      for (const json of jsonList(logRecords)) {
        try {
          records.push(recordOf(fieldsOfJsonRecord(jsonObject(json)), source, name, nowNs));
        } catch (error) {
          if (!(error instanceof EngineError)) throw error;
          faultCount++;
          if (firstFault === '') firstFault = error.message;
        }
      }
    }
  }
  return { records, faultCount, firstFault };
}

const severityNames = ['UNSPECIFIED', 'TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

function fieldsOfJsonRecord(json: Readonly<Record<string, unknown>>): Fields {
  const severity = json['severityNumber'];
  return {
    timeNs: nanosOf(json['timeUnixNano'], 'timeUnixNano'),
    observedNs: nanosOf(json['observedTimeUnixNano'], 'observedTimeUnixNano'),
    severity: typeof severity === 'string' && severity.startsWith('SEVERITY_NUMBER_') ? severityOfName(severity) : jsonNumber(severity),
    severityText: typeof json['severityText'] === 'string' ? json['severityText'] : '',
    body: jsonValue(json['body'], 0),
    attributes: jsonAttributes(json['attributes']),
    traceId: idOf(json['traceId'], 32),
    spanId: idOf(json['spanId'], 16),
  };
}

/** `SEVERITY_NUMBER_INFO2` as its number. */
function severityOfName(name: string): number {
  const [, word = '', step = '1'] = /^SEVERITY_NUMBER_([A-Z]+)(\d?)$/.exec(name) ?? [];
  const place = severityNames.indexOf(word);
  return place <= 0 ? 0 : (place - 1) * 4 + Number(step === '' ? '1' : step);
}

function nanosOf(json: unknown, what: string): bigint {
  if (json === undefined || json === null || json === '') return 0n;
  if (typeof json === 'number' && Number.isFinite(json) && json >= 0) return BigInt(Math.floor(json));
  if (typeof json === 'string' && /^\d{1,19}$/.test(json)) return BigInt(json);
  throw new EngineError('invalid', `${what} is no time in ns`);
}

function idOf(json: unknown, digits: number): string {
  return typeof json === 'string' && json.length === digits && /^[0-9a-f]+$/i.test(json) ? json.toLowerCase() : '';
}
