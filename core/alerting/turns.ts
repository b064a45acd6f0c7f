/** Keeps when each group has its first turn, and whether it had it. */
import type { UnixMs } from '#core/model/index.ts';
import { sql, type ReadDb, type WriteDb } from '#core/db/index.ts';
import type { TurnStore } from './groups.ts';

export interface Turns extends TurnStore {
  /** Forgets groups that no longer exist. */
  keepOnly(groups: readonly (readonly [route: string, key: string])[]): void;
}

interface TurnRow {
  readonly route: string;
  readonly group_key: string;
  readonly first_turn_ms: number;
  readonly turned: number;
}

export function openTurns(db: WriteDb): Turns {
  const rows = sql(db, 'select route, group_key, first_turn_ms, turned from alert_groups').all() as TurnRow[];
  const known = new Map(rows.map((row) => [`${row.route}\0${row.group_key}`, row]));
  const forget = (route: string, key: string): void => {
    known.delete(`${route}\0${key}`);
    sql(db, 'delete from alert_groups where route = ? and group_key = ?').run(route, key);
  };
  return {
    find(route, key) {
      const row = known.get(`${route}\0${key}`);
      return row === undefined ? undefined : { firstMs: row.first_turn_ms, taken: row.turned === 1 };
    },
    save(route, key, { firstMs, taken }) {
      const text = 'insert or replace into alert_groups (route, group_key, first_turn_ms, turned) values (?, ?, ?, ?)';
      sql(db, text).run(route, key, firstMs, taken ? 1 : 0);
    },
    delete: forget,
    keepOnly(groups) {
      const kept = new Set(groups.map(([route, key]) => `${route}\0${key}`));
      for (const [name, { route, group_key: key }] of known) if (!kept.has(name)) forget(route, key);
      known.clear();
    },
  };
}

/** The last moment at which anything was written down: turns after it changed nothing, or were not taken. */
export function lastAliveMs(db: ReadDb): UnixMs {
  const decided = sql(db, 'select at_ms from alert_decisions order by id desc limit 1').get() as { at_ms: number } | undefined;
  const heard = sql(db, 'select max(updated_ms) as at_ms from held_alerts').get() as { at_ms: number | null };
  return Math.max(decided?.at_ms ?? 0, heard.at_ms ?? 0);
}
