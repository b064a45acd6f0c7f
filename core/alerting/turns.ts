/** Keeps when each group had, or has, its first turn. */
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
}

export function openTurns(db: WriteDb): Turns {
  const rows = sql(db, 'select route, group_key, first_turn_ms from alert_groups').all() as TurnRow[];
  const known = new Map(rows.map((row) => [`${row.route}\0${row.group_key}`, row]));
  const forget = (route: string, key: string): void => {
    known.delete(`${route}\0${key}`);
    sql(db, 'delete from alert_groups where route = ? and group_key = ?').run(route, key);
  };
  return {
    firstTurnMs: (route, key) => known.get(`${route}\0${key}`)?.first_turn_ms,
    save(route, key, firstTurnMs) {
      sql(db, 'insert or replace into alert_groups (route, group_key, first_turn_ms) values (?, ?, ?)').run(route, key, firstTurnMs);
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
