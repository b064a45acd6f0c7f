/**
 * The outbox: a notification is committed first, then sent, then marked. After a crash what was not marked is sent again under the same
 * key, so nothing is lost and a receiver that keeps keys sees each once (reliability promise 17). The same rows are the log that
 * tells what a receiver knows; they do not expire, so nothing is told again because a log was cleaned.
 */
import { assert, messageOf, type Cancel, type Clock, type DurationMs } from '#core/model/index.ts';
import { transaction, type WriteDb } from '#core/db/index.ts';
import { channelKey, type Channel, type Intent, type LogEntry, type Recipient, type Send, type SendResult } from './notification.ts';
import { insertIntent, lastEntry, lastSeq, markEnd, markRetry, readPending, type PendingRow } from './outbox-store.ts';

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
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly send: Send;
  /** Called in the transaction that records the outcome. */
  readonly onOutcome: (outcome: Outcome) => void;
  /** Called after that transaction, with the channels that have nothing in flight any more. */
  readonly onIdle: (channels: readonly Channel[]) => void;
}

/** Retries go on this long after the decision (reliability promise 17). */
const retryForMs = 24 * 3_600_000;
const backoffFirstMs = 1000;
const backoffMaxMs = 300_000;
/** A send that answers nothing at all is taken as failed; above any sensible HTTP timeout. */
const attemptMaxMs = 120_000;
/** Sends at a time: enough for slow receivers, few enough not to storm one that just came back. */
const inFlightMax = 32;

const goneReason = 'the receiver is no longer in the configuration';

