import type { WriteDb } from '#core/db/index.ts';
import { transaction } from '#core/db/index.ts';
import type { Age } from './age.ts';
import type { Catalogue } from '../names/catalogue.ts';
import { windowMs, windowStart } from '../codec/frame.ts';
import type { Frames } from '../frames.ts';
import type { Groups } from '../names/groups.ts';
import type { Head } from '../head.ts';
import type { Reader } from '../reader.ts';
import { deleteExemplarsBefore } from '../log/notes.ts';
import { deleteGroup, framesBefore, framesOf } from '../sealed.ts';
import { bucketLengthsMs } from '../rollup/buckets.ts';
import type { Rollups } from '../rollup/rollups.ts';
import { rollupsBefore, rollupsOf, setRawFloor, tellsOf } from '../rollup/rows.ts';
import { lastSettledWindow } from './roll.ts';
import { saveGroup } from './sealer.ts';
import type { StoreLimits } from '../types.ts';

/** Frames removed in one transaction: bounds the pause. */
const framesPerStep = 256;
/** Rollups outlive samples, and so do the names of their series; beyond this share of the most series there may be the oldest rollups go. */
const namesShare = 0.75;

export interface RetentionParts {
  readonly db: WriteDb;
  readonly catalogue: Catalogue;
  readonly groups: Groups;
  readonly head: Head;
  readonly frames: Frames;
  readonly reader: Reader;
  readonly rollups: Rollups;
  readonly limits: StoreLimits;
  readonly age: Age;
}

/**
 * Removes the windows that are too old, or too many bytes, oldest first, then rollups likewise, and the series that nothing is left of. Age is
 * measured from what age.ts says, never from the clock alone: a clock that jumps deletes nothing. Raw windows go whole, once late samples cannot
 * come any more and their rollups are made. True when more is due.
 */
export function retain(parts: RetentionParts): boolean {
  return retainRaw(parts) || retainRollups(parts);
}

function retainRaw(parts: RetentionParts): boolean {
  const { db, frames, age, reader, limits, rollups } = parts;
  const floorMs = rawFloorMs(parts);
  const due = framesBefore(db, floorMs, framesPerStep);
  if (due.length === 0) return false;
  frames.change((change) => {
    if (floorMs > rollups.rawFloorMs) setRawFloor(db, floorMs);
    for (const meta of due) change.remove(meta);
    deleteExemplarsBefore(db, age.fromMs - limits.retentionMs);
  });
  rollups.rawFloorMs = Math.max(rollups.rawFloorMs, floorMs);
  for (const { id } of due) reader.cache.forget(id);
  dropDeadSeriesOf(parts, due);
  return true;
}

/** Where raw samples begin from now on: the start of a window. */
export function rawFloorMs({ db, frames, head, limits, rollups, age }: RetentionParts): number {
  let wantedMs = age.fromMs - limits.retentionMs;
  if (frames.totals.bytes + frames.rollupBytes > limits.retentionBytes) {
    const oldest = framesBefore(db, Infinity, 1)[0];
    if (oldest !== undefined) wantedMs = Math.max(wantedMs, windowStart(oldest.maxMs) + windowMs);
  }
  const lateMs = Number.isFinite(limits.outOfOrderMs) ? limits.outOfOrderMs : 0;
  return Math.max(
    rollups.rawFloorMs,
    Math.min(windowStart(wantedMs), windowStart(head.newestMs - lateMs), lastSettledWindow(head.newestMs) + windowMs),
  );
}

/** Removes the oldest rows of rollups that are past their own age, or, when no more raw samples can go, too many bytes or names. */
function retainRollups(parts: RetentionParts): boolean {
  const { frames, age, limits, catalogue } = parts;
  const isTooMuch = frames.totals.bytes + frames.rollupBytes > limits.retentionBytes || catalogue.size > limits.seriesMax * namesShare;
  const overMs = isTooMuch ? Math.min(...bucketLengthsMs.map((bucketMs) => oldestRollupEnd(parts, bucketMs))) : -Infinity;
  return bucketLengthsMs.some((bucketMs) => {
    const keptMs = bucketMs === 300_000 ? limits.rollup5mRetentionMs : limits.rollup1hRetentionMs;
    const endMs = Math.max(age.fromMs - keptMs, Math.min(overMs, parts.rollups.rawFloorMs));
    const due = ([1, 0] as const).flatMap((level) => rollupsBefore(parts.db, bucketMs, level, endMs, framesPerStep));
    if (due.length === 0) return false;
    frames.change((change) => {
      for (const row of due) change.removeRollup(row);
    });
    dropDeadSeriesOf(parts, due);
    return true;
  });
}

function oldestRollupEnd({ db }: RetentionParts, bucketMs: number): number {
  return Math.min(...([0, 1] as const).map((level) => rollupsBefore(db, bucketMs, level, Infinity, 1)[0]?.endMs ?? Infinity));
}

function dropDeadSeriesOf(parts: RetentionParts, gone: readonly { readonly group: number }[]): void {
  for (const group of new Set(gone.map((row) => row.group))) dropDeadSeries(parts, group);
}

/** Forgets the series of a group that have no sample left; the whole group when none has. */
export function dropDeadSeries(parts: Pick<RetentionParts, 'db' | 'catalogue' | 'groups' | 'head'>, group: number): void {
  const { db, catalogue, groups, head } = parts;
  const left = [
    ...framesOf(db, group, -Infinity, Infinity),
    ...bucketLengthsMs.flatMap((bucketMs) => rollupsOf(db, group, bucketMs, -Infinity, Infinity)),
  ];
  const members = groups.members.get(group) ?? [];
  const dead = members.filter((ref, slot) => catalogue.has(ref) && head.held(ref) === 0 && !left.some((row) => tellsOf(row, slot)));
  if (dead.length === 0) return;
  for (const ref of dead) {
    catalogue.hide(ref);
    head.retire(ref);
  }
  transaction(db, () => {
    if (members.some((ref) => catalogue.has(ref))) saveGroup(parts, group);
    else {
      deleteGroup(db, group);
      groups.remove(group);
    }
  });
}
