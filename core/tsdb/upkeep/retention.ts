import type { WriteDb } from '#core/db/index.ts';
import { transaction } from '#core/db/index.ts';
import type { Catalogue } from '../names/catalogue.ts';
import { windowMs, windowStart } from '../codec/frame.ts';
import type { Frames } from '../frames.ts';
import type { Groups } from '../names/groups.ts';
import type { Head } from '../head.ts';
import type { Reader } from '../reader.ts';
import { holdsSlot } from '../reader.ts';
import { deleteExemplarsBefore } from '../log/notes.ts';
import { deleteGroup, framesBefore, framesOf } from '../sealed.ts';
import { saveGroup } from './sealer.ts';
import type { StoreLimits } from '../types.ts';

/** Frames removed in one transaction: bounds the pause. */
const framesPerStep = 256;

export interface RetentionParts {
  readonly db: WriteDb;
  readonly catalogue: Catalogue;
  readonly groups: Groups;
  readonly head: Head;
  readonly frames: Frames;
  readonly reader: Reader;
  readonly limits: StoreLimits;
}

/**
 * Removes the frames that are too old, or too many bytes, oldest first, and the series that nothing is left of. Age is measured from the
 * newest sample, never from the clock: a clock that jumps deletes nothing. True when more is due.
 */
export function retain(parts: RetentionParts): boolean {
  const { db, frames, head, reader, limits } = parts;
  const due = framesBefore(db, cutoffMs(parts), framesPerStep);
  if (due.length === 0) return false;
  frames.change((change) => {
    for (const meta of due) change.remove(meta);
    deleteExemplarsBefore(db, head.newestMs - limits.retentionMs);
  });
  for (const { id } of due) reader.cache.forget(id);
  for (const group of new Set(due.map((meta) => meta.group))) dropDeadSeries(parts, group);
  return due.length === framesPerStep;
}

function cutoffMs({ db, frames, head, limits }: RetentionParts): number {
  const byAge = head.newestMs - limits.retentionMs;
  if (frames.totals.bytes <= limits.retentionBytes) return byAge;
  const oldest = framesBefore(db, Infinity, 1)[0];
  return oldest === undefined ? byAge : Math.max(byAge, windowStart(oldest.maxMs) + windowMs);
}

/** Forgets the series of a group that have no sample left; the whole group when none has. */
export function dropDeadSeries(parts: Pick<RetentionParts, 'db' | 'catalogue' | 'groups' | 'head'>, group: number): void {
  const { db, catalogue, groups, head } = parts;
  const left = framesOf(db, group, -Infinity, Infinity);
  const members = groups.members.get(group) ?? [];
  const dead = members.filter((ref, slot) => catalogue.has(ref) && head.held(ref) === 0 && !left.some((meta) => holdsSlot(meta, slot)));
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
