/** Whether a receiver has to be told, from what it was last told. The rules are Alertmanager's. */
import type { DurationMs, UnixMs } from '#core/model/index.ts';
import type { LogEntry, NotifyReason } from './notification.ts';

export interface GroupState {
  readonly firing: ReadonlySet<string>;
  readonly resolved: ReadonlySet<string>;
}

/**
 * Undefined: nothing new. What counts as new: an alert the receiver does not know to fire, the end of all, an end of some where it wants
 * to hear of ends, or the passing of `repeatMs` since the last notification was decided.
 */
export function notifyReason(
  entry: LogEntry | undefined,
  state: GroupState,
  sendResolved: boolean,
  repeatMs: DurationMs,
  nowMs: UnixMs,
): NotifyReason | undefined {
  if (entry === undefined) return state.firing.size > 0 ? 'first' : undefined;
  if (!isSubset(state.firing, entry.firing)) return entry.firing.size === 0 ? 'first' : 'new-alerts';
  if (state.firing.size === 0) return entry.firing.size > 0 ? 'all-resolved' : undefined;
  if (sendResolved && !isSubset(state.resolved, entry.resolved)) return 'resolved-alerts';
  return nowMs - entry.atMs >= repeatMs ? 'repeat' : undefined;
}

/** Whether two sets hold the same ids. */
export function sameIds(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && isSubset(a, b);
}

function isSubset(part: ReadonlySet<string>, whole: ReadonlySet<string>): boolean {
  if (part.size > whole.size) return false;
  for (const id of part) if (!whole.has(id)) return false;
  return true;
}

/** The reason as a person reads it. */
export const notifyReasonText: Readonly<Record<NotifyReason, string>> = {
  first: 'the group began to fire',
  'new-alerts': 'new alerts in the group',
  'resolved-alerts': 'some alerts of the group are over',
  'all-resolved': 'all alerts of the group are over',
  repeat: 'still firing after repeat_interval',
};

/**
 * The idempotency key of a notification: equal for every attempt at the same news, different for different news. Two FNV-1a hashes of
 * 32 bits with different offsets over group, state and sequence number.
 */
export function notificationKey(parts: readonly string[]): string {
  let low = 0x811c9dc5;
  let high = 0x9e3779b9;
  for (const part of parts) {
    for (let i = 0; i <= part.length; i++) {
      const unit = i === part.length ? 0x10000 : part.charCodeAt(i);
      low = Math.imul(low ^ unit, 0x01000193);
      high = Math.imul(high ^ (unit + 0x55), 0x01000193);
    }
  }
  return [high, low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}
