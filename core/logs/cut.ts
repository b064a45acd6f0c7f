/**
 * Cuts a line into what its kind of line always says and what varies: a run of letters, digits and `_` that holds a digit is a variable,
 * with what glues it to further ones (`10.0.0.7`, `14:05:16,123`, `web-7d9f8`); so is a value without blanks of JSON (`:"GET"`) or of
 * `key=value`. The idea is CLP's (Rodrigues, Luo, Yuan, OSDI'21).
 */
const letter = 1;
const digit = 2;
/** Glue between letters or digits; and glue between digits only. */
const glue = 3;
const digitGlue = 4;

/** By byte; everything beyond ASCII stands apart. */
const classes = new Uint8Array(256);
for (const c of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_') classes[c.charCodeAt(0)] = letter;
for (const c of '0123456789') classes[c.charCodeAt(0)] = digit;
for (const c of '.-+') classes[c.charCodeAt(0)] = glue;
for (const c of ':,') classes[c.charCodeAt(0)] = digitGlue;

/** Variables of one line; a line with more is kept whole. */
const variablesMax = 250;
const prime = 0x01000193;
const variableMark = 0x1f601;

export class Cutter {
  /** Begin and end of each variable, in turn. */
  readonly bounds = new Int32Array(variablesMax * 2);
  count = 0;
  /** Of the text around the variables, 32 bits. */
  hash = 0;

  /** Cuts the bytes from `start` to `end`. False when there are too many variables. */
  cut(bytes: Uint8Array, start: number, end: number, seed: number): boolean {
    const { bounds } = this;
    let hash = seed;
    let count = 0;
    let at = start;
    while (at < end) {
      const first = bytes[at]!;
      let kind = classes[first]!;
      if (kind === 0 || kind > digit) {
        hash = Math.imul(hash ^ first, prime);
        at++;
        if (first !== quote && first !== equals) continue;
        const to = first === equals ? bareEnd(bytes, at, end) : quotedEnd(bytes, at, start, end);
        if (to <= at) continue;
        if (count === variablesMax) return false;
        bounds[count * 2] = at;
        bounds[count * 2 + 1] = to;
        count++;
        hash = Math.imul(hash ^ variableMark, prime);
        at = to;
        continue;
      }
      const from = at;
      const before = hash;
      let hasDigit = kind === digit;
      hash = Math.imul(hash ^ first, prime);
      for (at++; at < end; at++) {
        const c = bytes[at]!;
        const last = kind;
        kind = classes[c]!;
        if (kind === digit) hasDigit = true;
        else if (kind === letter) {
          // Letters go on with the run.
        } else if (kind === 0 || at + 1 >= end || !glues(kind, last, classes[bytes[at + 1]!]!)) break;
        hash = Math.imul(hash ^ c, prime);
      }
      if (!hasDigit) continue;
      if (count === variablesMax) return false;
      bounds[count * 2] = from;
      bounds[count * 2 + 1] = at;
      count++;
      hash = Math.imul(before ^ variableMark, prime);
    }
    this.count = count;
    this.hash = hash;
    return true;
  }
}

const quote = 0x22;
const equals = 0x3d;
const colon = 0x3a;
const blank = 0x20;
const valueBytesMax = 256;
/** What ends a value behind `=`. */
const enders = new Uint8Array(256).fill(1, 0, blank + 1);
for (const c of '",;)]}&') enders[c.charCodeAt(0)] = 1;

/** Where a value without blanks ends that begins at `from` behind `=`; 0 when there is none. */
function bareEnd(bytes: Uint8Array, from: number, end: number): number {
  const last = Math.min(end, from + valueBytesMax);
  for (let at = from; at < last; at++) if (enders[bytes[at]!] === 1) return at;
  return last < end ? 0 : last;
}

/** Where a JSON string without blanks ends that begins at `from`; 0 when the quote before it opens none. */
function quotedEnd(bytes: Uint8Array, from: number, start: number, end: number): number {
  const mark = from - 2 < start ? 0 : bytes[from - 2]!;
  if (mark !== colon && (mark !== blank || from - 3 < start || bytes[from - 3] !== colon)) return 0;
  const last = Math.min(end, from + valueBytesMax);
  for (let at = from; at < last; at++) {
    const c = bytes[at]!;
    if (c === quote) return at;
    if (c <= blank) return 0;
  }
  return 0;
}

function glues(kind: number, last: number, after: number): boolean {
  return kind === glue ? (last === letter || last === digit) && (after === letter || after === digit) : last === digit && after === digit;
}

/** A run of letters, digits and `_`, in lower case. What a text must hold wherever it is found. */
export interface Piece {
  readonly text: string;
  /** Whether something else stands before and behind it: then it is a whole run wherever it is found. */
  readonly isWhole: boolean;
  /** The piece with what is glued to it, which lies in one variable or in none; undefined where a longer piece of the same stands for all. */
  readonly glued: string | undefined;
}

/** What `cut` never parts. */
const gluedRuns = /[A-Za-z0-9_]+(?:[.+-](?=[A-Za-z0-9_])[A-Za-z0-9_]+|(?<=[0-9]):(?=[0-9])[A-Za-z0-9_]+)*/g;

/** The runs of a text that is looked for. */
export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  for (const { 0: whole, index: from } of text.matchAll(gluedRuns)) {
    const runs = [...whole.matchAll(/[A-Za-z0-9_]+/g)];
    const longest = runs.reduce((a, b) => (b[0].length > a[0].length ? b : a));
    for (const run of runs) {
      const at = from + run.index;
      const isWhole = at > 0 && at + run[0].length < text.length;
      pieces.push({ text: run[0].toLowerCase(), isWhole, glued: run === longest ? whole.toLowerCase() : undefined });
    }
  }
  return pieces;
}
