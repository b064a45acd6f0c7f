/** An e-mail, ready for whatever speaks SMTP. */
import type { EmailSettings } from '#core/formats/index.ts';
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
  readonly requireTls: boolean;
  /** TLS from the first byte; undefined: where the port is 465. */
  readonly implicitTls: boolean | undefined;
  readonly tls: EmailSettings['tls'];
  readonly username: string;
  readonly password: string;
  readonly identity: string;
}

/** Rejects when the mail was not taken. */
export type SendMail = (mail: Mail) => Promise<void>;

/** `renderHtml` escapes what comes from alerts. Line breaks in header values become spaces, so that no label can add a header. */
export async function mailOf(
  settings: EmailSettings,
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
    requireTls: settings.requireTls,
    implicitTls: settings.implicitTls,
    tls: settings.tls,
    username: settings.username,
    password: settings.passwordFile === '' ? settings.password : await readSecret(settings.passwordFile),
    identity: settings.identity,
  };
}
