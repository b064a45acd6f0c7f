import { planesForm } from '../codec/frame-planes.ts';
import { windowMs, windowStart } from '../codec/frame.ts';
import type { Member } from '../codec/frame-form.ts';
import type { Frames } from '../frames.ts';
import { groupSeriesMax } from '../names/groups.ts';
import type { Reader } from '../reader.ts';
import type { OpenFrame } from '../sealed-source.ts';
import { framesOf, oldestFresh } from '../sealed.ts';
import type { WriteDb } from '#core/db/index.ts';

/** A window is recoded when the newest sample is this far past its end: scrapes of all targets have then come by. */
export const settleMs = 60_000;

export interface RecodeParts {
  readonly db: WriteDb;
  readonly frames: Frames;
  readonly reader: Reader;
}

/**
 * Turns the fresh frames of one group in one window, and what was recoded of them before, into a single recoded frame. Takes the
 * fresh frame that ended first, if before `endMs`; false when there is none. One call is a few milliseconds of work.
 */
export function recodeOldest(parts: RecodeParts, endMs: number): boolean {
  const due = oldestFresh(parts.db, endMs);
  if (due === undefined) return false;
  rewriteWindow(parts, due.group, windowStart(due.minMs));
  return true;
}

/** Rewrites all frames of a group in one window as one, without what tombstones hide; `also` is part of the transaction. */
export function rewriteWindow({ db, frames, reader }: RecodeParts, group: number, startMs: number, also?: () => void): void {
  const sound = reader.openOnce(framesOf(db, group, startMs, startMs + windowMs - 1));
  const members = membersOf(reader, group, sound);
  frames.change((change) => {
    for (const { meta } of sound) change.remove(meta);
    if (members.length > 0) change.put(group, 1, planesForm, startMs, members);
    also?.();
  });
  for (const { meta } of sound) reader.cache.forget(meta.id);
}

function membersOf(reader: Reader, group: number, frames: readonly OpenFrame[]): Member[] {
  const members: Member[] = [];
  for (let slot = 0; slot < groupSeriesMax; slot++) {
    const columns = reader.slot(frames, group, slot);
    if (columns !== undefined) members.push({ slot, columns });
  }
  return members;
}
