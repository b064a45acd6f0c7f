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

/** By code unit; everything beyond ASCII stands apart. */
const classes = new Uint8Array(128);
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

  /** False when there are too many variables. */
  cut(text: string, seed: number): boolean {
    const { bounds } = this;
    const { length } = text;
    let hash = seed;
    let count = 0;
    let at = 0;
    while (at < length) {
      const first = text.charCodeAt(at);
      let kind = first < 128 ? classes[first]! : 0;
      if (kind === 0 || kind > digit) {
        hash = Math.imul(hash ^ first, prime);
        at++;
        if (first !== quote && first !== equals) continue;
        const end = valueEnd(text, at, first);
        if (end <= at) continue;
        if (count === variablesMax) return false;
        bounds[count * 2] = at;
        bounds[count * 2 + 1] = end;
        count++;
        hash = Math.imul(hash ^ variableMark, prime);
        at = end;
        continue;
      }
      const from = at;
      const before = hash;
      let hasDigit = kind === digit;
      hash = Math.imul(hash ^ first, prime);
      for (at++; at < length; at++) {
        const c = text.charCodeAt(at);
        const last = kind;
        kind = c < 128 ? classes[c]! : 0;
        if (kind === digit) hasDigit = true;
        else if (kind === letter) {
          // Letters go on with the run.
        } else if (kind === 0 || !glues(kind, last, text, at + 1)) break;
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
const valueCharsMax = 256;
/** What ends a value behind `=`. */
const enders = new Set('",;)]}&'.split('').map((c) => c.charCodeAt(0)));

/** Where a value without blanks ends that begins at `from`, behind a quote or `=`; 0 when there is none. */
function valueEnd(text: string, from: number, mark: number): number {
  const isQuoted = mark === quote;
  if (isQuoted) {
    const before = text.charCodeAt(from - 2);
    if (before !== colon && (before !== blank || text.charCodeAt(from - 3) !== colon)) return 0;
  }
  const last = Math.min(text.length, from + valueCharsMax);
  for (let at = from; at < last; at++) {
    const c = text.charCodeAt(at);
    if (isQuoted ? c === quote : c <= blank || enders.has(c)) return at;
    if (c <= blank) return 0;
  }
  return isQuoted || last < text.length ? 0 : last;
}

function glues(kind: number, last: number, text: string, next: number): boolean {
  const c = text.charCodeAt(next);
  const after = c < 128 ? classes[c]! : 0;
  return kind === glue ? (last === letter || last === digit) && (after === letter || after === digit) : last === digit && after === digit;
}

/** A run of letters, digits and `_`, in lower case. What a text must hold wherever it is found. */
export interface Piece {
  readonly text: string;
  /** Whether something else stands before and behind it: then it is a whole run wherever it is found. */
  readonly isWhole: boolean;
}

/** The runs of a text that is looked for. */
export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  for (const { 0: run, index } of text.matchAll(/[A-Za-z0-9_]+/g)) {
    pieces.push({ text: run.toLowerCase(), isWhole: index > 0 && index + run.length < text.length });
  }
  return pieces;
}
