import { labelValue, logLevels, matchesLabels, type LogLevel, type Matcher } from '#core/model/index.ts';
import { piecesOf, type Piece } from './cut.ts';
import type { OpenPart, Part } from './part.ts';
import { mayHold, probeOf, type Probe } from './word-index.ts';

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

/** What can be told of a record without its line. */
export interface Condition {
  readonly matchers: readonly Matcher[];
  /** Undefined for all. */
  readonly levels: ReadonlySet<LogLevel> | undefined;
  readonly needles: readonly NeedleGroup[];
  /** Inclusive. */
  readonly fromNs: bigint;
  /** Exclusive. */
  readonly toNs: bigint;
}

/** What of a part may meet a condition. */
export interface Candidates {
  readonly part: Part;
  /** By number of kind and of stream: 1 when it may. */
  readonly kinds: Uint8Array;
  readonly streams: Uint8Array;
  /** Rows from `from` to `to` lie in the range. */
  readonly from: number;
  readonly to: number;
  readonly open: OpenPart;
  /** Whether a row may meet it, as far as its kind, its stream and the variables of its line tell. */
  readonly may: (row: number) => boolean;
}

/** Undefined when nothing in the part can meet the condition. */
export function candidatesOf(part: Part, condition: Condition): Candidates | undefined {
  if (part.maxNs < condition.fromNs || part.minNs >= condition.toNs) return undefined;
  const { levels } = condition;
  if (levels !== undefined && logLevels.every((level, i) => part.levels[i] === 0 || !levels.has(level))) return undefined;
  const streams = Uint8Array.from(part.streams, (labels) => Number(matchesLabels(condition.matchers, labels)));
  if (!streams.includes(1)) return undefined;
  const kinds = candidateKinds(part, condition);
  if (!kinds.includes(1)) return undefined;
  const open = part.open();
  const { offsets } = open.rows;
  const from = lowerBound(offsets, offsetOf(part, condition.fromNs));
  const to = lowerBound(offsets, offsetOf(part, condition.toNs));
  return from < to ? { part, kinds, streams, from, to, open, may: mayOf(part, open, condition, kinds, streams) } : undefined;
}

function mayOf(part: Part, open: OpenPart, { needles }: Condition, kinds: Uint8Array, streams: Uint8Array): (row: number) => boolean {
  const { rows } = open;
  const groups = needles.filter(({ unlessLabel }) => !saysLabel(part, unlessLabel));
  /** By kind: which ranks may; null for all. */
  const known: (Uint8Array | null | undefined)[] = [];
  return (row) => {
    const kind = rows.kinds[row]!;
    if (kinds[kind] === 0 || streams[rows.streams[row]!] === 0) return false;
    let ranks = known[kind];
    if (ranks === undefined) known[kind] = ranks = ranksOf(open, kind, groups);
    return ranks === null || ranks[rows.ranks[row]!] === 1;
  };
}

const saysLabel = (part: Part, name: string | undefined): boolean =>
  name !== undefined && part.streams.some((labels) => labelValue(labels, name) !== '');

function ranksOf(open: OpenPart, kind: number, groups: readonly NeedleGroup[]): Uint8Array | null {
  let ranks: Uint8Array | null = null;
  for (const { needles, orLevel } of groups) {
    if (open.kinds[kind]!.level === orLevel) continue;
    const group = anyOf(needles.map(({ pieces }) => holdingAll(open, kind, pieces)));
    ranks = bothOf(ranks, group);
    if (ranks?.includes(1) === false) break;
  }
  return ranks;
}

function holdingAll(open: OpenPart, kind: number, pieces: Needle['pieces']): Uint8Array | null {
  const { text } = open.kinds[kind]!;
  let ranks: Uint8Array | null = null;
  for (const { piece } of pieces) {
    if (piece.text.length < 2 || text.includes(piece.text)) continue;
    ranks = bothOf(ranks, open.holding(kind, piece) ?? null);
    if (ranks?.includes(1) === false) break;
  }
  return ranks;
}

function bothOf(a: Uint8Array | null, b: Uint8Array | null): Uint8Array | null {
  return a === null ? b : b === null ? a : a.map((one, i) => one & b[i]!);
}

function anyOf(all: readonly (Uint8Array | null)[]): Uint8Array | null {
  return all.reduce((a, b) => (a === null || b === null ? null : a.map((one, i) => one | b[i]!)));
}

function offsetOf({ minNs, maxNs }: Part, timeNs: bigint): number {
  return timeNs <= minNs ? 0 : timeNs > maxNs ? Number.POSITIVE_INFINITY : Number(timeNs - minNs);
}

/** The first place whose number is not below `value`. */
function lowerBound(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function candidateKinds(part: Part, { levels, needles }: Condition): Uint8Array {
  const kinds = part.kinds();
  const out = Uint8Array.from(kinds, ({ level }) => Number(levels === undefined || levels.has(level)));
  const isHead = part.id === Number.MAX_SAFE_INTEGER;
  for (const { needles: group, unlessLabel, orLevel } of needles) {
    if (saysLabel(part, unlessLabel)) continue;
    const inVariables = group.map(({ pieces }) => pieces.map(() => undefined as boolean | undefined));
    for (let i = 0; i < kinds.length; i++) {
      if (out[i] === 0 || isHead) continue;
      const { text, hasVariables, level } = kinds[i]!;
      if (level === orLevel) continue;
      out[i] = Number(
        group.some(({ pieces }, g) =>
          pieces.every(({ piece, probe }, p) => text.includes(piece.text) || (hasVariables && (inVariables[g]![p] ??= mayHold(part.index(), probe)))),
        ),
      );
    }
  }
  return out;
}
