import { logLevels, matchesLabels, type LogLevel, type Matcher } from '#core/model/index.ts';
import { evidenceIn, ranksThatMay, ruleOutKinds, type Evidence } from './evidence.ts';
import type { OpenPart, Part } from './part.ts';

/** What can be told of a record without its line. */
export interface Condition {
  readonly matchers: readonly Matcher[];
  /** Undefined for all. */
  readonly levels: ReadonlySet<LogLevel> | undefined;
  readonly evidence: Evidence;
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
  const evidence = evidenceIn(part, condition.evidence);
  const kinds = Uint8Array.from(part.kinds(), ({ level }) => Number(levels === undefined || levels.has(level)));
  const isHead = part.id === Number.MAX_SAFE_INTEGER;
  if (!isHead) ruleOutKinds(part, evidence, kinds);
  if (!kinds.includes(1)) return undefined;
  const open = part.open();
  const ranks = isHead ? [] : ranksByKind(open, evidence, kinds);
  if (!kinds.includes(1)) return undefined;
  // Only now are the rows read.
  const { rows } = open;
  const from = lowerBound(rows.offsets, offsetOf(part, condition.fromNs));
  const to = lowerBound(rows.offsets, offsetOf(part, condition.toNs));
  const may = (row: number): boolean => {
    const kind = rows.kinds[row]!;
    return kinds[kind] === 1 && streams[rows.streams[row]!] === 1 && (ranks[kind]?.[rows.ranks[row]!] ?? 1) === 1;
  };
  return from < to ? { part, kinds, streams, from, to, open, may } : undefined;
}

/** Which rows of each kind may meet the evidence, undefined for all; kinds without any are taken out of `kinds`. */
function ranksByKind(open: OpenPart, evidence: Evidence, kinds: Uint8Array): (Uint8Array | undefined)[] {
  const known: (Uint8Array | undefined)[] = [];
  for (let kind = 0; kind < kinds.length; kind++) {
    if (kinds[kind] === 0) continue;
    const ranks = ranksThatMay(open, kind, evidence) ?? undefined;
    known[kind] = ranks;
    if (ranks?.includes(1) === false) kinds[kind] = 0;
  }
  return known;
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
