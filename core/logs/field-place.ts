/**
 * Where the value of a field stands in the lines of one kind, as far as the texts around their variables tell. What is told here must be what
 * `fieldsOfLine` and the parsers of LogQL make of such lines; where that is not sure, nothing is told.
 */
export type FieldPlace =
  /** The value is one variable. `isJson`: of a number without quotes, as JSON prints it. */
  | { readonly column: number; readonly isJson: boolean; readonly isQuoted: boolean }
  /** No line of the kind has the field. */
  | 'nowhere';

const variable = '\0';
const keyOfJson = /"([^"]*)"[ ]*:/g;
const keyOfPair = /([^\s=,;([{|]+)=/g;
/** Names that parts of access logs, syslog, klog and Spring's lines get by their place. */
const placed =
  /^(?:vhost|remote_addr|ident|user|time|method|path|protocol|status|bytes|referer|user_agent|severity|thread|file|line|message|priority|host|app|pid|msgid|structured_data|trace_id|span_id)$/;

const plainName = (key: string): string => key.replaceAll(/[^A-Za-z0-9_]/g, '_');

/** `texts` stand around the variables of a line. Undefined when it cannot be told. `isPaired`: `key=value` is taken out of JSON too. */
export function placeOfField(texts: readonly string[], name: string, isPaired: boolean): FieldPlace | undefined {
  // A digit would make a key a variable.
  if (!/^[A-Za-z_]+$/.test(name)) return undefined;
  const joined = texts.join(variable);
  const isJson = joined.startsWith('{"') && joined.endsWith('}');
  if (!isJson) return joined.startsWith('{') ? undefined : placeOfPair(joined, name);
  return isPaired && joined.includes('=') ? undefined : placeOfMember(joined, name);
}

function placeOfMember(joined: string, name: string): FieldPlace | undefined {
  if (joined.includes(`${name}=`)) return undefined;
  let found = -1;
  for (const { 0: whole, 1: key = '', index } of joined.matchAll(keyOfJson)) {
    if (key.includes(variable) || key.includes('\\')) return undefined;
    const own = plainName(key);
    // The inner one of two keys that are joined.
    if (own !== name && name.endsWith(`_${own}`)) return undefined;
    if (own !== name) continue;
    if (found >= 0) return undefined;
    found = index + whole.length;
  }
  if (found < 0) return 'nowhere';
  if (/[{[]/.test(joined.slice(1, found))) return undefined;
  while (joined[found] === ' ') found++;
  const isQuoted = joined[found] === '"';
  const at = isQuoted ? found + 1 : found;
  const isWhole = joined[at] === variable && (isQuoted ? '"' : ',} ').includes(joined[at + 1] ?? variable);
  return isWhole ? { column: columnAt(joined, at), isJson: !isQuoted, isQuoted } : undefined;
}

function placeOfPair(joined: string, name: string): FieldPlace | undefined {
  if (placed.test(name) || joined.includes(`${variable}=`)) return undefined;
  let found = -1;
  for (const { 0: whole, 1: key = '', index } of joined.matchAll(keyOfPair)) {
    if (plainName(key) !== name && !plainName(key).endsWith(name)) continue;
    if (key !== name || found >= 0 || (index > 0 && !/\s/.test(joined[index - 1]!))) return undefined;
    found = index + whole.length;
  }
  if (found < 0) return 'nowhere';
  const isQuoted = joined[found] === '"';
  const at = isQuoted ? found + 1 : found;
  const rest = joined.slice(at + 1, at + 3);
  const isWhole = joined[at] === variable && (isQuoted ? /^"(?:\s|$)/ : /^(?:\s|$)/).test(rest);
  return isWhole ? { column: columnAt(joined, at), isJson: false, isQuoted } : undefined;
}

function columnAt(joined: string, at: number): number {
  let column = 0;
  for (let i = joined.indexOf(variable); i < at; i = joined.indexOf(variable, i + 1)) column++;
  return column;
}
