import { parseTraceparent } from '../spans/context.ts';
import { beginsAsJson } from './json.ts';

const fieldsMax = 256;
const depthMax = 8;
const accessForm =
  /^(?:(\S+:\d+) )?(\S+) (\S+) (\S+) \[([^\]]+)\] "(?:([A-Z]+) )?((?:[^"\\]|\\.)*?)(?: (HTTP\/[\d.]+))?" (\d{3}|-) (\d+|-)(?: "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)")?/;
const klogForm = /^([IWEF])\d{4} \S+\s+(\d+) ([^\s:]+):(\d+)\] ([\s\S]*)$/;
const syslogForm =
  /^(?:<(\d{1,3})>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S+) (\S+) ([^\s[:]{1,64})(?:\[([^\]]{1,32})\])?: ([\s\S]*)$/;
const syslog5424Form = /^<(\d{1,3})>1 \S+ (\S+) (\S+) (\S+) (\S+) (?:-|((?:\[[^\]]*\])+)) ?([\s\S]*)$/;
/** Spring's: `[app,trace,span]` and `[trace-span]`. */
const correlationForm = /\[(?:[\w.-]*,\s?)?([0-9a-f]{32}|[0-9a-f]{16})[,-]\s?([0-9a-f]{16})(?:,(?:true|false))?\]/i;
const pairs = /(?:^|[\s,;([{|])([A-Za-z_@][\w.@-]{0,99})=(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s",;)\]}|]+))/g;

/**
 * The fields that a line tells by itself, in order, names and values laid flat: members of JSON (inner ones joined by `_`, as Loki joins
 * them), logfmt's and other `key=value` pairs, the parts of access logs, syslog and klog.
 */
export function fieldsOfLine(line: string): readonly string[] {
  if (beginsAsJson(line)) {
    const fields = fieldsOfJson(line);
    if (fields !== undefined) return fields;
  }
  const out: string[] = [];
  named(out, accessForm.exec(line), [
    'vhost',
    'remote_addr',
    'ident',
    'user',
    'time',
    'method',
    'path',
    'protocol',
    'status',
    'bytes',
    'referer',
    'user_agent',
  ]);
  if (out.length === 0) named(out, klogForm.exec(line), ['severity', 'thread', 'file', 'line', 'message']);
  if (out.length === 0) named(out, syslog5424Form.exec(line), ['priority', 'host', 'app', 'pid', 'msgid', 'structured_data', 'message']);
  if (out.length === 0) named(out, syslogForm.exec(line), ['priority', 'host', 'app', 'pid', 'message']);
  named(out, correlationForm.exec(line), ['trace_id', 'span_id']);
  for (const [, key = '', quoted, single, bare] of line.matchAll(pairs)) {
    if (out.length >= fieldsMax * 2) break;
    out.push(key, quoted?.replaceAll(/\\(["\\])/g, '$1') ?? single ?? bare ?? '');
  }
  return out;
}

function named(out: string[], found: RegExpExecArray | null, names: readonly string[]): void {
  if (found === null) return;
  names.forEach((name, i) => {
    const value = found[i + 1];
    if (value !== undefined && value !== '-' && value !== '') out.push(name, value);
  });
}

/** The members of a JSON object laid flat, lists left out; undefined when the line is none. */
export function fieldsOfJson(line: string): readonly string[] | undefined {
  let document: unknown;
  try {
    document = JSON.parse(line);
  } catch {
    // What only looks like JSON is read as text.
    return undefined;
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return undefined;
  const out: string[] = [];
  flatten(document, '', 0, out);
  return out;
}

function flatten(json: object, prefix: string, depth: number, out: string[]): void {
  for (const [key, value] of Object.entries(json) as [string, string | number | boolean | object | null][]) {
    if (out.length >= fieldsMax * 2) return;
    const name = prefix === '' ? key : `${prefix}_${key}`;
    if (typeof value === 'object' && value !== null) {
      if (!Array.isArray(value) && depth < depthMax) flatten(value, name, depth + 1, out);
    } else if (value !== null) out.push(name, String(value));
  }
}

const traceKeys = new Set([
  'trace_id',
  'traceid',
  'trace.id',
  'trace',
  'dd.trace_id',
  'otel.trace_id',
  'x_trace_id',
  'trace_traceid',
  'xray_trace_id',
  'logging.googleapis.com/trace',
]);
const spanKeys = new Set(['span_id', 'spanid', 'span.id', 'span', 'dd.span_id', 'otel.span_id', 'logging.googleapis.com/spanid']);
/** Google Cloud names the project before the id; AWS X-Ray writes version and time of an id apart. */
const plainTrace = (value: string): string => value.replace(/^projects\/[^/]+\/traces\//, '').replace(/^1-([0-9a-f]{8})-([0-9a-f]{24})$/i, '$1$2');

/**
 * The trace and span that fields name, 32 and 16 hex digits: in fields of their own, or in a W3C `traceparent`, also among logged headers
 * (`headers_traceparent`). Empty when they name none.
 */
export function traceOfFields(fields: readonly string[]): { readonly traceId: string; readonly spanId: string } {
  let [traceId, spanId] = ['', ''];
  for (let i = 0; i < fields.length; i += 2) {
    const key = fields[i]!.toLowerCase();
    const value = plainTrace(fields[i + 1]!);
    if (traceId === '' && traceKeys.has(key) && /^(?:[0-9a-f]{32}|[0-9a-f]{16})$/i.test(value)) traceId = value.toLowerCase().padStart(32, '0');
    else if (traceId === '' && /(?:^|[._-])traceparent$/.test(key)) ({ traceId, spanId } = parseTraceparent(value) ?? { traceId, spanId });
    else if (spanId === '' && spanKeys.has(key) && /^[0-9a-f]{16}$/i.test(value)) spanId = value.toLowerCase();
  }
  return { traceId, spanId };
}
