/**
 * The receivers of alertmanager.yml. The kinds that Signalbox can send to are read in full; the others are checked as Alertmanager
 * checks them, and sending to them says "not yet supported" by name. Two kinds are Signalbox' own: `desktop_configs` and `log_configs`.
 * Source: Alertmanager's configuration reference, "Receiver integration settings"; field names as of version 0.33.
 */
import type { Labels } from '#core/model/index.ts';
import type { ForeignKind } from './alertmanager-foreign.ts';
import type { SmtpDefaults } from './alertmanager-global.ts';
import type { HttpSettings } from './alertmanager-http.ts';

/** One way to tell a receiver; `index` counts within its kind. Names such as `webhook/0` identify it in the log of notifications. */
export type Integration = {
  readonly index: number;
  readonly line: number;
  readonly sendResolved: boolean;
  /** Names of what the file asks for here and we cannot do; sending is refused by these names. */
  readonly unsupported: readonly string[];
} & (
  | { readonly kind: 'desktop'; readonly settings: DesktopSettings }
  | { readonly kind: 'log'; readonly settings: LogSettings }
  | { readonly kind: 'webhook'; readonly settings: WebhookSettings }
  | { readonly kind: 'slack'; readonly settings: SlackSettings }
  | { readonly kind: 'pagerduty'; readonly settings: PagerdutySettings }
  | { readonly kind: 'email'; readonly settings: EmailSettings }
  | { readonly kind: ForeignKind; readonly settings: undefined }
);

export interface Receiver {
  readonly name: string;
  readonly line: number;
  /** For tools that list receivers. */
  readonly labels: Labels;
  /** Empty: alerts routed here are told to nobody. */
  readonly integrations: readonly Integration[];
}

/** Fields named like template fields of other receivers hold Go templates. */
export interface DesktopSettings {
  readonly title: string;
  readonly text: string;
  readonly sound: boolean;
}

export interface LogSettings {
  readonly text: string;
}

export interface WebhookSettings {
  readonly url: string;
  readonly urlFile: string;
  /** 0: no bound. */
  readonly maxAlerts: number;
  /** 0: only the sender's own bound. */
  readonly timeoutMs: number;
  readonly http: HttpSettings;
}

export interface SlackSettings {
  readonly apiUrl: string;
  readonly apiUrlFile: string;
  readonly appToken: string;
  readonly appTokenFile: string;
  readonly channel: string;
  readonly username: string;
  readonly color: string;
  readonly title: string;
  readonly titleLink: string;
  readonly pretext: string;
  readonly text: string;
  readonly fields: readonly { readonly title: string; readonly value: string; readonly short: boolean | undefined }[];
  readonly shortFields: boolean;
  readonly footer: string;
  readonly fallback: string;
  readonly callbackId: string;
  readonly iconEmoji: string;
  readonly iconUrl: string;
  readonly imageUrl: string;
  readonly thumbUrl: string;
  readonly linkNames: boolean;
  readonly mrkdwnIn: readonly string[];
  readonly actions: readonly SlackAction[];
  readonly messageText: string;
  readonly http: HttpSettings;
}

export interface SlackAction {
  readonly type: string;
  readonly text: string;
  readonly url: string;
  readonly style: string;
  readonly name: string;
  readonly value: string;
  readonly confirm: { readonly text: string; readonly title: string; readonly okText: string; readonly dismissText: string } | undefined;
}

export interface PagerdutySettings {
  /** Events API v2 key. A `serviceKey` alone means the old Events API v1. */
  readonly routingKey: string;
  readonly routingKeyFile: string;
  readonly serviceKey: string;
  readonly serviceKeyFile: string;
  readonly url: string;
  readonly client: string;
  readonly clientUrl: string;
  readonly description: string;
  readonly severity: string;
  readonly source: string;
  readonly class: string;
  readonly component: string;
  readonly group: string;
  readonly details: readonly (readonly [name: string, template: string])[];
  readonly images: readonly { readonly src: string; readonly alt: string; readonly href: string }[];
  readonly links: readonly { readonly href: string; readonly text: string }[];
  readonly http: HttpSettings;
}

export interface EmailSettings extends SmtpDefaults {
  readonly to: string;
  readonly headers: readonly (readonly [name: string, template: string])[];
  readonly html: string;
  readonly text: string;
  /** Whether the mails of one group make a thread: all of them, or those of one day. */
  readonly threading: 'off' | 'group' | 'daily';
}
