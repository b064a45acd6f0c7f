import { labelValue, type LogLevel } from '#core/model/index.ts';
import type { Column } from './column-form.ts';
import { piecesOf, type Piece } from './cut.ts';
import { placeOfField, type FieldPlace } from './field-place.ts';
import type { OpenPart, Part } from './part.ts';
import { mayHold, mayHoldPair, probeOf, type Probe } from './word-index.ts';

/** A text that a line must hold. Rules out blocks and kinds of lines; case is not looked at here. */
export interface Needle {
  readonly pieces: readonly { readonly piece: Piece; readonly probe: Probe }[];
}

export function needleOf(text: string): Needle {
  return { pieces: piecesOf(text).map((piece) => ({ piece, probe: probeOf(piece) })) };
}

/** At least one of the texts is in the line, unless the record's stream has the label that says it instead. */
export interface NeedleGroup {
  readonly needles: readonly Needle[];
  readonly unlessLabel?: string;
  /** Records of this level need not hold it. */
  readonly orLevel?: LogLevel;
}

/** What the value of a field must be. */
export interface FieldTest {
  readonly name: string;
  /** Whether a line with this value may pass. */
  readonly accepts: (value: string) => boolean;
  /** The same of a plain number. */
  readonly acceptsNumber: ((value: number) => boolean) | undefined;
  /** Whether one of the numbers from `least` to `largest` may pass; given with `acceptsNumber`. */
  readonly acceptsSome?: (least: number, largest: number) => boolean;
  /** Whether a line of this level that does not have the field may pass. */
  readonly acceptsWithout: (level: LogLevel) => boolean;
  /** Whether `key=value` is taken out of any line. */
  readonly isPaired: boolean;
}

/** What a query says of lines that can be told of many lines at once. Only lines that surely do not pass are ruled out by it. */
export interface Evidence {
  readonly needles: readonly NeedleGroup[];
  /** Lines that hold a text for which one of these is true do not pass. */
  readonly refusals: readonly ((text: string) => boolean)[];
  readonly fields: readonly FieldTest[];
}

export const noEvidence: Evidence = { needles: [], refusals: [], fields: [] };

const saysLabel = (part: Part, name: string | undefined): boolean =>
  name !== undefined && part.streams.some((labels) => labelValue(labels, name) !== '');

/** The evidence that counts in a part: what a label of its streams says is not asked of the lines. */
export function evidenceIn(part: Part, { needles, refusals, fields }: Evidence): Evidence {
  return {
    needles: needles.filter(({ unlessLabel }) => !saysLabel(part, unlessLabel)),
    refusals,
    fields: fields.filter(({ name }) => !saysLabel(part, name)),
  };
}

/** Takes out of `kinds` (1 by number of those that may pass) the kinds whose lines cannot. */
export function ruleOutKinds(part: Part, { needles, refusals, fields }: Evidence, kinds: Uint8Array): void {
  const lines = part.kinds();
  for (const { needles: group, orLevel } of needles) {
    const inVariables = group.map(({ pieces }) => pieces.map(() => undefined as boolean | undefined));
    for (let i = 0; i < lines.length; i++) {
      const { text, hasVariables, level } = lines[i]!;
      if (kinds[i] === 0 || level === orLevel) continue;
      kinds[i] = Number(
        group.some(({ pieces }, g) =>
          pieces.every(({ piece, probe }, p) => text.includes(piece.text) || (hasVariables && (inVariables[g]![p] ??= isInVariables(part, probe)))),
        ),
      );
    }
  }
  for (let i = 0; i < lines.length; i++) {
    const { texts, level } = lines[i]!;
    if (kinds[i] === 0 || texts === undefined) continue;
    const isRefused = refusals.some((refuses) => texts.some(refuses));
    if (isRefused || !fields.every((test) => mayAccept(part, i, texts, level, test))) kinds[i] = 0;
  }
}

function isInVariables(part: Part, probe: Probe): boolean {
  const { pair } = probe;
  const pairs = pair < 0 ? undefined : part.digest()?.pairs;
  return pair < 0 ? mayHold(part.index(), probe) : pairs === undefined || mayHoldPair(pairs, probe);
}

function mayAccept(part: Part, kind: number, texts: readonly string[], level: LogLevel, test: FieldTest): boolean {
  const place = placeOfField(texts, test.name, test.isPaired);
  if (place === 'nowhere') return test.acceptsWithout(level);
  if (place === undefined || test.acceptsSome === undefined) return true;
  const bounds = part.digest()?.bounds[kind]?.[place.column];
  return bounds === undefined || test.acceptsSome(bounds.least, bounds.largest);
}

