import { sql, type ReadDb, type WriteDb } from '#core/db/index.ts';
import type { Clock, UnixMs } from '#core/model/index.ts';

/** The newest sample may run ahead of the time that passed by this much at once: a batch, a slow scrape, the end of daylight saving. */
const slackMs = 3_600_000;
/** So long has the engine to run after the newest sample jumped ahead before ages follow it: time to find a wrong clock and set it right. */
const settleMs = 3_600_000;
/** It is kept over restarts to within this much, which is less than the slack. */
const keptToMs = 600_000;

/**
 * The time that ages are measured from: that of the newest sample, but never beyond the clock, and after a jump ahead only once it has
 * stood for an hour of running. A clock set wrong, forwards or backwards, so deletes nothing; a machine that was off for a week is behind
 * by an hour (reliability, rows 14 and 15).
 */
export class Age {
  readonly #clock: Clock;
  readonly #newestMs: () => UnixMs;
  #fromMs: UnixMs;
  /** By the clock that never jumps: when `#fromMs` was that of the newest sample, and since when a jump stands. */
  #atMs: number;
  #jumpedAtMs: number | undefined;
  readonly #db: WriteDb;
  #keptMs: UnixMs;

  constructor(db: WriteDb, clock: Clock, newestMs: () => UnixMs) {
    this.#db = db;
    this.#clock = clock;
    this.#newestMs = newestMs;
    this.#keptMs = keptAge(db);
    this.#fromMs = this.#keptMs === -Infinity ? newestMs() : this.#keptMs;
    this.#atMs = clock.monotonicMs();
  }

  /** -Infinity while there is no sample. */
  get fromMs(): UnixMs {
    const wantedMs = Math.min(this.#newestMs(), this.#clock.now());
    const nowMs = this.#clock.monotonicMs();
    const isNear = this.#fromMs === -Infinity || wantedMs <= this.#fromMs + (nowMs - this.#atMs) + slackMs;
    if (isNear) this.#jumpedAtMs = undefined;
    else this.#jumpedAtMs ??= nowMs;
    if (isNear || nowMs - this.#jumpedAtMs! >= settleMs) {
      this.#fromMs = wantedMs;
      this.#atMs = nowMs;
      if (Math.abs(wantedMs - this.#keptMs) >= keptToMs) this.#keep(wantedMs);
    }
    return this.#fromMs;
  }

  #keep(fromMs: UnixMs): void {
    if (fromMs === -Infinity) return;
    sql(this.#db, 'insert into age (one, from_ms) values (1, ?) on conflict (one) do update set from_ms = excluded.from_ms').run(fromMs);
    this.#keptMs = fromMs;
  }
}

function keptAge(db: ReadDb): UnixMs {
  const row = sql(db, 'select from_ms as fromMs from age').get() as { fromMs: number } | undefined;
  return row?.fromMs ?? -Infinity;
}
