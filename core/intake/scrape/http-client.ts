import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import type { Agent, Dispatcher } from 'undici';
import type { HttpSettings, TlsSettings } from '#core/formats/index.ts';
import { EngineError, messageOf, type DurationMs } from '#core/model/index.ts';
import { fromFolder, type FileTexts } from './file-texts.ts';
import { PageBytes } from './page-bytes.ts';

/**
 * GET with the settings of a scrape config, guarded: no redirects unless asked (then on the same host, three at most),
 * bounded bodies, and never to addresses that are nobody's target: link-local (cloud metadata), unspecified, multicast.
 * Names are resolved once per connection and the connection goes to the very address that was checked.
 */
export interface HttpAnswer {
  readonly body: Uint8Array;
  /** Lower case, without parameters; empty when the answer has none. */
  readonly contentType: string;
  readonly contentTypeParams: string;
  readonly contentEncoding: string;
}

const redirectsMax = 3;
/** At once to one address: the probes of a blackbox exporter are many targets there, each of which takes its time. */
const connectionsMax = 512;
/** A server may close an idle connection when it likes; we keep one for longer than most scrape intervals. */
const keepAliveMs: DurationMs = 90_000;

const nobody = new BlockList();
nobody.addSubnet('0.0.0.0', 8);
nobody.addSubnet('169.254.0.0', 16);
nobody.addSubnet('224.0.0.0', 4);
nobody.addAddress('255.255.255.255');
nobody.addAddress('::', 'ipv6');
nobody.addSubnet('fe80::', 10, 'ipv6');
nobody.addSubnet('ff00::', 8, 'ipv6');
nobody.addAddress('fd00:ec2::254', 'ipv6');

/** One client per job: it holds the job's connections and certificates. */
export class HttpClient {
  readonly #settings: HttpSettings;
  readonly #folder: string;
  readonly #files: FileTexts;
  #agent: { readonly tlsKey: string; readonly agent: Promise<Agent> } | undefined;

  constructor(settings: HttpSettings, folder: string, files: FileTexts) {
    this.#settings = settings;
    this.#folder = folder;
    this.#files = files;
  }