/** By rank among the rows of a kind: 1 where the line may pass. Null for all. */
export function ranksThatMay(open: OpenPart, kind: number, { needles, refusals, fields }: Evidence): Uint8Array | null {
  const { texts, level } = open.kinds[kind]!;
  let ranks: Uint8Array | null = null;
  for (const { needles: group, orLevel } of needles) {
    if (level === orLevel) continue;
    ranks = bothOf(ranks, anyOf(group.map(({ pieces }) => holdingAll(open, kind, pieces))));
    if (ranks?.includes(1) === false) return ranks;
  }
  if (texts === undefined) return ranks;
  for (const test of fields) {
    const place = placeOfField(texts, test.name, test.isPaired);
    if (place !== undefined && place !== 'nowhere') ranks = bothOf(ranks, accepted(open, kind, test, place, ranks));
    if (ranks?.includes(1) === false) return ranks;
  }
  for (const refuses of refusals) ranks = bothOf(ranks, notRefused(open, kind, refuses));
  return ranks;
}

function holdingAll(open: OpenPart, kind: number, pieces: Needle['pieces']): Uint8Array | null {
  const { text } = open.kinds[kind]!;
  let ranks: Uint8Array | null = null;
  for (const { piece } of pieces) {
    if (piece.glued === undefined || piece.glued.length < 2 || text.includes(piece.glued)) continue;
    ranks = bothOf(ranks, holding(open, kind, piece));
    if (ranks?.includes(1) === false) break;
  }
  return ranks;
}

function holding(open: OpenPart, kind: number, piece: Piece): Uint8Array | null {
  const lines = open.lines(kind);
  if (lines === undefined) return null;
  const marks = new Uint8Array(lines.rows);
  for (const column of lines.columns) column.mark(piece, marks);
  return marks;
}

/** The rows, of those in `ranks`, whose field passes the test. */
function accepted(
  open: OpenPart,
  kind: number,
  { accepts, acceptsNumber }: FieldTest,
  place: FieldPlace & object,
  ranks: Uint8Array | null,
): Uint8Array | null {
  const lines = open.lines(kind);
  const column = lines?.columns[place.column];
  if (lines === undefined || column === undefined) return null;
  const { isJson, isQuoted } = place;
  const asRead = (text: string): boolean => (isQuoted && text.includes('\\')) || accepts(isJson && /^\d/.test(text) ? String(Number(text)) : text);
  const numbers = acceptsNumber === undefined ? undefined : column.numbers?.();
  if (numbers !== undefined) {
    const { values, unit } = numbers;
    const marks = new Uint8Array(values.length);
    for (let row = 0; row < values.length; row++) marks[row] = Number(acceptsNumber!(values[row]! / unit));
    return marks;
  }
  return marked(column, lines.rows, asRead, ranks);
}

/** The rows that do not hold a refused text in one of the values that come again and again. */
function notRefused(open: OpenPart, kind: number, refuses: (text: string) => boolean): Uint8Array | null {
  const lines = open.lines(kind);
  let ranks: Uint8Array | null = null;
  for (const column of lines?.columns ?? []) {
    if (column.values?.texts.some(refuses) === true)
      ranks = bothOf(
        ranks,
        marked(column, lines!.rows, (text) => !refuses(text), null),
      );
  }
  return ranks;
}

function marked(column: Column, rows: number, fits: (text: string) => boolean, ranks: Uint8Array | null): Uint8Array {
  const marks = new Uint8Array(rows);
  if (column.values === undefined) {
    for (let row = 0; row < rows; row++) if (ranks === null || ranks[row] === 1) marks[row] = Number(fits(column.at(row)));
    return marks;
  }
  const { texts, codes } = column.values;
  const wanted = Uint8Array.from(texts, (text) => Number(fits(text)));
  for (let row = 0; row < rows; row++) marks[row] = wanted[codes === undefined ? 0 : codes[row]!] ?? 0;
  return marks;
}

function bothOf(a: Uint8Array | null, b: Uint8Array | null): Uint8Array | null {
  if (a === null || b === null) return a ?? b;
  for (let i = 0; i < a.length; i++) a[i]! &= b[i]!;
  return a;
}

function anyOf(all: readonly (Uint8Array | null)[]): Uint8Array | null {
  return all.reduce((a, b) => {
    if (a === null || b === null) return null;
    for (let i = 0; i < a.length; i++) a[i]! |= b[i]!;
    return a;
  });
}
