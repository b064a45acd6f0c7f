import type { ReadDb } from '#core/db/index.ts';
import { DamageError } from './bytes.ts';
import type { Catalogue } from './catalogue.ts';
import type { Tombstones } from './deletion.ts';
import { decodeGroup, type GroupMember, type Groups } from './groups.ts';
import type { Head } from './head.ts';
import type { RefExemplar } from './notes.ts';
import { groupRows } from './sealed.ts';
import { walFrames, walSegments, type WalDamage } from './wal.ts';
import { getCommit, type CommitRecord } from './wal-record.ts';

/** Commits up to this one are sealed, by group. */
export type SealedLsns = ReadonlyMap<number, number>;

/** What recovery fills. */
export interface RecoverParts {
  readonly catalogue: Catalogue;
  readonly groups: Groups;
  readonly head: Head;
  readonly tombstones: Tombstones;
}

/** Loads the series of every group. `onDamage` hears of groups that cannot be read. */
export function loadGroups(db: ReadDb, { catalogue, groups, head }: RecoverParts, onDamage: (group: number, cause: string) => void): SealedLsns {
  const sealedLsns = new Map<number, number>();
  for (const row of groupRows(db)) {
    sealedLsns.set(row.id, row.sealedLsn);
    let members: readonly GroupMember[];
    try {
      members = decodeGroup(row.members);
    } catch (error) {
      if (!(error instanceof DamageError)) throw error;
      onDamage(row.id, error.message);
      continue;
    }
    for (const { ref, labels } of members) {
      catalogue.reserve(ref);
      if (labels.length > 0) catalogue.add(labels, ref);
    }
    head.reserve(catalogue.next);
    for (const { ref } of members) if (row.maxMs !== null) head.raiseLastMs(ref, row.maxMs);
    groups.restore(
      row.id,
      members.map(({ ref }) => ref),
    );
  }
  return sealedLsns;
}

export interface Replay {
  /** The newest commit found; 0 when the log is empty. */
  readonly lastLsn: number;
  readonly exemplars: readonly RefExemplar[];
  /** Samples of series whose definition was lost to damage. */
  readonly orphans: number;
}

/** Brings the head to where it was: every commit of the log that is not sealed yet, oldest first. */
export function replayWal(folder: string, sealedLsns: SealedLsns, parts: RecoverParts, onDamage: (damage: WalDamage) => void): Replay {
  const { groups, catalogue } = parts;
  let lastLsn = 0;
  let orphans = 0;
  const exemplars: RefExemplar[] = [];
  for (const segment of walSegments(folder)) {
    for (const { lsn, payload } of walFrames(segment.path, onDamage)) {
      lastLsn = Math.max(lastLsn, lsn);
      const commit = getCommit(payload);
      enterSeries(commit, parts);
      const isSealed = (ref: number): boolean => (sealedLsns.get(groups.groupOf(ref)) ?? 0) >= lsn;
      orphans += applySamples(commit, parts, lsn, isSealed);
      exemplars.push(...commit.exemplars.filter(({ ref }) => catalogue.has(ref) && !isSealed(ref)));
    }
  }
  return { lastLsn, exemplars, orphans };
}

function enterSeries({ series }: CommitRecord, { catalogue, groups, head }: RecoverParts): void {
  for (const { ref, labels } of series) {
    if (catalogue.has(ref)) continue;
    catalogue.add(labels, ref);
    if (groups.groupOf(ref) === 0) groups.waiting.add(ref);
    else groups.unsaved.add(groups.groupOf(ref));
  }
  head.reserve(catalogue.next);
}

function applySamples(commit: CommitRecord, { catalogue, head, tombstones }: RecoverParts, lsn: number, isSealed: (ref: number) => boolean): number {
  let orphans = 0;
  const isDue = (ref: number, timeMs: number): boolean => {
    if (catalogue.has(ref)) return !isSealed(ref) && !tombstones.hidesCommit(ref, timeMs, lsn);
    catalogue.reserve(ref);
    orphans++;
    return false;
  };
  const { refs, times, values } = commit.floats;
  for (let i = 0; i < refs.length; i++) if (isDue(refs[i]!, times[i]!)) head.append(refs[i]!, times[i]!, values[i]!);
  for (const { ref, timeMs, histogram } of commit.histograms) if (isDue(ref, timeMs)) head.appendHistogram(ref, timeMs, histogram);
  return orphans;
}
