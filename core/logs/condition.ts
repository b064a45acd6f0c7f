import { labelValue, logLevels, matchesLabels, type LogLevel, type Matcher } from '#core/model/index.ts';
import { piecesOf, type Piece } from './cut.ts';
import type { Part } from './part.ts';
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
  const { offsets } = part.rows();
  const from = lowerBound(offsets, offsetOf(part, condition.fromNs));
  const to = lowerBound(offsets, offsetOf(part, condition.toNs));
  return from < to ? { part, kinds, streams, from, to } : undefined;
}

function offsetOf({ minNs, maxNs }: Part, timeNs: bigint): number {
  return timeNs <= minNs ? 0 : timeNs > maxNs ? Number.POSITIVE_INFINITY : Number(timeNs - minNs);
}

/** The first place whose number is not below `value`. */
export function lowerBound(sorted: Float64Array, value: number): number {
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
  for (const { needles: group, unlessLabel } of needles) {
    if (unlessLabel !== undefined && part.streams.some((labels) => labelValue(labels, unlessLabel) !== '')) continue;
    const inVariables = group.map(({ pieces }) => pieces.map(() => undefined as boolean | undefined));
    for (let i = 0; i < kinds.length; i++) {
      if (out[i] === 0 || isHead) continue;
      const { text, hasVariables } = kinds[i]!;
      out[i] = Number(
        group.some(({ pieces }, g) =>
          pieces.every(({ piece, probe }, p) => text.includes(piece.text) || (hasVariables && (inVariables[g]![p] ??= mayHold(part.index(), probe)))),
        ),
      );
    }
  }
  return out;
}
