/**
 * Where things stand in a JSON text. Only looked at when something is wrong, or when a text holds several documents; what is
 * right goes through JSON.parse.
 */
export type JsonPath = readonly (string | number)[];

/** Lines before the value at `path`: 0 when it begins on the text's first line. The deepest part of the path that is there counts. */
export function lineOf(text: string, path: JsonPath): number {
  let at = skipSpace(text, 0);
  for (const step of path) {
    const next = typeof step === 'number' ? elementAt(text, at, step) : memberAt(text, at, step);
    if (next < 0) break;
    at = next;
  }
  return lineBreaks(text, 0, at);
}

export function lineBreaks(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

/** A value that stands by itself in a text of several. */
export interface JsonDocument {
  readonly from: number;
  readonly to: number;
}

/**
 * The objects and lists of a text, one behind the other, with or without line feeds and commas between and within them. What begins
 * and does not end, or is something else, goes up to the next line that begins with a brace or bracket, or to the end.
 */
export function* jsonDocuments(text: string): Generator<JsonDocument> {
  let at = skipSpace(text, 0);
  while (at < text.length) {
    const end = text[at] === '{' || text[at] === '[' ? valueEnd(text, at) : -1;
    const to = end > at ? end : nextStart(text, at);
    yield { from: at, to };
    at = skipSpace(text, to);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
}

function nextStart(text: string, from: number): number {
  const found = /\n[{[]/g;
  found.lastIndex = from + 1;
  const match = found.exec(text);
  return match === null ? text.length : match.index + 1;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && (text.charCodeAt(at) <= 32 || text.charCodeAt(at) === 0xfeff)) at++;
  return at;
}

/** Behind the value that begins at `from`; -1 when it does not end. Texts may stand in quotes as Node.js prints them. */
function valueEnd(text: string, from: number): number {
  const first = text[from];
  if (isQuote(first)) return stringEnd(text, from);
  if (first !== '{' && first !== '[') {
    let at = from;
    while (at < text.length && !/[\s,\]}:]/.test(text[at]!)) at++;
    return at;
  }
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (isQuote(char)) {
      at = stringEnd(text, at) - 1;
      if (at < 0) return -1;
    } else if (char === '{' || char === '[') depth++;
    else if ((char === '}' || char === ']') && --depth === 0) return at + 1;
  }
  return -1;
}

function isQuote(char: string | undefined): boolean {
  return char === '"' || char === "'" || char === '`';
}

function stringEnd(text: string, from: number): number {
  const quote = text[from];
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === quote) return at + 1;
  }
  return -1;
}

function elementAt(text: string, from: number, index: number): number {
  if (text[from] !== '[') return -1;
  let at = skipSpace(text, from + 1);
  for (let i = 0; i < index; i++) {
    const end = valueEnd(text, at);
    const comma = skipSpace(text, Math.max(end, at));
    if (end < 0 || text[comma] !== ',') return -1;
    at = skipSpace(text, comma + 1);
  }
  return at < text.length && text[at] !== ']' ? at : -1;
}

function memberAt(text: string, from: number, name: string): number {
  if (text[from] !== '{') return -1;
  let at = skipSpace(text, from + 1);
  while (text[at] === '"') {
    const keyEnd = stringEnd(text, at);
    const colon = skipSpace(text, keyEnd);
    if (keyEnd < 0 || text[colon] !== ':') return -1;
    const value = skipSpace(text, colon + 1);
    if (text.slice(at, keyEnd) === JSON.stringify(name)) return value;
    const end = valueEnd(text, value);
    if (end < 0) return -1;
    const comma = skipSpace(text, end);
    if (text[comma] !== ',') return -1;
    at = skipSpace(text, comma + 1);
  }
  return -1;
}
