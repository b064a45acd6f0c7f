import { decodeCodes, decodeIntegers, decodeTexts, encodeCodes, encodeIntegers, encodeTexts, joinParts, splitParts, type Codes } from './columns.ts';
import { DamageError } from '#core/blocks/index.ts';

/**
 * What all spans of a block add to the tallies of a question, so that the question need not read them: per group the failed ones, the
 * longest, and how many lie in which bucket of durations. Layout: FORMAT.md, "Digest".
 */
export interface Digest {
  readonly services: readonly string[];
  /** Group numbers as the grouping gives them, ascending. */
  readonly groups: Float64Array;
  readonly errors: Float64Array;
  readonly maxNs: Float64Array;
  /** Group g has the entries [starts[g], starts[g + 1]) of `buckets` and `counts`. */
  readonly starts: Uint32Array;
  readonly buckets: Codes;
  readonly counts: Codes;
  /** Rows that the grouping could not place for want of their parent. */
  readonly strayCount: number;
}

export function encodeDigest({ services, groups, errors, maxNs, starts, buckets, counts, strayCount }: Digest): Uint8Array {
  const fills = Float64Array.from(groups, (_group, g) => starts[g + 1]! - starts[g]!);
  return joinParts([
    encodeTexts(services),
    encodeIntegers(groups, true),
    encodeIntegers(errors, false),
    encodeIntegers(maxNs, false),
    encodeIntegers(fills, false),
    encodeIntegers(Float64Array.of(strayCount), false),
    narrow(buckets),
    narrow(counts),
  ]);
}

/** Codes in as few bytes as the largest needs. */
function narrow(codes: Codes): Uint8Array {
  let most = 0;
  for (const code of codes) if (code > most) most = code;
  return encodeCodes(Uint32Array.from(codes), most + 1);
}

export function decodeDigest(bytes: Uint8Array): Digest {
  const [services, ...parts] = splitParts(bytes);
  const [groups, errors, maxNs, fills, strays] = parts.slice(0, 5).map(decodeIntegers);
  const [buckets, counts] = parts.slice(5).map(decodeCodes);
  if (services === undefined || counts === undefined) throw new DamageError('a digest is cut short');
  const starts = new Uint32Array(fills!.length + 1);
  for (let g = 0; g < fills!.length; g++) starts[g + 1] = starts[g]! + fills![g]!;
  if (starts.at(-1) !== buckets!.length || buckets!.length !== counts.length || groups!.length !== fills!.length) {
    throw new DamageError('the groups of a digest do not add up');
  }
  return {
    services: decodeTexts(services),
    groups: groups!,
    errors: errors!,
    maxNs: maxNs!,
    starts,
    buckets: buckets!,
    counts,
    strayCount: strays![0] ?? 0,
  };
}
