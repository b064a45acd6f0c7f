import { transaction, type WriteDb } from '#core/db/index.ts';
import type { Catalogue } from './catalogue.ts';
import { lowerBoundMs, within, type Columns } from './columns.ts';
import { gorillaForm } from './frame-gorilla.ts';
import { encodeFrame, windowMs, windowStart, type FrameForm, type Member } from './frame.ts';
import { encodeGroup, type Groups } from './groups.ts';
import type { Head } from './head.ts';
import { insertFrame, putGroup, setSealed } from './sealed.ts';

/** New series sorted into groups at once: bounds the pause. */
const assignSeriesMax = 16_384;

export interface SealParts {
  readonly db: WriteDb;
  readonly catalogue: Catalogue;
  readonly groups: Groups;
  readonly head: Head;
}

/** Gives series that have none a group. */
export function assignGroups({ groups, catalogue }: SealParts): void {
  groups.assign(catalogue, assignSeriesMax);
}

/** Moves the unsealed samples of whole groups from the head into frames, in one transaction. `lsn` is the newest commit in the head. */
export function sealGroups(parts: SealParts, ids: readonly number[], lsn: number): void {
  const { db, groups, head } = parts;
  const due = ids.filter((id) => groups.members.get(id)!.some((ref) => head.held(ref) > 0));
  if (due.length === 0) return;
  transaction(db, () => {
    for (const id of due) {
      if (groups.unsaved.has(id)) saveGroup(parts, id);
      for (const [startMs, members] of membersByWindow(parts, id)) putFrame(db, id, gorillaForm, startMs, members);
      setSealed(db, id, lsn);
    }
  });
  for (const id of due) {
    groups.unsaved.delete(id);
    for (const ref of groups.members.get(id)!) head.clear(ref);
  }
}

function saveGroup({ db, groups, catalogue }: SealParts, id: number): void {
  putGroup(db, id, encodeGroup(groups.members.get(id)!.map((ref) => ({ ref, labels: catalogue.labels(ref) }))));
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
export function* splitByWindow(columns: Columns): Generator<[startMs: number, part: Columns]> {
  const { times } = columns;
  for (let at = 0; at < times.length;) {
    const startMs = windowStart(times[at]!);
    yield [startMs, within(columns, startMs, startMs + windowMs - 1)!];
    at = lowerBoundMs(times, times.length, startMs + windowMs);
  }
}

/** Encodes and inserts one frame; members in order of slot, all within the window. */
export function putFrame(db: WriteDb, group: number, form: FrameForm, startMs: number, members: readonly Member[]): void {
  let [minMs, maxMs, samples, slotsLow, slotsHigh] = [Infinity, -Infinity, 0, 0, 0];
  for (const { slot, columns } of members) {
    minMs = Math.min(minMs, columns.times[0]!);
    maxMs = Math.max(maxMs, columns.times.at(-1)!);
    samples += columns.times.length;
    if (slot < 32) slotsLow |= 1 << slot;
    else slotsHigh |= 1 << (slot - 32);
  }
  insertFrame(db, { group, minMs, maxMs, slotsLow, slotsHigh, samples }, encodeFrame(form, startMs, members));
}
