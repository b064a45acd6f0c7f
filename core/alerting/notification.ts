/** A notification, where it goes, and how sending it ends. */
import type { DurationMs, Labels, UnixMs } from '#core/model/index.ts';
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
  readonly reason: NotifyReason;
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
