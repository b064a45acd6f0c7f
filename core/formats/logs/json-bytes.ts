import type { Role } from './json.ts';

const [quote, backslash, open, close, openList, closeList, comma, colon, minus, plus, dot, c0, c9] = '"\\{}[],:-+.09'
  .split('')
  .map((text) => text.charCodeAt(0)) as [number, number, number, number, number, number, number, number, number, number, number, number, number];
const membersMax = 512;
/** Keys that are remembered behind one value; lines of more different kinds are read all the same. */
const branchesMax = 64;
const literals = ['true', 'false', 'null'].map((text) => Buffer.from(text));

/** What stood between two values of a line, key included, and what stood behind the value then. */
interface Between {
  readonly bytes: Uint8Array;
  readonly role: Role | undefined;
  readonly next: Between[];
}

/**
 * The members of a line that is one JSON object of ASCII, found in its bytes. Loggers write the same keys in the same order: what is expected
 * between two values is compared as bytes, and only what is new is read.
 */
export class JsonBytes {
  /** Members whose key has a role: the role, and where the value begins and ends, quotes included. */
  readonly roles: Role[] = [];
  readonly from: number[] = [];
  readonly to: number[] = [];
  readonly #roleOf: (key: string) => Role | undefined;
  readonly #root: Between[] = [];

  constructor(roleOf: (key: string) => Role | undefined) {
    this.#roleOf = roleOf;
  }

  /** Reads the bytes from `start` to `end`. False when they are no whole JSON object, or not all ASCII. */
  scan(bytes: Buffer, start: number, end: number): boolean {
    this.roles.length = 0;
    this.from.length = 0;
    this.to.length = 0;
    let next = this.#root;
    let at = start;
    for (let i = 0; i < membersMax; i++) {
      const between = known(next, bytes, at, end) ?? this.#learn(next, bytes, at, end, i === 0);
      if (between === undefined) return false;
      const from = at + between.bytes.length;
      const to = valueEnd(bytes, from, end);
      if (to < 0) return false;
      if (between.role !== undefined) {
        this.roles.push(between.role);
        this.from.push(from);
        this.to.push(to);
      }
      at = to;
      if (bytes[at] !== comma) {
        const last = blanks(bytes, at, end);
        if (bytes[last] === close && last < end) return blanks(bytes, last + 1, end) === end;
      }
      next = between.next;
    }
    return false;
  }

  /** Reads what stands before a value, from `at`, and remembers it. */
  #learn(siblings: Between[], bytes: Buffer, at: number, end: number, isFirst: boolean): Between | undefined {
    let to = blanks(bytes, at, end);
    if (bytes[to] !== (isFirst ? open : comma)) return undefined;
    to = blanks(bytes, to + 1, end);
    const keyEnd = stringEnd(bytes, to, end);
    if (keyEnd < 0) return undefined;
    const key = bytes.toString('latin1', to + 1, keyEnd - 1);
    to = blanks(bytes, keyEnd, end);
    if (bytes[to] !== colon) return undefined;
    to = blanks(bytes, to + 1, end);
    if (to >= end) return undefined;
    const between = { bytes: Uint8Array.from(bytes.subarray(at, to)), role: this.#roleOf(key), next: [] };
    if (siblings.length < branchesMax) siblings.push(between);
    return between;
  }
}

function known(siblings: readonly Between[], bytes: Uint8Array, at: number, end: number): Between | undefined {
  for (let i = 0; i < siblings.length; i++) {
    const one = siblings[i]!;
    const { bytes: expected } = one;
    const { length } = expected;
    if (at + length >= end) continue;
    let k = 0;
    while (k < length && expected[k] === bytes[at + k]) k++;
    // A blank that follows would belong to what was expected.
    if (k === length && bytes[at + length]! > 0x20) return one;
  }
  return undefined;
}

function blanks(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && (bytes[at] === 0x20 || bytes[at] === 0x09 || bytes[at] === 0x0d)) at++;
  return at;
}

/** Behind the closing quote of a string of ASCII that begins at `from`; -1 when there is none. */
function stringEnd(bytes: Uint8Array, from: number, end: number): number {
  if (bytes[from] !== quote) return -1;
  for (let at = from + 1; at < end; at++) {
    const c = bytes[at]!;
    if (c === quote) return at + 1;
    if (c === backslash) at++;
    else if (c >= 0x80) return -1;
  }
  return -1;
}

function valueEnd(bytes: Uint8Array, from: number, end: number): number {
  const c = bytes[from]!;
  if (c === quote) return stringEnd(bytes, from, end);
  if (c === open || c === openList) return nestedEnd(bytes, from, end);
  if (c === minus || (c >= c0 && c <= c9)) return numberEnd(bytes, from, end);
  for (const literal of literals) {
    if (from + literal.length <= end && literal.every((byte, i) => bytes[from + i] === byte)) return from + literal.length;
  }
  return -1;
}

/** Behind the bracket that closes the one at `from`. */
function nestedEnd(bytes: Uint8Array, from: number, end: number): number {
  let depth = 0;
  for (let at = from; at < end; at++) {
    const c = bytes[at]!;
    if (c === quote) {
      const to = stringEnd(bytes, at, end);
      if (to < 0) return -1;
      at = to - 1;
    } else if (c === open || c === openList) depth++;
    else if (c >= 0x80) return -1;
    else if ((c === close || c === closeList) && --depth === 0) return at + 1;
  }
  return -1;
}

function numberEnd(bytes: Uint8Array, from: number, end: number): number {
  const whole = digitsEnd(bytes, bytes[from] === minus ? from + 1 : from, end);
  if (whole < 0) return -1;
  let at = whole;
  if (at < end && bytes[at] === dot) {
    const fraction = digitsEnd(bytes, at + 1, end);
    if (fraction < 0) return at;
    at = fraction;
  }
  if (at < end && (bytes[at]! | 0x20) === 0x65) {
    const signed = bytes[at + 1] === plus || bytes[at + 1] === minus ? at + 2 : at + 1;
    const exponent = digitsEnd(bytes, signed, end);
    if (exponent > 0) at = exponent;
  }
  return at;
}

/** Behind the digits at `from`; -1 when there are none. */
function digitsEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at]! >= c0 && bytes[at]! <= c9) at++;
  return at > from ? at : -1;
}
