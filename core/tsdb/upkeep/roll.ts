import { within } from '../codec/columns.ts';
import { windowMs, windowStart } from '../codec/frame.ts';
import type { RollupMember } from '../codec/rollup-frame.ts';
import { slotsOf, type Frames } from '../frames.ts';
import type { Head } from '../head.ts';
import { groupSeriesMax, type Groups } from '../names/groups.ts';
import { bucketLengthsMs, fold, FoldedBuckets, joined, within as bucketsWithin, type Buckets } from '../rollup/buckets.ts';
import type { Rollups } from '../rollup/rollups.ts';
import { addDue, firstDue, removeDue, rollupsBefore, rollupsOf, tellsOf, type RollupMeta } from '../rollup/rows.ts';
import type { Reader } from '../reader.ts';
import { framesOf } from '../sealed.ts';
import type { StoreLimits } from '../types.ts';
import type { Tombstone, Tombstones } from './deletion.ts';
import { settleMs } from './recode.ts';
import { rollupParts } from '#core/model/index.ts';
import type { WriteDb } from '#core/db/index.ts';

const dayMs = 86_400_000;
/** What the rows of a span are merged into: 288 buckets of 5 min in a day, 288 of an hour in 12 days. */
const spansMs: readonly number[] = bucketLengthsMs.map((bucketMs) => bucketMs * 288);

export interface RollParts {
  readonly db: WriteDb;
  readonly groups: Groups;
  readonly head: Head;
  readonly frames: Frames;
  readonly reader: Reader;
  readonly rollups: Rollups;
  readonly tombstones: Tombstones;
  readonly limits: StoreLimits;
}

/**
 * Samples of a group were sealed, deleted or changed in the window that begins at `startMs`: its rollups are to be made anew. A sample at the
 * very start belongs to the last bucket of the window before. Part of the transaction that changes the samples.
 */
export function rollupsDue(db: WriteDb, group: number, startMs: number, hasStart: boolean): void {
  addDue(db, { group, startMs });
  if (hasStart) addDue(db, { group, startMs: startMs - windowMs });
}

/** The last window whose samples, and the one at its very end, are sealed as a rule. */
export function lastSettledWindow(newestMs: number): number {
  return windowStart(newestMs - settleMs) - 2 * windowMs;
}

/** Makes the rollups of the oldest due window that begins at `startMaxMs` at the latest; false when there is none. A few milliseconds of work. */
export function rollNext(parts: RollParts, startMaxMs: number): boolean {
  const { db, frames, rollups } = parts;
  const due = firstDue(db, startMaxMs);
  if (due === undefined) return false;
  const { group, startMs } = due;
  const endMs = startMs + windowMs;
  const isGone = startMs < rollups.rawFloorMs;
  const rolled = isGone ? [] : bucketLengthsMs.map((bucketMs) => ({ bucketMs, ...foldWindow(parts, group, startMs, bucketMs) }));
  frames.change((change) => {
    removeDue(db, due);
    for (const { bucketMs, members, odd } of rolled) {
      for (const row of rollupsOf(db, group, bucketMs, startMs, endMs)) if (row.level === 0) change.removeRollup(row);
      change.putRollup({ group, bucketMs, level: 0, startMs, endMs, oddLow: odd.slotsLow, oddHigh: odd.slotsHigh }, members);
    }
  });
  return true;
}

function foldWindow(
  { db, reader }: RollParts,
  group: number,
  startMs: number,
  bucketMs: number,
): { members: RollupMember[]; odd: ReturnType<typeof slotsOf> } {
  const [minMs, maxMs] = [startMs + 1, startMs + windowMs];
  const sound = reader.openOnce(framesOf(db, group, minMs, maxMs));
  const members: RollupMember[] = [];
  const odd: { slot: number }[] = [];
  for (let slot = 0; slot < groupSeriesMax; slot++) {
    const all = reader.slot(sound, group, slot);
    const columns = all === undefined ? undefined : within(all, minMs, maxMs);
    if (columns === undefined) continue;
    const buckets = fold(columns.times, columns.values, bucketMs);
    if (columns.histograms?.some((one) => one !== undefined) === true || buckets.hasOverflow) odd.push({ slot });
    else members.push({ slot, buckets });
  }
  return { members, odd: slotsOf(odd) };
}

