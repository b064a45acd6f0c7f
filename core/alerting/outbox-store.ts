/** The rows of notifications: the outbox, and the log of what was told, in one table. */
import { assert, type UnixMs } from '#core/model/index.ts';
import { sql, type ReadDb, type WriteDb } from '#core/db/index.ts';
import type { Channel, Intent, LogEntry, Notification, NotifyReason } from './notification.ts';

/** Gives the row's id. */
export function insertIntent(db: WriteDb, intent: Intent, state: 'pending' | 'unsent'): number {
  const { channel, notification, seq, firing, resolved, place } = intent;
  const { lastInsertRowid } = sql(
    db,
    `insert into notifications
       (idempotency_key, group_key, receiver, integration, seq, reason, state, firing, resolved, payload, at_ms, attempts, done_ms, error, place)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, '', ?)`,
  ).run(
    notification.key,
    channel.group,
    channel.receiver,
    channel.integration,
    seq,
    notification.reason,
    state,
    JSON.stringify(firing),
    JSON.stringify(resolved),
    state === 'pending' ? JSON.stringify(notification) : null,
    notification.atMs,
    state === 'pending' ? null : notification.atMs,
    place,
  );
  return Number(lastInsertRowid);
}

/** An intent that a former run did not see delivered. */
export interface PendingRow {
  readonly id: number;
  readonly channel: Channel;
  readonly notification: Notification;
  readonly seq: number;
  readonly attempts: number;
  readonly place: string;
}

export function readPending(db: ReadDb): PendingRow[] {
  const rows = sql(
    db,
    `select id, group_key, receiver, integration, seq, payload, attempts, place from notifications where state = 'pending' order by id`,
  ).all() as {
    id: number;
    group_key: string;
    receiver: string;
    integration: string;
    seq: number;
    payload: string;
    attempts: number;
    place: string;
  }[];
  return rows.map((row) => ({
    id: row.id,
    channel: { group: row.group_key, receiver: row.receiver, integration: row.integration },
    notification: JSON.parse(row.payload) as Notification,
    seq: row.seq,
    attempts: row.attempts,
    place: row.place,
  }));
}

/** What a channel's receiver was last told, or is about to be; what was given up does not count. */
export function lastEntry(db: ReadDb, channel: Channel): LogEntry | undefined {
  const row = sql(
    db,
    `select seq, reason, firing, resolved, at_ms from notifications
     where group_key = ? and receiver = ? and integration = ? and state <> 'failed' order by id desc limit 1`,
  ).get(channel.group, channel.receiver, channel.integration) as
    | { seq: number; reason: NotifyReason; firing: string; resolved: string; at_ms: number }
    | undefined;
  if (row === undefined) return undefined;
  const ids = (json: string): Set<string> => new Set(JSON.parse(json) as string[]);
  return { seq: row.seq, reason: row.reason, firing: ids(row.firing), resolved: ids(row.resolved), atMs: row.at_ms };
}

/** The sequence number that a channel used last; 0 before its first. */
export function lastSeq(db: ReadDb, channel: Channel): number {
  const row = sql(db, 'select seq from notifications where group_key = ? and receiver = ? and integration = ? order by id desc limit 1').get(
    channel.group,
    channel.receiver,
    channel.integration,
  ) as { seq: number } | undefined;
  return row?.seq ?? 0;
}

/** After a failed attempt that will be followed by another. */
export function markRetry(db: WriteDb, id: number, row: { readonly attempts: number; readonly nextMs: UnixMs; readonly error: string }): void {
  const text = 'update notifications set attempts = ?, next_ms = ?, error = ? where id = ?';
  assert(sql(db, text).run(row.attempts, row.nextMs, row.error, id).changes === 1, 'a pending notification is in the journal');
}

/** The end of a notification; what it said goes. */
export function markEnd(
  db: WriteDb,
  id: number,
  row: { readonly state: 'sent' | 'failed' | 'superseded'; readonly attempts: number; readonly doneMs: UnixMs; readonly error: string },
): void {
  const text = 'update notifications set state = ?, attempts = ?, next_ms = null, done_ms = ?, payload = null, error = ? where id = ?';
  assert(sql(db, text).run(row.state, row.attempts, row.doneMs, row.error, id).changes === 1, 'a pending notification is in the journal');
}

/** One alert in one notification. */
export interface ToldPair {
  readonly notification: number;
  readonly alert: string;
}

/** The alerts that notifications from a moment on told to fire; what was given up, or never meant to be sent, is left out. */
export function toldPairs(db: ReadDb, sinceMs: UnixMs): ToldPair[] {
  return sql(
    db,
    `select notifications.id as notification, value as alert from notifications, json_each(notifications.firing)
     where at_ms >= ? and state in ('sent', 'pending')`,
  ).all(sinceMs) as ToldPair[];
}
