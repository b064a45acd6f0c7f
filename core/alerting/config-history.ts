/** Every configuration that was in force, and when: "why" is answered with the one of its time. */
import type { UnixMs } from '#core/model/index.ts';
import { sql, type ReadDb, type WriteDb } from '#core/db/index.ts';
import { defaultAlertmanagerConfig, parseAlertmanagerConfig, type AlertmanagerConfig } from '#core/formats/index.ts';

interface ConfigRow {
  readonly path: string;
  readonly text: string;
}

/** Keeps the configuration unless it is the one that was last in force. True when it was new. */
export function keepConfig(db: WriteDb, { path, text }: AlertmanagerConfig, nowMs: UnixMs): boolean {
  const last = sql(db, 'select path, text from alerting_configs order by rowid desc limit 1').get() as ConfigRow | undefined;
  if (last?.path === path && last.text === text) return false;
  sql(db, 'insert into alerting_configs (from_ms, path, text) values (?, ?, ?)').run(nowMs, path, text);
  return true;
}

/** The configuration in force at a moment; before the first that was kept, the first. */
export function configAt(db: ReadDb, timeMs: UnixMs): AlertmanagerConfig {
  const at = sql(db, 'select path, text from alerting_configs where from_ms <= ? order by rowid desc limit 1').get(timeMs);
  const row = (at ?? sql(db, 'select path, text from alerting_configs order by rowid limit 1').get()) as ConfigRow | undefined;
  return row === undefined ? defaultAlertmanagerConfig() : parseAlertmanagerConfig(row.text, row.path);
}
