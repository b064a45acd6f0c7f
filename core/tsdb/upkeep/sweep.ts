import { checkpoint } from '#core/db/index.ts';
import type { Clock } from '#core/model/index.ts';
import { sealGroups, type SealParts } from './sealer.ts';
import type { Wal } from '../log/wal.ts';

/** Every group is sealed once in this time: 28 samples at the usual 15 s, and the most that the log has to hold twice. */
const sweepMs = 420_000;
/** Beyond this many unsealed samples commits seal as they go, so that a fast import stays in bounds. */
const headSamplesPerSeries = 16;
const headSamplesMin = 1 << 21;
const headSamplesMax = 1 << 24;
/** New series sorted into groups at once: bounds the pause. */
const assignSeriesMax = 16_384;
/** So many new series do not wait for the next walk. */
const waitingMax = 4096;
/** Groups sealed in one transaction, and samples when series have many: a few ms, and little enough to stay in the processor's caches. */
const groupsPerSeal = 64;
const samplesPerSeal = 1 << 17;

/**
 * Walks over all groups, sealing each in its turn, for ever. When a walk ends, every commit from before it began is sealed, and
 * the log is cut there; but first SQLite's journal is moved into its file, since SQLite drops what follows a damaged
 * frame of its journal without a word. A steady trickle instead of a burst, so that no tick is long.
 */
export class Sweep {
  readonly #parts: SealParts;
  readonly #wal: Wal;
  readonly #clock: Clock;
  /** The groups of this walk, in order; new ones join at the end. */
  #ids: number[] = [];
  #at = 0;
  #startMs = -Infinity;
  /** The newest commit when the walk began, and how many of the series that had no group then still have none. */
  #startLsn = 0;
  #waitingSinceStart = 0;

  constructor(parts: SealParts, wal: Wal, clock: Clock) {
    this.#parts = parts;
    this.#wal = wal;
    this.#clock = clock;
  }

  /** Seals what the time says is due, at most one transaction. True when more is due. */
  step(): boolean {
    const share = (this.#clock.monotonicMs() - this.#startMs) / sweepMs;
    if (this.#at === this.#ids.length && share >= 1) {
      this.#begin();
      return this.#isCrowded();
    }
    if (this.#isCrowded()) this.#assign();
    const dueAt = Math.min(this.#ids.length, Math.ceil(this.#ids.length * share));
    this.#sealNext(Math.min(dueAt - this.#at, groupsPerSeal));
    return this.#at < dueAt || this.#isCrowded();
  }

  /** Seals until the head is within its bound again, or everything that can be sealed is. */
  relieve(): void {
    for (let turns = 0; this.#parts.head.samples > this.#headSamplesBound() && turns < 2;) {
      if (this.#at === this.#ids.length) {
        this.#begin();
        if (this.#parts.groups.waiting.size === 0) turns++;
      }
      this.#sealNext(groupsPerSeal);
    }
  }

  /** Seals everything and empties the log. */
  sealAll(): void {
    this.#begin();
    while (this.#parts.groups.waiting.size > 0) this.#assign();
    while (this.#at < this.#ids.length) this.#sealNext(groupsPerSeal);
    this.#wal.retire();
    if (checkpoint(this.#parts.db)) this.#wal.cutBelow(this.#wal.lastLsn + 1);
  }

  #isCrowded(): boolean {
    return this.#parts.groups.waiting.size >= waitingMax;
  }

  #begin(): void {
    this.#ids = [...this.#parts.groups.members.keys()];
    this.#at = 0;
    this.#startLsn = this.#wal.lastLsn;
    this.#waitingSinceStart = this.#parts.groups.waiting.size;
    this.#assign();
    this.#startMs = this.#ids.length === 0 ? -Infinity : this.#clock.monotonicMs();
    this.#wal.retire();
  }

  /** Gives the series that have waited longest a group, and takes new groups into this walk. */
  #assign(): void {
    const { groups, catalogue } = this.#parts;
    const before = groups.waiting.size;
    const made = groups.assign(catalogue, assignSeriesMax);
    this.#waitingSinceStart -= before - groups.waiting.size;
    for (const id of made) if (!this.#ids.includes(id, this.#at)) this.#ids.push(id);
  }

  #sealNext(count: number): void {
    if (count <= 0) return;
    const to = this.#sealEnd(count);
    sealGroups(this.#parts, this.#ids.slice(this.#at, to), this.#wal.lastLsn);
    this.#at = to;
    if (this.#at < this.#ids.length || this.#waitingSinceStart > 0) return;
    if (checkpoint(this.#parts.db)) this.#wal.cutBelow(this.#startLsn + 1);
  }

  /** Where the next transaction ends: behind so many groups, or so many samples. */
  #sealEnd(count: number): number {
    const { groups, head } = this.#parts;
    const end = Math.min(this.#ids.length, this.#at + count);
    let to = this.#at;
    for (let samples = 0; to < end && samples < samplesPerSeal; to++)
      samples += groups.members.get(this.#ids[to]!)?.reduce((sum, ref) => sum + head.held(ref), 0) ?? 0;
    return to;
  }

  #headSamplesBound(): number {
    return Math.min(headSamplesMax, Math.max(headSamplesMin, this.#parts.catalogue.size * headSamplesPerSeries));
  }
}
