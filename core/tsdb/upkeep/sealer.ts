import type { WriteDb } from '#core/db/index.ts';
import type { Catalogue } from '../names/catalogue.ts';
import { lowerBoundMs, within } from '../codec/columns.ts';
import { gorillaForm } from '../codec/frame-gorilla.ts';
import { quickPlanesForm } from '../codec/frame-planes.ts';
import { windowMs, windowStart } from '../codec/frame.ts';
import type { Member } from '../codec/frame-form.ts';
import type { Frames } from '../frames.ts';
import { encodeGroup, type Groups } from '../names/groups.ts';
import type { Head } from '../head.ts';
import { putGroup, setSealed } from '../sealed.ts';
import { Room } from '../tails.ts';
import { rollupsDue } from './roll.ts';

/** Where the head has this many samples a series (an import, a rush), they are sealed straight into the form they would be recoded into. */
const recodedSamplesMin = 120;

export interface SealParts {
  readonly db: WriteDb;
  readonly catalogue: Catalogue;
  readonly groups: Groups;
  readonly head: Head;
  readonly frames: Frames;
}

/** Moves the unsealed samples of whole groups from the head into frames, in one transaction. `lsn` is the newest commit in the head. */
export function sealGroups(parts: SealParts, ids: readonly number[], lsn: number): void {
  const { db, groups, head, frames } = parts;
  const due = ids.filter((id) => groups.members.get(id)?.some((ref) => head.held(ref) > 0));
  if (due.length === 0) return;
  frames.change((change) => {
    for (const id of due) {
      if (groups.unsaved.has(id)) saveGroup(parts, id);
      const isRush = inRush(groups.members.get(id)!, head);
      for (const [startMs, members] of membersByWindow(parts, id)) {
        if (isRush) change.put(id, 1, quickPlanesForm, startMs, members);
        else change.put(id, 0, gorillaForm, startMs, members);
        rollupsDue(
          db,
          id,
          startMs,
          members.some(({ columns }) => columns.times[0] === startMs),
        );
      }
      setSealed(db, id, lsn);
    }
  });
  for (const id of due) {
    groups.unsaved.delete(id);
    head.clear(groups.members.get(id)!);
  }
}

function inRush(refs: readonly number[], head: Head): boolean {
  const samples = refs.reduce((sum, ref) => sum + head.held(ref), 0);
  return samples >= recodedSamplesMin * refs.filter((ref) => head.held(ref) > 0).length;
}

/** Writes a group's row; a member that is no longer in the catalogue keeps its slot, without labels. */
export function saveGroup({ db, groups, catalogue }: Pick<SealParts, 'db' | 'groups' | 'catalogue'>, id: number): void {
  putGroup(db, id, encodeGroup(groups.members.get(id)!.map((ref) => ({ ref, labels: catalogue.has(ref) ? catalogue.labels(ref) : [] }))));
}

/** What is being sealed of one group: good until the next. */
const room = new Room();

function membersByWindow({ groups, head }: SealParts, id: number): Map<number, Member[]> {
  const found = new Map<number, Member[]>();
  const refs = groups.members.get(id)!;
  room.empty();
  refs.forEach((ref, slot) => {
    const columns = head.read(ref, -Infinity, Infinity, room);
    if (columns === undefined) return;
    const { times } = columns;
    for (let at = 0; at < times.length;) {
      const startMs = windowStart(times[at]!);
      const member = { slot, columns: within(columns, startMs, startMs + windowMs - 1)! };
      const members = found.get(startMs);
      if (members === undefined) found.set(startMs, [member]);
      else members.push(member);
      at = lowerBoundMs(times, times.length, startMs + windowMs);
    }
  });
  return found;
}
