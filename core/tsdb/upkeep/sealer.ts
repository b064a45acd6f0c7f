import type { WriteDb } from '#core/db/index.ts';
import type { Catalogue } from '../names/catalogue.ts';
import { lowerBoundMs, within, type Columns } from '../codec/columns.ts';
import { gorillaForm } from '../codec/frame-gorilla.ts';
import { planesForm } from '../codec/frame-planes.ts';
import { windowMs, windowStart, type Member } from '../codec/frame.ts';
import type { Frames } from '../frames.ts';
import { encodeGroup, type Groups } from '../names/groups.ts';
import type { Head } from '../head.ts';
import { putGroup, setSealed } from '../sealed.ts';
import { rollupsDue } from './roll.ts';

/** From this many samples a series on (an import, a rush), the head is sealed straight into the form it would be recoded into. */
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
      for (const [startMs, members] of membersByWindow(parts, id)) {
        const samples = members.reduce((sum, { columns }) => sum + columns.times.length, 0);
        if (samples >= recodedSamplesMin * members.length) change.put(id, 1, planesForm, startMs, members);
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
    for (const ref of groups.members.get(id)!) head.clear(ref);
  }
}

/** Writes a group's row; a member that is no longer in the catalogue keeps its slot, without labels. */
export function saveGroup({ db, groups, catalogue }: Pick<SealParts, 'db' | 'groups' | 'catalogue'>, id: number): void {
  putGroup(db, id, encodeGroup(groups.members.get(id)!.map((ref) => ({ ref, labels: catalogue.has(ref) ? catalogue.labels(ref) : [] }))));
}

function membersByWindow({ groups, head }: SealParts, id: number): Map<number, Member[]> {
  const found = new Map<number, Member[]>();
  groups.members.get(id)!.forEach((ref, slot) => {
    const columns = head.read(ref, -Infinity, Infinity);
    if (columns === undefined) return;
    for (const [startMs, part] of splitByWindow(columns)) {
      const members = found.get(startMs);
      if (members === undefined) found.set(startMs, [{ slot, columns: part }]);
      else members.push({ slot, columns: part });
    }
  });
  return found;
}

/** The samples of each window, oldest window first. */
function* splitByWindow(columns: Columns): Generator<[startMs: number, part: Columns]> {
  const { times } = columns;
  for (let at = 0; at < times.length;) {
    const startMs = windowStart(times[at]!);
    yield [startMs, within(columns, startMs, startMs + windowMs - 1)!];
    at = lowerBoundMs(times, times.length, startMs + windowMs);
  }
}
