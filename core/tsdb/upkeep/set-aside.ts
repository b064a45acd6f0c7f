import { isCorrupt, type WriteDb } from '#core/db/index.ts';
import { messageOf, type Clock } from '#core/model/index.ts';
import type { Frames } from '../frames.ts';
import type { WalDamage } from '../log/wal-frame.ts';
import type { RollupMeta } from '../rollup/rows.ts';
import type { FrameMeta } from '../sealed.ts';
import { quarantineFrame, quarantineGroup, quarantineRollup, quarantineSegment, type Damage } from './quarantine.ts';
import { markDamaged } from './salvage.ts';

export interface SetAsideParts {
  readonly folder: string;
  readonly db: WriteDb;
  readonly clock: Clock;
  readonly frames: Frames;
}

/** What to do with what cannot be read: it moves to the quarantine, and the store goes on without it. */
export class SetAside {
  /** All that was found, before this start too. */
  readonly damage: Damage[];
  /** Whether the database's own structure is damaged, which waits for the next start. */
  isCondemned = false;
  readonly #parts: SetAsideParts;

  constructor(parts: SetAsideParts, known: Damage[]) {
    this.#parts = parts;
    this.damage = known;
  }

  /** Without `meta` it is the index of frames that cannot be read. */
  frame(meta: FrameMeta | undefined, error: Error): void {
    const { db, clock, frames } = this.#parts;
    try {
      if (meta === undefined || isCorrupt(error)) throw error;
      frames.change((change) => {
        quarantineFrame(db, meta, error.message, clock.now());
        change.remove(meta);
      });
      this.damage.push({ what: 'frame', minMs: meta.minMs, maxMs: meta.maxMs, cause: error.message });
    } catch (failure) {
      if (!isCorrupt(failure)) throw failure;
      this.database(messageOf(failure));
    }
  }

  /** A row of rollups is made anew of what samples are left. */
  rollup(row: RollupMeta, error: Error): void {
    const { db, clock, frames } = this.#parts;
    if (isCorrupt(error)) return this.database(messageOf(error));
    frames.change((change) => {
      quarantineRollup(db, row, error.message, clock.now());
      change.removeRollup(row);
    });
    this.damage.push({ what: 'rollup', minMs: row.startMs, maxMs: row.endMs, cause: error.message });
  }

  group(id: number, cause: string): void {
    const { db, clock } = this.#parts;
    this.damage.push(quarantineGroup(db, id, cause, clock.now()));
  }

  segment(damage: WalDamage): void {
    this.damage.push(quarantineSegment(this.#parts.folder, damage));
  }

  database(cause: string): void {
    if (this.isCondemned) return;
    this.isCondemned = true;
    markDamaged(this.#parts.folder);
    this.damage.push({ what: 'database', minMs: undefined, maxMs: undefined, cause });
  }
}