interface Pending {
  readonly id: number;
  readonly channel: Channel;
  readonly notification: Intent['notification'];
  readonly place: string;
  /** Undefined only for one that is about to be given up. */
  recipient: Recipient | undefined;
  attempts: number;
  state: 'waiting' | 'queued' | 'flying';
  cancel: Cancel | undefined;
}

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #pending = new Map<string, Pending>();
  /** What each channel was last told, once somebody asked. */
  readonly #told = new Map<string, LogEntry | undefined>();
  readonly #queue: Pending[] = [];
  /** Outcomes of one moment are written together. */
  #settled: { readonly pending: Pending; readonly result: SendResult }[] = [];
  #inFlight = 0;
  #stopped = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** What a channel's receiver was last told, or is about to be; what was given up does not count. */
  lastTold(channel: Channel): LogEntry | undefined {
    const key = channelKey(channel);
    if (!this.#told.has(key)) this.#told.set(key, lastEntry(this.#options.db, channel));
    return this.#told.get(key);
  }

  /** Drops what is remembered of a channel that is no longer in use; the journal keeps it. */
  forget(channel: Channel): void {
    this.#told.delete(channelKey(channel));
  }

  nextSeq(channel: Channel): number {
    return lastSeq(this.#options.db, channel) + 1;
  }

  /** Writes the intent, in the caller's transaction; an undelivered one of the same channel gives way. Then call `deliver`. */
  commit(intent: Intent): void {
    const id = this.#write(intent, 'pending');
    const { channel, recipient, notification, place } = intent;
    this.#pending.set(channelKey(channel), { id, channel, notification, place, recipient, attempts: 0, state: 'waiting', cancel: undefined });
  }

  /** Writes down, without sending, that a receiver need not be told (send_resolved is off). */
  note(intent: Intent): void {
    this.#write(intent, 'unsent');
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

  /** True when a notification was committed that its receiver has not taken yet. */
  isUndelivered(channel: Channel): boolean {
    return this.#pending.has(channelKey(channel));
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
    for (const pending of this.#pending.values()) {
      const recipient = recipientOf(pending.channel);
      if (recipient !== undefined) pending.recipient = recipient;
      else if (pending.state !== 'flying') this.#end(pending, 'failed', goneReason);
    }
  }

  stop(): void {
    this.#stopped = true;
    for (const pending of this.#pending.values()) pending.cancel?.();
  }

  #write(intent: Intent, state: 'pending' | 'unsent'): number {
    const older = this.#pending.get(channelKey(intent.channel));
    assert(older?.state !== 'flying', 'a notification in flight is not superseded');
    if (older !== undefined) this.#end(older, 'superseded', 'a newer notification of the group took its place before it was delivered');
    const { seq, firing, resolved, notification } = intent;
    const { reason, atMs } = notification;
    this.#told.set(channelKey(intent.channel), { seq, reason, firing: new Set(firing), resolved: new Set(resolved), atMs });
    return insertIntent(this.#options.db, intent, state);
  }

  #restoreOne(row: PendingRow, recipient: Recipient | undefined): void {
    const { id, channel, notification, place, attempts } = row;
    const pending: Pending = { id, channel, notification, place, recipient, attempts, state: 'waiting', cancel: undefined };
    this.#pending.set(channelKey(channel), pending);
    if (recipient === undefined) this.#end(pending, 'failed', goneReason);
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
      if (this.#pending.get(channelKey(next.channel)) === next) this.#attempt(next);
    }
  }

  #attempt(pending: Pending): void {
    const { clock, send } = this.#options;
    const { recipient, notification } = pending;
    assert(recipient !== undefined, 'what has no recipient was given up');
    this.#inFlight++;
    pending.state = 'flying';
    pending.attempts++;
    let settled = false;
    const settle = (result: SendResult): void => {
      if (settled) return;
      settled = true;
      pending.cancel?.();
      this.#inFlight--;
      this.#settle(pending, result);
    };
    const failed = (error: string): void => settle({ ok: false, retry: true, error });
    pending.cancel = clock.after(attemptMaxMs, () => failed(`no answer within ${attemptMaxMs / 1000} s`));
    const lateMs = clock.now() - notification.atMs;
    send(recipient, notification, { attempt: pending.attempts, lateMs }).then(settle, (error: unknown) => failed(messageOf(error)));
  }

  #settle(pending: Pending, result: SendResult): void {
    this.#settled.push({ pending, result });
    if (this.#settled.length === 1) this.#options.clock.after(0, () => this.#writeSettled());
  }

  #writeSettled(): void {
    if (this.#stopped) return;
    const { db, onIdle } = this.#options;
    const settled = this.#settled;
    this.#settled = [];
    transaction(db, () => {
      for (const { pending, result } of settled) this.#judge(pending, result);
    });
    onIdle(settled.map(({ pending }) => pending.channel));
    this.#pump();
  }

  #judge(pending: Pending, result: SendResult): void {
    const late = this.#options.clock.now() - pending.notification.atMs >= retryForMs;
    if (result.ok) this.#end(pending, 'sent', pending.attempts === 1 ? 'delivered' : `delivered at attempt ${pending.attempts}`);
    else if (!result.retry) this.#end(pending, 'failed', result.error);
    else if (late) this.#end(pending, 'failed', `given up after ${pending.attempts} attempts in 24 h: ${result.error}`);
    else this.#retry(pending, result.error, result.retryAfterMs);
  }

  #retry(pending: Pending, error: string, retryAfterMs: DurationMs = 0): void {
    const { db, clock, random, onOutcome } = this.#options;
    const { id, attempts, channel, notification, place } = pending;
    const ceilingMs = Math.min(backoffMaxMs, backoffFirstMs * 2 ** Math.min(attempts - 1, 20));
    const delayMs = Math.round(Math.max(retryAfterMs, ceilingMs / 2 + (random() * ceilingMs) / 2));
    markRetry(db, id, { attempts, nextMs: clock.now() + delayMs, error });
    const reason = `attempt ${attempts} failed: ${error}; the next follows in ${Math.round(delayMs / 1000)} s`;
    onOutcome({ kind: 'attempt-failed', key: notification.key, channel, reason, place });
    pending.state = 'waiting';
    pending.cancel = clock.after(delayMs, () => this.#enqueue(pending));
  }

  #end(pending: Pending, kind: 'sent' | 'failed' | 'superseded', reason: string): void {
    const { db, clock, onOutcome } = this.#options;
    const { id, attempts, channel, notification, place } = pending;
    pending.cancel?.();
    markEnd(db, id, { state: kind, attempts, doneMs: clock.now(), error: kind === 'failed' ? reason : '' });
    onOutcome({ kind, key: notification.key, channel, reason, place });
    this.#pending.delete(channelKey(channel));
    if (kind === 'failed') this.#told.delete(channelKey(channel));
  }
}
