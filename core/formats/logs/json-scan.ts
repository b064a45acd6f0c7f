/**
 * The members of a line that is one JSON object, found without building them: most of a log's import is this. Values of the outermost
 * object are told as ranges of the text; what lies inside them is only checked for balance.
 */
export interface Member<Role> {
  readonly role: Role;
  /** Of the value, quotes included. */
  readonly from: number;
  readonly to: number;
}

const [quote, backslash, open, close, openList, closeList, comma, colon] = '"\\{}[],:'.split('').map((text) => text.charCodeAt(0)) as [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
];
const membersMax = 512;
const literal = /true|false|null/y;
const number = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** Loggers write the same keys in the same order: the key expected at a place is compared before it is looked up. */
export class JsonScan<Role> {
  readonly members: Member<Role>[] = [];
  readonly #roleOf: (key: string) => Role | undefined;
  readonly #expected: { readonly text: string; readonly role: Role | undefined }[] = [];

  constructor(roleOf: (key: string) => Role | undefined) {
    this.#roleOf = roleOf;
  }

  /** Fills `members` with the values whose key has a role. False when the text is no whole JSON object. */
  scan(text: string): boolean {
    this.members.length = 0;
    let at = blanks(text, 0);
    if (text.charCodeAt(at) !== open) return false;
    at = blanks(text, at + 1);
    if (text.charCodeAt(at) === close) return blanks(text, at + 1) === text.length;
    for (let i = 0; i < membersMax; i++) {
      const expected = this.#expected[i];
      let role: Role | undefined;
      if (expected !== undefined && text.startsWith(expected.text, at)) {
        role = expected.role;
        at += expected.text.length;
      } else {
        const keyEnd = stringEnd(text, at);
        if (keyEnd < 0) return false;
        role = this.#roleOf(text.slice(at + 1, keyEnd - 1));
        const colonAt = blanks(text, keyEnd);
        if (text.charCodeAt(colonAt) !== colon) return false;
        this.#expected[i] = { text: text.slice(at, colonAt + 1), role };
        at = colonAt + 1;
      }
      const from = blanks(text, at);
      const to = valueEnd(text, from);
      if (to < 0) return false;
      if (role !== undefined) this.members.push({ role, from, to });
      at = blanks(text, to);
      const c = text.charCodeAt(at);
      if (c === close) return blanks(text, at + 1) === text.length;
      if (c !== comma) return false;
      at = blanks(text, at + 1);
    }
    return false;
  }
}

function blanks(text: string, from: number): number {
  let at = from;
  for (let c = text.charCodeAt(at); c === 0x20 || c === 0x09 || c === 0x0d || c === 0x0a; c = text.charCodeAt(++at));
  return at;
}

/** Behind the closing quote of a string that begins at `from`; -1 when there is none. */
export function stringEnd(text: string, from: number): number {
  if (text.charCodeAt(from) !== quote) return -1;
  let at = from + 1;
  for (;;) {
    const end = text.indexOf('"', at);
    if (end < 0) return -1;
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === backslash) slashes++;
    if (slashes % 2 === 0) return end + 1;
    at = end + 1;
  }
}

function valueEnd(text: string, from: number): number {
  const c = text.charCodeAt(from);
  if (c === quote) return stringEnd(text, from);
  if (c === open || c === openList) return nestedEnd(text, from);
  const form = c === 0x2d || (c >= 0x30 && c <= 0x39) ? number : literal;
  form.lastIndex = from;
  return form.test(text) ? form.lastIndex : -1;
}

/** Behind the bracket that closes the one at `from`. */
function nestedEnd(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const c = text.charCodeAt(at);
    if (c === quote) {
      const end = stringEnd(text, at);
      if (end < 0) return -1;
      at = end - 1;
    } else if (c === open || c === openList) depth++;
    else if (c === close || c === closeList) {
      if (--depth === 0) return at + 1;
    }
  }
  return -1;
}
