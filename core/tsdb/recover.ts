import type { ReadDb } from '#core/db/index.ts';
import type { Exemplar } from '#core/model/index.ts';
import { DamageError } from './bytes.ts';
import type { Catalogue } from './catalogue.ts';
import { decodeGroup, type Groups } from './groups.ts';
import type { Head } from './head.ts';
import { groupRows } from './sealed.ts';
import { verdicts } from './types.ts';
import { walFrames, walSegments, type WalDamage } from './wal.ts';
import { getCommit, type CommitRecord } from './wal-record.ts';

/** Commits up to this one are sealed, by group. */
export type SealedLsns = ReadonlyMap<number, number>;

/** Loads the series of every group. `onDamage` hears of groups that cannot be read. */
export function loadGroups(
  db: ReadDb,
  catalogue: Catalogue,
  groups: Groups,
  head: Head,
  onDamage: (group: number, cause: string) => void,
): SealedLsns {
  const sealedLsns = new Map<number, number>();
  for (const row of groupRows(db)) {
    try {
      const members = decodeGroup(row.members);
      for (const { ref, labels } of members) catalogue.add(labels, ref);
      head.reserve(catalogue.next);
      for (const { ref } of members) if (row.maxMs !== null) head.raiseLastMs(ref, row.maxMs);
      groups.restore(
        row.id,
        members.map(({ ref }) => ref),
      );
    } catch (error) {
      if (!(error instanceof DamageError)) throw error;
      onDamage(row.id, error.message);
    }
    sealedLsns.set(row.id, row.sealedLsn);
  }
  return sealedLsns;
}

export interface Replay {
  /** The newest commit found; 0 when the log is empty. */
  readonly lastLsn: number;
  readonly exemplars: readonly { readonly ref: number; readonly exemplar: Exemplar }[];
  /** Samples of series that no commit or group names: their definition was lost to damage. */
  readonly orphans: number;
}

/** Brings the head to where it was: every commit of the log that is not sealed yet, oldest first. */
export function replayWal(
  folder: string,
  sealedLsns: SealedLsns,
  catalogue: Catalogue,
  groups: Groups,
  head: Head,
  onDamage: (damage: WalDamage) => void,
): Replay {
  let lastLsn = 0;
  let orphans = 0;
  const exemplars: { ref: number; exemplar: Exemplar }[] = [];
  for (const segment of walSegments(folder)) {
    for (const frame of walFrames(segment.path, onDamage)) {
      lastLsn = Math.max(lastLsn, frame.lsn);
      const commit = getCommit(frame.payload);
      enterSeries(commit, catalogue, groups, head);
      const isDue = (ref: number): boolean => (sealedLsns.get(groups.groupOf(ref)) ?? 0) < frame.lsn;
      orphans += applySamples(commit, catalogue, head, isDue);
      exemplars.push(...commit.exemplars.filter(({ ref }) => catalogue.has(ref) && isDue(ref)));
    }
  }
  return { lastLsn, exemplars, orphans };
}

function enterSeries({ series }: CommitRecord, catalogue: Catalogue, groups: Groups, head: Head): void {
  for (const { ref, labels } of series) {
    if (catalogue.has(ref)) continue;
    catalogue.add(labels, ref);
    groups.waiting.add(ref);
  }
  head.reserve(catalogue.next);
}

function applySamples({ floats, histograms }: CommitRecord, catalogue: Catalogue, head: Head, isDue: (ref: number) => boolean): number {
  let orphans = 0;
  const { refs, times, values } = floats;
  for (let i = 0; i < refs.length; i++) {
    const ref = refs[i]!;
    if (!catalogue.has(ref)) orphans++;
    else if (isDue(ref)) head.append(ref, times[i]!, values[i]!);
  }
  for (const { ref, timeMs, histogram } of histograms) {
    if (!catalogue.has(ref)) orphans++;
    else if (isDue(ref) && head.appendHistogram(ref, timeMs, histogram) === verdicts.badTime) orphans++;
  }
  return orphans;
}
