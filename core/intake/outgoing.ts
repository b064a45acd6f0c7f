import { readFile } from 'node:fs/promises';
import type { Agent, Dispatcher } from 'undici';
import type { TlsSettings } from '#core/formats/index.ts';
import { EngineError, messageOf, type Clock, type DurationMs } from '#core/model/index.ts';
import { fromFolder } from './scrape/file-texts.ts';
import { sendMail, type OutgoingMail } from './outgoing-mail.ts';
import { makeAgent, tlsVersion } from './scrape/http-client.ts';

/** One POST to a receiver of notifications. */
export interface OutgoingCall {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly tls: TlsSettings | undefined;
  /** Empty: straight. */
  readonly proxyUrl: string;
  readonly timeoutMs: DurationMs;
}

export interface OutgoingReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A receiver's reply is read this far and no further (reliability: webhook reply). */
const replyBytesMax = 64 << 10;
const secretBytesMax = 64 << 10;

/** Posts under the guard of the scraper: no address that is nobody's, no redirects, bounded reply and time. */
export class Outgoing {
  readonly #clock: Clock;
  readonly #folder: () => string;
  readonly #agents = new Map<string, Promise<Agent>>();

  /** `folder` is where relative paths of secrets and certificates begin. */
  constructor(clock: Clock, folder: () => string) {
    this.#clock = clock;
    this.#folder = folder;
  }

  /** Rejects with EngineError when no reply came. A redirect is a reply like any other. */
  async post(call: OutgoingCall): Promise<OutgoingReply> {
    if (call.proxyUrl !== '') throw new EngineError('unsupported', 'proxy_url of a receiver is not yet supported');
    const abort = new AbortController();
    const cancel = this.#clock.after(call.timeoutMs, () => abort.abort());
    try {
      const url = new URL(call.url);
      const agent = await this.#agent(call.tls);
      const { headers, body } = call;
      const answer = await agent.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: 'POST',
        headers,
        body,
        signal: abort.signal,
      });
      return { status: answer.statusCode, headers: plainHeaders(answer.headers), body: await readSome(answer.body) };
    } catch (error) {
      if (abort.signal.aborted) throw new EngineError('timeout', `no reply within ${call.timeoutMs / 1000} s`);
      throw error instanceof EngineError ? error : new EngineError('unavailable', `no reply: ${messageOf(error)}`);
    } finally {
      cancel();
    }
  }

  /** Rejects with EngineError when the mail was not taken. */
  async mail(mail: OutgoingMail): Promise<void> {
    await sendMail(mail, mail.tls === undefined ? {} : await this.#tlsOptions(mail.tls));
  }

  /** The text of a secret's file, without the line feed at its end. Throws EngineError `unavailable`. */
  async readSecret(path: string): Promise<string> {
    try {
      const text = await readFile(fromFolder(this.#folder(), path), 'utf8');
      if (text.length > secretBytesMax) throw new EngineError('limit', 'it is far too large for a secret');
      return text.replace(/\r?\n$/, '');
    } catch (error) {
      throw new EngineError('unavailable', `the secret in ${path} cannot be read: ${messageOf(error)}`);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#agents.values()].map(async (agent) => (await agent).destroy()));
  }

  async #agent(tls: TlsSettings | undefined): Promise<Agent> {
    const options = tls === undefined ? {} : await this.#tlsOptions(tls);
    const key = JSON.stringify(options);
    const known = this.#agents.get(key);
    if (known !== undefined) return known;
    const made = makeAgent(options);
    this.#agents.set(key, made);
    return made;
  }

  async #tlsOptions(tls: TlsSettings): Promise<object> {
    const text = (inline: string, file: string): Promise<string> | string | undefined =>
      inline === '' && file !== '' ? this.readSecret(file) : inline || undefined;
    return {
      ca: await text(tls.ca, tls.caFile),
      cert: await text(tls.cert, tls.certFile),
      key: await text(tls.key, tls.keyFile),
      servername: tls.serverName || undefined,
      rejectUnauthorized: !tls.insecureSkipVerify,
      minVersion: tlsVersion(tls.minVersion),
      maxVersion: tlsVersion(tls.maxVersion),
    };
  }
}

function plainHeaders(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]));
}

async function readSome(body: Dispatcher.ResponseData['body']): Promise<string> {
  const parts: Uint8Array[] = [];
  let byteCount = 0;
  for await (const part of body as AsyncIterable<Uint8Array>) {
    parts.push(part);
    byteCount += part.length;
    if (byteCount >= replyBytesMax) break;
  }
  return Buffer.concat(parts).subarray(0, replyBytesMax).toString('utf8');
}