  /** Answers with status 200, or throws EngineError `unavailable`, `limit` or `invalid` with a sentence for the person. */
  async get(url: string, headers: Readonly<Record<string, string>>, bodyBytesMax: number, signal: AbortSignal): Promise<HttpAnswer> {
    let at = new URL(url);
    const sent = { ...headers, ...(await this.#ownHeaders()) };
    for (let hop = 0; ; hop++) {
      const answer = await this.#request(at, sent, signal);
      if (answer.statusCode < 300 || answer.statusCode > 399) return readAnswer(answer, bodyBytesMax);
      const to = redirectTo(at, answer);
      letGo(answer.body);
      if (!this.#settings.followRedirects)
        throw new EngineError('unavailable', `the target redirects to ${to.href}; scrape that, or set follow_redirects: true`);
      if (to.origin !== at.origin)
        throw new EngineError('unavailable', `the target redirects to another host, ${to.origin}; scrape that host itself`);
      if (hop === redirectsMax) throw new EngineError('unavailable', `the target redirects more than ${redirectsMax} times`);
      at = to;
    }
  }

  async close(): Promise<void> {
    await (await this.#agent?.agent)?.destroy();
    this.#agent = undefined;
  }

  async #request(url: URL, headers: Record<string, string>, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const agent = await this.#currentAgent();
    try {
      return await agent.request({ origin: url.origin, path: url.pathname + url.search, method: 'GET', headers, signal });
    } catch (error) {
      throw new EngineError('unavailable', connectSentence(error, url));
    }
  }

  /** An agent with today's certificates; a new one when a file has changed. */
  async #currentAgent(): Promise<Agent> {
    const tls = this.#settings.tls === undefined ? {} : await this.#tlsOptions(this.#settings.tls);
    const tlsKey = JSON.stringify(tls);
    if (this.#agent?.tlsKey !== tlsKey) {
      void this.#agent?.agent.then((agent) => agent.close());
      this.#agent = { tlsKey, agent: makeAgent(tls) };
    }
    return this.#agent.agent;
  }

  async #tlsOptions(tls: TlsSettings): Promise<object> {
    const text = async (inline: string, file: string): Promise<string | undefined> => {
      if (inline !== '') return inline;
      return file === '' ? undefined : this.#files.read(fromFolder(this.#folder, file));
    };
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

  async #ownHeaders(): Promise<Record<string, string>> {
    const { basicAuth, authorization, headers } = this.#settings;
    const own: Record<string, string> = {};
    const secret = async (inline: string, file: string): Promise<string> => (file === '' ? inline : this.#files.read(fromFolder(this.#folder, file)));
    for (const { name, values, files } of headers) {
      const texts = await Promise.all(files.map((file) => secret('', file)));
      own[name] = [...values, ...texts].join(', ');
    }
    if (authorization !== undefined)
      own['authorization'] = `${authorization.type} ${await secret(authorization.credentials, authorization.credentialsFile)}`;
    if (basicAuth !== undefined) {
      const pair = `${await secret(basicAuth.username, basicAuth.usernameFile)}:${await secret(basicAuth.password, basicAuth.passwordFile)}`;
      own['authorization'] = `Basic ${Buffer.from(pair).toString('base64')}`;
    }
    return own;
  }
}

export function tlsVersion(name: string): string | undefined {
  const known: Readonly<Record<string, string>> = { TLS10: 'TLSv1', TLS11: 'TLSv1.1', TLS12: 'TLSv1.2', TLS13: 'TLSv1.3' };
  return known[name];
}

/**
 * Connections that never reach an address which is nobody's, whatever a name resolves to. The library is loaded with the first
 * of them: it takes longer to load than the rest of the engine, and no screen waits for a scrape.
 */
export async function makeAgent(tls: object): Promise<Agent> {
  const { Agent, buildConnector } = await import('undici');
  const connect = buildConnector({ ...tls, allowH2: false, timeout: 0, lookup: guardedLookup });
  return new Agent({
    // Times are kept by the caller's clock, which aborts.
    headersTimeout: 0,
    bodyTimeout: 0,
    connections: connectionsMax,
    keepAliveTimeout: keepAliveMs,
    connect: (options, done) => {
      const host = options.hostname.replace(/^\[|\]$/g, '');
      if (isIP(host) !== 0 && isNobody(host)) done(refusedAddress(host), null);
      else connect(options, done);
    },
  });
}

type LookupDone = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** dns.lookup, but only addresses that may be scraped come out. */
export function guardedLookup(host: string, options: LookupOptions, done: LookupDone): void {
  dnsLookup(host, { ...options, all: true }, (error, found) => {
    const allowed = error === null ? found.filter(({ address }) => !isNobody(address)) : [];
    if (error !== null) done(error, '');
    else if (allowed.length === 0) done(refusedAddress(host), '');
    else if (options.all === true) done(null, allowed);
    else done(null, allowed[0]!.address, allowed[0]!.family);
  });
}

/** Whether an address is link-local (cloud metadata), unspecified or multicast: nobody's to speak to. */
export function isNobody(address: string): boolean {
  return nobody.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

export function refusedAddress(host: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${host} is a link-local, multicast or unspecified address, which is never scraped`), { code: 'EREFUSED' });
}

function redirectTo(from: URL, answer: Dispatcher.ResponseData): URL {
  const location = answer.headers['location'];
  const text = Array.isArray(location) ? location[0] : location;
  if (text === undefined || !URL.canParse(text, from.href))
    throw new EngineError('unavailable', `the target answered ${answer.statusCode} without a place to go`);
  return new URL(text, from);
}

async function readAnswer(answer: Dispatcher.ResponseData, bodyBytesMax: number): Promise<HttpAnswer> {
  const { statusCode, headers, body } = answer;
  if (statusCode !== 200) {
    letGo(body);
    throw new EngineError('unavailable', `the target answered HTTP status ${statusCode}`);
  }
  const [contentType = '', ...params] = textOf(headers['content-type']).split(';');
  return {
    body: await readBody(body, Number(textOf(headers['content-length'])), bodyBytesMax),
    contentType: contentType.trim().toLowerCase(),
    contentTypeParams: params.join(';'),
    contentEncoding: textOf(headers['content-encoding']).trim().toLowerCase(),
  };
}

/** Drops a body unread; that it is then cut off is no news. */
function letGo(body: Dispatcher.ResponseData['body']): void {
  body.on('error', () => undefined);
  body.destroy();
}

const textOf = (header: string | string[] | undefined): string => (Array.isArray(header) ? header.join(', ') : (header ?? ''));

/** `claimed`: the Content-Length, or NaN. */
async function readBody(body: Dispatcher.ResponseData['body'], claimed: number, bytesMax: number): Promise<Uint8Array> {
  const page = new PageBytes(claimed || Infinity);
  try {
    for await (const part of body as AsyncIterable<Uint8Array>) {
      if (page.length + part.length > bytesMax)
        throw new EngineError('limit', `the page is over the limit of ${bytesMax} bytes; raise body_size_limit if it is meant to be so large`);
      page.add(part);
    }
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError('unavailable', `the target broke off its answer: ${messageOf(error)}`);
  }
  return page.bytes;
}

function connectSentence(error: unknown, url: URL): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const where = url.host;
  if (code === 'ECONNREFUSED') return `nobody listens on ${where}: is the exporter running there?`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `the name ${url.hostname} has no address`;
  if (code === 'ECONNRESET' || code === 'UND_ERR_SOCKET') return `${where} closed the connection without an answer`;
  return `${where} cannot be scraped: ${messageOf(error)}`;
}
