import type { LogLine } from '#core/contract/index.ts';

/** Unix ns, as a decimal string, in ms. */
export const msOfNs = (ns: string): number => Number(BigInt(ns) / 1_000n) / 1_000;

/** What a line is known by: its time and its text. */
export const refOf = ({ timeNs, line }: { readonly timeNs: string; readonly line: string }): string => `${timeNs} ${line}`;

const parsed = new WeakMap<LogLine, ReadonlyMap<string, string>>();

/** The value of a label or a field of a line; empty when it has none. Members of JSON and `key=value` pairs are looked for in the line. */
export function valueOf(line: LogLine, name: string): string {
  let fields = parsed.get(line);
  if (fields === undefined) parsed.set(line, (fields = fieldsOf(line)));
  return fields.get(name) ?? '';
}

function fieldsOf({ line, labels, fields }: LogLine): Map<string, string> {
  const out = new Map<string, string>();
  const json = jsonOf(line);
  if (json !== undefined) flatten(json, '', out);
  else
    for (const [, key = '', quoted, bare] of line.matchAll(/([A-Za-z_][\w.]*)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]*))/g))
      out.set(key, quoted ?? bare ?? '');
  for (const pairs of [fields, labels]) for (let i = 0; i < pairs.length; i += 2) if (!out.has(pairs[i]!)) out.set(pairs[i]!, pairs[i + 1]!);
  return out;
}

/** Keys under which loggers put what happened, the likeliest first. */
const messageKeys = ['msg', 'message', '@m', 'body', 'event', 'text'];
/** What stands beside a line already, or is only for machines; the detail has it all. */
const besideKeys = /^(@?time(stamp)?|ts|t|level|lvl|severity|trace_?id|span_?id|stack|stack_?trace)$/i;

/** What a person reads of a line: of a JSON object what happened, then the rest as `key=value`; any other line as it is. */
export function readableOf(of: LogLine): string {
  const json = jsonOf(of.line);
  if (json === undefined) return of.line;
  const fields = new Map<string, string>();
  flatten(json, '', fields);
  const key = messageKeys.find((name) => fields.has(name));
  if (key === undefined) return of.line;
  const rest = [...fields].filter(([name]) => name !== key && !besideKeys.test(name)).map(([name, value]) => `${name}=${value}`);
  return [fields.get(key), ...rest].join('  ');
}

/** The object that a line is; undefined when it is none. */
export function jsonOf(line: string): object | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const json: unknown = JSON.parse(line);
    return typeof json === 'object' && json !== null ? json : undefined;
  } catch {
    // Only looks like JSON: it is shown as text.
    return undefined;
  }
}

function flatten(json: object, prefix: string, out: Map<string, string>): void {
  for (const [key, value] of Object.entries(json) as [string, string | number | boolean | object | null][]) {
    const name = prefix === '' ? key : `${prefix}_${key}`;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) flatten(value, name, out);
    else if (value !== null && !Array.isArray(value)) out.set(name, String(value));
  }
}
