/**
 * The outbox: a notification is committed first, then sent, then marked. After a crash what was not marked is sent again under the same
 * key, so nothing is lost and a receiver that keeps keys sees each once (reliability promise 17). The same rows are the log that
 * tells what a receiver knows; they do not expire, so nothing is told again because a log was cleaned.
 */
import { assert, messageOf, type Cancel, type Clock, type DurationMs, type Labels, type UnixMs } from '#core/model/index.ts';
import { sql, transaction, type ReadDb, type WriteDb } from '#core/db/index.ts';
import type { Integration } from '#core/formats/index.ts';

/** One alert as a receiver is told of it. */
export interface NotifiedAlert {
  readonly id: string;
  readonly status: 'firing' | 'resolved';
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsMs: UnixMs;
  /** Undefined while it fires. */
  readonly endsMs: UnixMs | undefined;
  readonly generatorUrl: string;
}

export interface Notification {
  /** The same for every attempt, also after a crash. */
  readonly key: string;
  readonly groupKey: string;
  readonly groupLabels: Labels;
  readonly receiver: string;
  /** Firing as long as any alert of it fires. */
  readonly status: 'firing' | 'resolved';
  readonly reason: NotifyReason;
  readonly alerts: readonly NotifiedAlert[];
  /** When it was decided; the repeat interval counts from here. */
  readonly atMs: UnixMs;
}

export type NotifyReason = 'first' | 'new-alerts' | 'resolved-alerts' | 'all-resolved' | 'repeat';

/** Where a notification goes. */
export interface Recipient {
  readonly receiver: string;
  readonly integration: Integration;
}

/** `attempt` counts from 1; `lateMs` is how long ago it was decided, for "delayed". */
export type Send = (recipient: Recipient, notification: Notification, attempt: { attempt: number; lateMs: DurationMs }) => Promise<SendResult>;

export type SendResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly retry: boolean; readonly error: string; readonly retryAfterMs?: DurationMs };

/** What a receiver was last told, or is about to be. */
export interface LogEntry {
  readonly seq: number;
  readonly firing: ReadonlySet<string>;
  readonly resolved: ReadonlySet<string>;
  readonly atMs: UnixMs;
}

/** One integration of one group: the unit in which things are told. */
export interface Channel {
  readonly group: string;
  readonly receiver: string;
  readonly integration: string;
}

export function channelKey(channel: Channel): string {
  return `${channel.group}\0${channel.receiver}\0${channel.integration}`;
}

export interface Intent {
  readonly channel: Channel;
  readonly recipient: Recipient;
  readonly notification: Notification;
  readonly seq: number;
  readonly firing: readonly string[];
  readonly resolved: readonly string[];
  /** FILE:LINE of the route. */
  readonly place: string;
}

/** How an attempt, or the whole notification, ended. */
export interface Outcome {
  readonly kind: 'sent' | 'attempt-failed' | 'failed' | 'superseded';
  readonly key: string;
  readonly channel: Channel;
  readonly reason: string;
  readonly place: string;
}

export interface OutboxOptions {
  readonly db: WriteDb;
  readonly clock: Clock;
  readonly random: () => number;
  readonly send: Send;
  /** Called in the transaction that records the outcome. */
  readonly onOutcome: (outcome: Outcome) => void;
  /** Called when a channel has nothing in flight any more. */
  readonly onIdle: (channel: Channel) => void;
}

/** Retries go on this long after the decision (reliability promise 17). */
const retryForMs = 24 * 3_600_000;
const backoffFirstMs = 1000;
const backoffMaxMs = 300_000;
/** A send that answers nothing at all is taken as failed; above any sensible HTTP timeout. */
const attemptMaxMs = 120_000;
/** Sends at a time: enough for slow receivers, few enough not to storm one that just came back. */
const inFlightMax = 32;

