import type { ReadDb } from '#core/db/index.ts';
import { DamageError } from '../bytes/bytes.ts';
import type { Catalogue } from '../names/catalogue.ts';
import type { Tombstones } from '../upkeep/deletion.ts';
import { decodeGroup, type GroupMember, type Groups } from '../names/groups.ts';
import type { Head, HeadPeers } from '../head.ts';
import type { RefExemplar } from './notes.ts';
import { groupRows } from '../sealed.ts';
import { walFrames, walNotes, walSegments, type Segment, type WalDamage } from './wal-frame.ts';
import { getNotes, getSamples, type CommitSamples } from './wal-record.ts';

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

/**
 * Brings the head to where it was, newest segment first, a segment at a time, so that queries and rules need not wait for all of it.
 * The series of all segments are known from the start. Until it is done nothing may be sealed: a seal says that all commits are in it.
 */
export class Replay {
  /** The newest commit found; 0 when the log is empty. */
  readonly lastLsn: number;
  /** Exemplars that are not sealed yet. */
  readonly exemplars: RefExemplar[] = [];
  /** Samples of series whose definition was lost to damage. */
  orphans = 0;
  /** Bytes of the log. */
  readonly bytes: number;
  readonly #segments: Segment[];
  readonly #sealedLsns: SealedLsns;
  readonly #parts: RecoverParts;
  readonly #onDamage: (damage: WalDamage) => void;

  constructor(folder: string, sealedLsns: SealedLsns, parts: RecoverParts, onDamage: (damage: WalDamage) => void) {
    this.#segments = walSegments(folder);
    this.bytes = this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
    this.#sealedLsns = sealedLsns;
    this.#parts = parts;
    this.#onDamage = onDamage;
    let lastLsn = 0;
    for (const segment of this.#segments) {
      if (lastLsn > 0 && segment.firstLsn > lastLsn + 1) onDamage(missingCommits(segment, lastLsn + 1));
      lastLsn = Math.max(
        segment.firstLsn - 1,
        walNotes(segment, ({ lsn, payload }) => this.#enter(lsn, payload)),
      );
    }
    this.lastLsn = lastLsn;
  }

  get isDone(): boolean {
    return this.#segments.length === 0;
  }

  /** Replays the newest segment that is left. */
  step(): void {
    const segment = this.#segments.pop();
    if (segment === undefined) return;
    const { head, catalogue } = this.#parts;
    const older = head.forOlder(noPeers);
    older.reserve(catalogue.next);
    for (const frame of walFrames(segment.path, this.#onDamage)) this.#apply(older, frame.lsn, getSamples(frame));
    head.reserve(catalogue.next);
    head.takeOlder(older);
  }

  #enter(lsn: number, payload: Uint8Array): void {
    const { catalogue, groups, head, tombstones } = this.#parts;
    const { series, exemplars } = getNotes(payload);
    for (const { ref, labels } of series) {
      if (catalogue.has(ref)) continue;
      catalogue.add(labels, ref);
      if (groups.groupOf(ref) === 0) groups.waiting.add(ref);
      else groups.unsaved.add(groups.groupOf(ref));
    }
    head.reserve(catalogue.next);
    for (const one of exemplars) {
      const isGone = tombstones.hidesCommit(one.ref, one.exemplar.timeMs, lsn);
      if (catalogue.has(one.ref) && !isGone && !this.#isSealed(one.ref, lsn)) this.exemplars.push(one);
    }
  }

  #apply(older: Head, lsn: number, { floats, histograms }: CommitSamples): void {
    const { refs, times, values } = floats;
    const { catalogue, tombstones } = this.#parts;
    for (let at = 0; at < refs.length;) {
      const ref = refs[at]!;
      let end = at + 1;
      while (end < refs.length && refs[end] === ref) end++;
      if (catalogue.has(ref) && !tombstones.has(ref) && !this.#isSealed(ref, lsn)) at = older.appendRun(ref, times, values, at, end);
      for (; at < end; at++) if (this.#isDue(ref, times[at]!, lsn)) older.append(ref, times[at]!, values[at]!);
    }
    for (const { ref, timeMs, histogram } of histograms) if (this.#isDue(ref, timeMs, lsn)) older.appendHistogram(ref, timeMs, histogram);
  }

  #isDue(ref: number, timeMs: number, lsn: number): boolean {
    const { catalogue, tombstones } = this.#parts;
    if (catalogue.has(ref)) return !this.#isSealed(ref, lsn) && !tombstones.hidesCommit(ref, timeMs, lsn);
    catalogue.reserve(ref);
    this.orphans++;
    return false;
  }

  #isSealed(ref: number, lsn: number): boolean {
    return (this.#sealedLsns.get(this.#parts.groups.groupOf(ref)) ?? 0) >= lsn;
  }
}

/** A segment that lost its end: the next one begins too late. */
function missingCommits({ path, firstLsn }: Segment, fromLsn: number): WalDamage {
  return { path, from: 0, to: 0, cause: `commits ${fromLsn} to ${firstLsn - 1}, which came before it, are missing` };
}

/** The log holds no duplicates and no retired series. */
const noPeers: HeadPeers = { sealedAt: () => undefined, revive: () => undefined };
