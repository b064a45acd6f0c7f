import { checkpoint, transaction } from '#core/db/index.ts';
import type { Catalogue } from '../names/catalogue.ts';
import { deleteTombstone, type Tombstone, type Tombstones } from './deletion.ts';
import { windowMs, windowStart } from '../codec/frame.ts';
import { recodeOldest, rewriteWindow, settleMs } from './recode.ts';
import { lastSettledWindow, mergeNext, rewriteRollup, rollNext, rollupsDue, type RollParts } from './roll.ts';
import { dropDeadSeries, rawFloorMs, retain, type RetentionParts } from './retention.ts';
import { framesOf, holdsSlot, releasePages } from '../sealed.ts';
import type { Sweep } from './sweep.ts';
import type { Wal } from '../log/wal.ts';

/** Free pages given back in one step: about 2 MB. */
const pagesPerStep = 512;

export interface MaintenanceParts extends RetentionParts, RollParts {
  readonly catalogue: Catalogue;
  readonly tombstones: Tombstones;
  readonly sweep: Sweep;
  readonly wal: Wal;
}

/** One bounded slice of upkeep: seal, recode, roll up, apply deletions, drop what is too old, give space back. True when more is due at once. */
export function maintain(parts: MaintenanceParts): boolean {
  const { db, sweep, head } = parts;
  if (sweep.step()) return true;
  const rollableMs = Math.min(lastSettledWindow(head.newestMs), rollHorizon(parts));
  if (recodeOldest(parts, windowStart(head.newestMs - settleMs)) || rollNext(parts, rollableMs)) return true;
  return applyTombstone(parts) || mergeNext(parts) || retain(parts) || releasePages(db, pagesPerStep);
}

/** Begin of the last window that is old enough for rollups, or whose samples are about to go. */
function rollHorizon(parts: MaintenanceParts): number {
  const { age, limits } = parts;
  if (limits.rollAfterMs === 0) return Infinity;
  return Math.max(windowStart(age.fromMs - limits.rollAfterMs), rawFloorMs(parts)) - windowMs;
}

/** Recodes every fresh frame and rolls up every window that is old enough, open ones too, applies every deletion and gives back all free space, as long as `goOn` says so. */
export function compact(parts: MaintenanceParts, goOn: () => boolean): void {
  while (
    goOn() &&
    (recodeOldest(parts, Infinity) || rollNext(parts, rollHorizon(parts)) || applyTombstone(parts) || mergeNext(parts) || retain(parts))
  );
  while (goOn() && releasePages(parts.db, pagesPerStep));
}

/** One slice of what gives room back on a full disk, and takes none: drops what is too old or too much. True when more is due at once. */
export function makeRoom(parts: MaintenanceParts): boolean {
  if (retain(parts) || releasePages(parts.db, pagesPerStep)) return true;
  checkpoint(parts.db);
  return false;
}

/**
 * Takes one slice of what was deleted out of frames and rollups, or gives some of the room back; true when more is due. What the log holds of
 * it goes with the next walk of the sweep, a few minutes later at most.
 */
export function clean(parts: MaintenanceParts): boolean {
  const { db, tombstones } = parts;
  const due = tombstones.all().find((one) => !tombstones.applied.has(one.id));
  if (due !== undefined) return rewriteHidden(parts, due);
  if (releasePages(db, pagesPerStep)) return true;
  checkpoint(db);
  return false;
}

/** Rewrites one window of one deleted series; removes the tombstone when neither a frame nor the log can still hold what it hides. */
function applyTombstone(parts: MaintenanceParts): boolean {
  const { db, groups, tombstones, wal } = parts;
  for (const one of tombstones.all()) {
    if (!tombstones.applied.has(one.id)) return rewriteHidden(parts, one);
    if (wal.firstLsn <= one.lsn) continue;
    transaction(db, () => deleteTombstone(db, one.id));
    tombstones.remove(one);
    dropDeadSeries(parts, groups.groupOf(one.ref));
    return true;
  }
  return false;
}

function rewriteHidden(parts: MaintenanceParts, one: Tombstone): true {
  const { db, groups, tombstones } = parts;
  const group = groups.groupOf(one.ref);
  const slot = groups.slotOf(one.ref);
  const hidden = framesOf(db, group, one.minMs, one.maxMs).find((meta) => meta.id <= one.frameMax && holdsSlot(meta, slot));
  if (hidden !== undefined) {
    const startMs = windowStart(hidden.minMs);
    rewriteWindow(parts, group, startMs, () => rollupsDue(db, group, startMs, one.minMs <= startMs && one.maxMs >= startMs));
  } else if (!rewriteRollup(parts, one)) tombstones.applied.add(one.id);
  return true;
}