interface Pending {
  readonly id: number;
  readonly intent: Intent;
  attempts: number;
  state: 'waiting' | 'queued' | 'flying';
  cancel: Cancel | undefined;
}

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #pending = new Map<string, Pending>();
  readonly #queue: Pending[] = [];
  #inFlight = 0;
  #stopped = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Writes the intent, in the caller's transaction; an undelivered one of the same channel gives way. Then call `deliver`. */
  commit(intent: Intent): void {
    const { db } = this.#options;
    const older = this.#pending.get(channelKey(intent.channel));
    if (older !== undefined) this.#supersede(older);
    const id = insertIntent(db, intent, 'pending');
    this.#pending.set(channelKey(intent.channel), { id, intent, attempts: 0, state: 'waiting', cancel: undefined });
  }

  /** Writes down, without sending, that a receiver need not be told (send_resolved is off). */
  note(intent: Intent): void {
    const older = this.#pending.get(channelKey(intent.channel));
    if (older !== undefined) this.#supersede(older);
    insertIntent(this.#options.db, intent, 'unsent');
  }

  /** Sends what was committed. Call it after the transaction. */
  deliver(): void {
    for (const pending of this.#pending.values()) {
      if (pending.state === 'waiting' && pending.cancel === undefined) this.#enqueue(pending);
    }
  }

  /** True while an attempt is under way, whose outcome decides what the receiver knows. */
  isFlying(channel: Channel): boolean {
    return this.#pending.get(channelKey(channel))?.state === 'flying';
  }

  get pendingCount(): number {
    return this.#pending.size;
  }

  /**
   * Takes up what an earlier run left. `recipientOf` finds the receiver in today's configuration; what nobody receives any more
   * is given up. Then call `deliver`.
   */
  restore(recipientOf: (channel: Channel) => Recipient | undefined): void {
    for (const row of readPending(this.#options.db)) this.#restoreOne(row, recipientOf(row.channel));
  }

  /** After a new configuration: what is waiting goes to the receivers as they now are. */
  rebind(recipientOf: (channel: Channel) => Recipient | undefined): void {
    for (const [key, pending] of this.#pending) {
      const recipient = recipientOf(pending.intent.channel);
      if (recipient !== undefined) this.#pending.set(key, Object.assign(pending, { intent: { ...pending.intent, recipient } }));
      else if (pending.state !== 'flying') this.#end(pending, 'failed', goneReason);
    }
  }

  stop(): void {
    this.#stopped = true;
    for (const pending of this.#pending.values()) pending.cancel?.();
  }

  #restoreOne(row: PendingRow, recipient: Recipient | undefined): void {
    const { id, attempts, channel, notification, seq, place } = row;
    if (recipient === undefined) {
      this.#finish({ id, attempts, channel, key: notification.key, place }, 'failed', goneReason);
      return;
    }
    const intent: Intent = { channel, recipient, notification, seq, firing: [], resolved: [], place };
    this.#pending.set(channelKey(channel), { id, intent, attempts, state: 'waiting', cancel: undefined });
  }

  #enqueue(pending: Pending): void {
    pending.state = 'queued';
    pending.cancel = undefined;
    this.#queue.push(pending);
    this.#pump();
  }

  #pump(): void {
    while (this.#inFlight < inFlightMax && !this.#stopped) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      if (this.#pending.get(channelKey(next.intent.channel)) === next) this.#attempt(next);
    }
  }

  #attempt(pending: Pending): void {
    const { clock, send } = this.#options;
    const { recipient, notification } = pending.intent;
    this.#inFlight++;
    pending.state = 'flying';
    pending.attempts++;
    let settled = false;
    const settle = (result: SendResult): void => {
      if (settled) return;
      settled = true;
      pending.cancel?.();
      this.#inFlight--;
      if (!this.#stopped) this.#settle(pending, result);
    };
    pending.cancel = clock.after(attemptMaxMs, () => settle({ ok: false, retry: true, error: `no answer within ${attemptMaxMs / 1000} s` }));
    const lateMs = clock.now() - notification.atMs;
    send(recipient, notification, { attempt: pending.attempts, lateMs }).then(settle, (error: unknown) =>
      settle({ ok: false, retry: true, error: messageOf(error) }),
    );
  }

  #settle(pending: Pending, result: SendResult): void {
    const { clock } = this.#options;
    const late = clock.now() - pending.intent.notification.atMs >= retryForMs;
    if (result.ok) this.#end(pending, 'sent', pending.attempts === 1 ? 'delivered' : `delivered at attempt ${pending.attempts}`);
    else if (!result.retry) this.#end(pending, 'failed', result.error);
    else if (late) this.#end(pending, 'failed', `given up after ${pending.attempts} attempts in 24 h: ${result.error}`);
    else this.#retry(pending, result.error, result.retryAfterMs);
    this.#options.onIdle(pending.intent.channel);
    this.#pump();
  }

  #retry(pending: Pending, error: string, retryAfterMs: DurationMs | undefined): void {
    const { db, clock, random, onOutcome } = this.#options;
    const ceilingMs = Math.min(backoffMaxMs, backoffFirstMs * 2 ** Math.min(pending.attempts - 1, 20));
    const delayMs = Math.round(Math.max(retryAfterMs ?? 0, ceilingMs / 2 + (random() * ceilingMs) / 2));
    const { channel, notification, place } = pending.intent;
    transaction(db, () => {
      const { changes } = sql(db, 'update notifications set attempts = ?, next_ms = ?, error = ? where id = ?').run(
        pending.attempts,
        clock.now() + delayMs,
        error,
        pending.id,
      );
      assert(changes === 1, 'a pending notification is in the journal');
      const reason = `attempt ${pending.attempts} failed: ${error}; the next follows in ${Math.round(delayMs / 1000)} s`;
      onOutcome({ kind: 'attempt-failed', key: notification.key, channel, reason, place });
    });
    pending.state = 'waiting';
    pending.cancel = clock.after(delayMs, () => this.#enqueue(pending));
  }

  #supersede(pending: Pending): void {
    assert(pending.state !== 'flying', 'a notification in flight is not superseded');
    this.#end(pending, 'superseded', 'a newer notification of the group took its place before it was delivered');
  }

  #end(pending: Pending, kind: Finish, reason: string): void {
    pending.cancel?.();
    const { channel, notification, place } = pending.intent;
    this.#finish({ id: pending.id, attempts: pending.attempts, channel, key: notification.key, place }, kind, reason);
    this.#pending.delete(channelKey(channel));
  }

  #finish(row: FinishedRow, kind: Finish, reason: string): void {
    const { db, clock, onOutcome } = this.#options;
    transaction(db, () => {
      sql(db, 'update notifications set state = ?, attempts = ?, next_ms = null, done_ms = ?, payload = null, error = ? where id = ?').run(
        kind,
        row.attempts,
        clock.now(),
        kind === 'failed' ? reason : '',
        row.id,
      );
      onOutcome({ kind, key: row.key, channel: row.channel, reason, place: row.place });
    });
  }
}

type Finish = 'sent' | 'failed' | 'superseded';

interface FinishedRow {
  readonly id: number;
  readonly attempts: number;
  readonly channel: Channel;
  readonly key: string;
  readonly place: string;
}

const goneReason = 'the receiver is no longer in the configuration';

function insertIntent(db: WriteDb, intent: Intent, state: 'pending' | 'unsent'): number {
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

interface PendingRow {
  readonly id: number;
  readonly channel: Channel;
  readonly notification: Notification;
  readonly seq: number;
  readonly attempts: number;
  readonly place: string;
}

function readPending(db: ReadDb): PendingRow[] {
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
    `select seq, firing, resolved, at_ms from notifications
     where group_key = ? and receiver = ? and integration = ? and state <> 'failed' order by id desc limit 1`,
  ).get(channel.group, channel.receiver, channel.integration) as { seq: number; firing: string; resolved: string; at_ms: number } | undefined;
  if (row === undefined) return undefined;
  const ids = (json: string): Set<string> => new Set(JSON.parse(json) as string[]);
  return { seq: row.seq, firing: ids(row.firing), resolved: ids(row.resolved), atMs: row.at_ms };
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
