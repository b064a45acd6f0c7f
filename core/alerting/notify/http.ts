/** One HTTP request of a receiver. Sockets are not made here: whoever runs the engine passes a function that has the SSRF guard. */
import type { DurationMs } from '#core/model/index.ts';
import type { HttpSettings, TlsSettings } from '#core/formats/index.ts';
import type { SendResult } from '../notification.ts';

export interface HttpCall {
  readonly method: 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly tls: TlsSettings | undefined;
  /** Empty: straight. */
  readonly proxyUrl: string;
  readonly followRedirects: boolean;
  readonly timeoutMs: DurationMs;
}

export interface HttpReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** At most 64 KB of it. */
  readonly body: string;
}

/** Rejects when no reply came: refused, cut off, timed out, or not allowed. */
export type Http = (call: HttpCall) => Promise<HttpReply>;

/** Reads a small file that a configuration names (`url_file`, `password_file`), without the line feed at its end. */
export type ReadSecret = (path: string) => Promise<string>;

const timeoutDefaultMs = 30_000;
const timeoutMaxMs = 60_000;
const shownCharsMax = 200;

/** Makes the call with what `http_config` asks for: credentials, headers, TLS, proxy. */
export async function post(
  http: Http,
  readSecret: ReadSecret,
  settings: HttpSettings,
  request: { readonly url: string; readonly body: unknown; readonly headers?: Readonly<Record<string, string>>; readonly timeoutMs?: DurationMs },
): Promise<HttpReply> {
  const headers: Record<string, string> = { 'content-type': 'application/json', 'user-agent': 'Signalbox', ...request.headers };
  for (const { name, values, files } of settings.headers) {
    const fromFiles = await Promise.all(files.map(readSecret));
    headers[name.toLowerCase()] = [...values, ...fromFiles].join(', ');
  }
  const authorization = await authorizationOf(settings, readSecret);
  if (authorization !== undefined) headers['authorization'] = authorization;
  return http({
    method: 'POST',
    url: request.url,
    headers,
    body: JSON.stringify(request.body),
    tls: settings.tls,
    proxyUrl: settings.proxyUrl,
    followRedirects: settings.followRedirects,
    timeoutMs: Math.min(request.timeoutMs || timeoutDefaultMs, timeoutMaxMs),
  });
}

async function authorizationOf({ basicAuth, authorization }: HttpSettings, readSecret: ReadSecret): Promise<string | undefined> {
  if (basicAuth !== undefined) {
    const user = basicAuth.usernameFile === '' ? basicAuth.username : await readSecret(basicAuth.usernameFile);
    const password = basicAuth.passwordFile === '' ? basicAuth.password : await readSecret(basicAuth.passwordFile);
    return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  }
  if (authorization === undefined) return undefined;
  const { type, credentials, credentialsFile } = authorization;
  return `${type} ${credentialsFile === '' ? credentials : await readSecret(credentialsFile)}`;
}

/** 2xx is delivered; 5xx and "come back later" are tried again; anything else will not change by trying. */
export function resultOf(reply: HttpReply): SendResult {
  if (reply.status >= 200 && reply.status < 300) return { ok: true };
  const retry = reply.status >= 500 || [408, 425, 429].includes(reply.status);
  const said = reply.body.trim().slice(0, shownCharsMax);
  const error = `the receiver answered ${reply.status}${said === '' ? '' : `: ${said}`}`;
  const seconds = Number(reply.headers['retry-after']);
  return Number.isFinite(seconds) && seconds > 0
    ? { ok: false, retry, error, retryAfterMs: Math.min(seconds, 3600) * 1000 }
    : { ok: false, retry, error };
}

/** At most `charsMax` characters, the last an ellipsis where some were cut. */
export function truncate(text: string, charsMax: number): string {
  const chars = Array.from(text);
  return chars.length <= charsMax ? text : `${chars.slice(0, charsMax - 1).join('')}…`;
}
