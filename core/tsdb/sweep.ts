import { checkpoint } from '#core/db/index.ts';
import type { Clock } from '#core/model/index.ts';
import { assignGroups, sealGroups, type SealParts } from './sealer.ts';
import type { Wal } from './wal.ts';

/** Every group is sealed once in this time: 30 samples at the usual 15 s, and the most that the log has to hold twice. */
const sweepMs = 450_000;
/** Beyond this many unsealed samples commits seal as they go, so that a fast import stays in bounds. */
const headSamplesPerSeries = 40;
const headSamplesMin = 1 << 22;
const headSamplesMax = 1 << 24;
/** Groups sealed in one transaction: one sync of the disk for about 100,000 samples. */
const groupsPerSeal = 64;

/**
 * Walks over all groups, sealing each in its turn, for ever. When a walk ends, every commit from before it began is sealed, and
 * the log is cut there; but first SQLite's journal is moved into its file, since SQLite drops what follows a damaged
 * frame of its journal without a word. A steady trickle instead of a burst, so that no tick is long.
 */
export class Sweep {
  readonly #parts: SealParts;
  readonly #wal: Wal;
  readonly #clock: Clock;
  #ids: readonly number[] = [];
  #at = 0;
  #startMs = -Infinity;
  /** The newest commit when the walk began; no cut when series were then left without a group. */
  #cutLsn = 0;

  constructor(parts: SealParts, wal: Wal, clock: Clock) {
    this.#parts = parts;
    this.#wal = wal;
    this.#clock = clock;
  }

  /** Seals what the time says is due, at most one transaction. True when more is due. */
  step(): boolean {
    const share = (this.#clock.monotonicMs() - this.#startMs) / sweepMs;
    if (this.#at === this.#ids.length) {
      if (share >= 1) this.#begin();
      return false;
    }
    const dueAt = Math.min(this.#ids.length, Math.ceil(this.#ids.length * share));
    this.#sealNext(Math.min(dueAt - this.#at, groupsPerSeal));
    return this.#at < dueAt;
  }

  /** Seals until the head is within its bound again. */
  relieve(): void {
    while (this.#parts.head.samples > this.#headSamplesBound()) {
      if (this.#at === this.#ids.length) this.#begin();
      if (this.#ids.length === 0) return;
      this.#sealNext(groupsPerSeal);
    }
  }

  /** Seals everything and empties the log. */
  sealAll(): void {
    do this.#begin();
    while (this.#parts.groups.waiting.size > 0);
    while (this.#at < this.#ids.length) this.#sealNext(groupsPerSeal);
    this.#wal.retire();
    checkpoint(this.#parts.db);
    this.#wal.cutBelow(this.#wal.lastLsn + 1);
  }

  #begin(): void {
    assignGroups(this.#parts);
    this.#ids = [...this.#parts.groups.members.keys()];
    this.#at = 0;
    this.#cutLsn = this.#parts.groups.waiting.size === 0 ? this.#wal.lastLsn : 0;
    this.#startMs = this.#ids.length === 0 ? -Infinity : this.#clock.monotonicMs();
    this.#wal.retire();
    this.#parts.head.trim();
  }

  #sealNext(count: number): void {
    if (count <= 0) return;
    sealGroups(this.#parts, this.#ids.slice(this.#at, this.#at + count), this.#wal.lastLsn);
    this.#at = Math.min(this.#ids.length, this.#at + count);
    if (this.#at < this.#ids.length) return;
    checkpoint(this.#parts.db);
    this.#wal.cutBelow(this.#cutLsn + 1);
  }

  #headSamplesBound(): number {
    return Math.min(headSamplesMax, Math.max(headSamplesMin, this.#parts.catalogue.size * headSamplesPerSeries));
  }
}
