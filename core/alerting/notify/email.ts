/** An e-mail, ready for whatever speaks SMTP. */
import { alertId, formatTime } from '#core/model/index.ts';
import type { EmailSettings } from '#core/formats/index.ts';
import type { Notification } from '../notification.ts';
import type { ReadSecret } from './http.ts';

export interface Mail {
  /** HOST:PORT. */
  readonly smarthost: string;
  readonly hello: string;
  readonly from: string;
  readonly to: string;
  /** Subject among them; names as given. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly html: string;
  readonly text: string;
  /** The same for every attempt at one notification. */
  readonly messageId: string;
  /** The message that begins its thread; empty: it stands alone. */
  readonly thread: string;
  readonly requireTls: boolean;
  /** TLS from the first byte; undefined: where the port is 465. */
  readonly implicitTls: boolean | undefined;
  readonly tls: EmailSettings['tls'];
  readonly username: string;
  readonly password: string;
  /** For CRAM-MD5. */
  readonly secret: string;
}

/** Rejects when the mail was not taken. */
export type SendMail = (mail: Mail) => Promise<void>;

/** `renderHtml` escapes what comes from alerts. Line breaks in header values become spaces, so that no label can add a header. */
export async function mailOf(
  settings: EmailSettings,
  notification: Pick<Notification, 'key' | 'groupKey' | 'atMs'>,
  readSecret: ReadSecret,
  render: (template: string) => string,
  renderHtml: (template: string) => string,
): Promise<Mail> {
  const line = (template: string): string => render(template).replaceAll(/\s*[\r\n]+\s*/g, ' ');
  const headers = settings.headers.map(([name, value]) => [name, line(value)] as const);
  const has = (name: string): boolean => headers.some(([given]) => given.toLowerCase() === name);
  return {
    smarthost: settings.smarthost,
    hello: settings.hello,
    from: line(settings.from),
    to: line(settings.to),
    headers: has('subject') ? headers : [['Subject', line('{{ template "email.default.subject" . }}')], ...headers],
    html: renderHtml(settings.html),
    text: render(settings.text),
    messageId: messageIdOf(notification.key),
    thread: threadOf(settings, notification),
    requireTls: settings.requireTls,
    implicitTls: settings.implicitTls,
    tls: settings.tls,
    username: settings.username,
    password: settings.passwordFile === '' ? settings.password : await readSecret(settings.passwordFile),
    secret: settings.secretFile === '' ? settings.secret : await readSecret(settings.secretFile),
  };
}

/** One thread for a group, or for a group and a day. */
function threadOf({ threading }: EmailSettings, { groupKey, atMs }: Pick<Notification, 'groupKey' | 'atMs'>): string {
  if (threading === 'off') return '';
  return messageIdOf(threading === 'daily' ? `${groupKey} ${formatTime(atMs).slice(0, 10)}` : groupKey);
}

const messageIdOf = (of: string): string => `<${alertId([of])}@signalbox>`;
