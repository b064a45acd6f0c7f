/** Acks: who has taken an alert. An ack lasts as long as the firing it was given to. */
import { type Ack, type UnixMs } from '#core/model/index.ts';
import { sql, type ReadDb, type WriteDb } from '#core/db/index.ts';

export function loadAcks(db: ReadDb): Map<string, Ack> {
  const rows = sql(db, 'select alert, at_ms, by from acks where ended_ms is null order by at_ms').all() as {
    alert: string;
    at_ms: number;
    by: string;
  }[];
  return new Map(rows.map((row) => [row.alert, { by: row.by, atMs: row.at_ms }]));
}

export function saveAck(db: WriteDb, alert: string, ack: Ack): void {
  sql(db, 'insert or replace into acks (alert, at_ms, by, ended_ms) values (?, ?, ?, null)').run(alert, ack.atMs, ack.by);
}

export function endAck(db: WriteDb, alert: string, nowMs: UnixMs): boolean {
  return sql(db, 'update acks set ended_ms = ? where alert = ? and ended_ms is null').run(nowMs, alert).changes > 0;
}