/** Merges the rows of a day's windows, once late samples cannot come any more, into the row of their span. False when nothing is due. */
export function mergeNext(parts: RollParts): boolean {
  const { db, head, limits } = parts;
  const horizonMs = Math.min(lastSettledWindow(head.newestMs), windowStart(head.newestMs - finite(limits.outOfOrderMs)));
  return bucketLengthsMs.some((bucketMs, i) => {
    const spanMs = spansMs[i]!;
    const oldest = rollupsBefore(db, bucketMs, 0, horizonMs, 1)[0];
    if (oldest === undefined) return false;
    const startMs = Math.floor(oldest.startMs / spanMs) * spanMs;
    const endMs = Math.floor(oldest.startMs / dayMs) * dayMs + dayMs;
    if (endMs > horizonMs) return false;
    const merged = rollupsOf(db, oldest.group, bucketMs, startMs, endMs).find(({ level }) => level === 1);
    mergeSpan(parts, oldest.group, bucketMs, startMs, Math.max(endMs, merged?.endMs ?? endMs));
    return true;
  });
}

const finite = (durationMs: number): number => (Number.isFinite(durationMs) ? durationMs : 0);

function mergeSpan({ db, frames, rollups }: RollParts, group: number, bucketMs: number, startMs: number, endMs: number): void {
  const rows = rollupsOf(db, group, bucketMs, startMs, endMs);
  const opened = rows.flatMap((row) => rollups.open(row) ?? []);
  if (opened.length < rows.length) return;
  const members: RollupMember[] = [];
  for (let slot = 0; slot < groupSeriesMax; slot++) {
    const buckets = mergedBuckets(rows.flatMap((row, i) => ({ row, buckets: opened[i]!.buckets(slot) })));
    if (buckets !== undefined) members.push({ slot, buckets });
  }
  const [oddLow, oddHigh] = rows.reduce(([low, high], row) => [low | row.oddLow, high | row.oddHigh], [0, 0]);
  frames.change((change) => {
    for (const row of rows) change.removeRollup(row);
    change.putRollup({ group, bucketMs, level: 1, startMs, endMs, oddLow, oddHigh }, members);
  });
}

/** The buckets of one series from several rows: where two tell of a window, those of the later row, whether it has any there or not. */
function mergedBuckets(of: readonly { readonly row: RollupMeta; readonly buckets: Buckets | undefined }[]): Buckets | undefined {
  let pieces: Buckets[] = [];
  for (const { row, buckets } of of) {
    pieces = pieces.flatMap((piece) => {
      if (piece.ends.at(-1)! <= row.startMs || piece.ends[0]! > row.endMs) return [piece];
      return [bucketsWithin(piece, -Infinity, row.startMs), bucketsWithin(piece, row.endMs, Infinity)].filter(({ ends }) => ends.length > 0);
    });
    if (buckets !== undefined) pieces.push(buckets);
  }
  pieces.sort((a, b) => a.ends[0]! - b.ends[0]!);
  if (pieces.length === 0) return undefined;
  const merged = new FoldedBuckets(joined(pieces.map(({ ends }) => ends)));
  for (const part of rollupParts) merged.column(part).set(joined(pieces.map((piece) => piece.column(part))));
  return merged;
}

/**
 * Rewrites a rollup that deletions are still to be taken out of, `one` at least; false when it holds nothing of that. Windows with samples
 * left become due, so that buckets of which a part was deleted come back.
 */
export function rewriteRollup(parts: RollParts, one: Tombstone): boolean {
  const { db, groups, frames, rollups, tombstones } = parts;
  const group = groups.groupOf(one.ref);
  const refs = groups.members.get(group) ?? [];
  for (const bucketMs of bucketLengthsMs) {
    const rows = rollupsOf(db, group, bucketMs, one.minMs - 1, one.maxMs);
    const row = rows.find((row) => row.id <= one.frameMax && tellsOf(row, groups.slotOf(one.ref)));
    if (row === undefined) continue;
    const frame = rollups.open(row);
    const members = [...(frame?.slots ?? [])].flatMap((slot) => {
      const buckets = tombstones.applyToBuckets(refs[slot]!, row.id, frame!.buckets(slot)!, bucketMs);
      return buckets.ends.length === 0 ? [] : { slot, buckets };
    });
    frames.change((change) => {
      change.removeRollup(row);
      if (frame !== undefined) change.putRollup(row, members);
      const fromMs = Math.max(rollups.rawFloorMs, row.startMs, windowStart(Math.max(one.minMs, row.startMs) - 1));
      for (let startMs = fromMs; startMs < Math.min(row.endMs, one.maxMs); startMs += windowMs) addDue(db, { group, startMs });
    });
    return true;
  }
  return false;
}
