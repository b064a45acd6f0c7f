import { connect, isIP, type Socket } from 'node:net';
import type { TlsSettings } from '#core/formats/index.ts';
import { EngineError, messageOf } from '#core/model/index.ts';
import { guardedLookup, isNobody, refusedAddress } from './scrape/http-client.ts';

/** One letter, and how its server is spoken to. */
export interface OutgoingMail {
  /** HOST:PORT. */
  readonly smarthost: string;
  /** For EHLO; empty: localhost. */
  readonly hello: string;
  readonly from: string;
  /** Addresses parted by commas. */
  readonly to: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly html: string;
  readonly text: string;
  readonly messageId: string;
  /** The message that begins its thread; empty: it stands alone. */
  readonly thread: string;
  readonly requireTls: boolean;
  readonly implicitTls: boolean | undefined;
  readonly tls: TlsSettings | undefined;
  /** Empty: no authentication. */
  readonly username: string;
  readonly password: string;
  /** For CRAM-MD5. */
  readonly secret: string;
}

const implicitTlsPort = 465;
const connectMs = 10_000;
/** RFC 5321 lets a server take minutes; a page cannot wait for that and is tried again. */
const silenceMs = 30_000;

/** Gives a letter to its server. `tls` is what node:tls takes. Rejects with EngineError `unavailable` when it was not taken. */
export async function sendMail(mail: OutgoingMail, tls: object): Promise<void> {
  const { createTransport } = await import('nodemailer');
  const { host, port } = hostPort(mail.smarthost);
  const transport = createTransport({
    host,
    port,
    secure: mail.implicitTls ?? port === implicitTlsPort,
    requireTLS: mail.requireTls,
    // As Alertmanager: without require_tls the connection stays as it is.
    ignoreTLS: !mail.requireTls,
    name: mail.hello || 'localhost',
    ...authOf(mail),
    tls: { servername: isIP(host) === 0 ? host : '', ...tls },
    greetingTimeout: silenceMs,
    socketTimeout: silenceMs,
    disableFileAccess: true,
    disableUrlAccess: true,
    getSocket: (_options, done) => open(host, port, done),
  });
  try {
    await transport.sendMail(letterOf(mail));
  } catch (error) {
    throw new EngineError('unavailable', `${mail.smarthost} did not take the mail: ${messageOf(error)}`);
  } finally {
    transport.close();
  }
}

function hostPort(smarthost: string): { readonly host: string; readonly port: number } {
  const at = smarthost.lastIndexOf(':');
  return { host: smarthost.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(smarthost.slice(at + 1)) };
}

function authOf({ username, password, secret }: OutgoingMail): object {
  if (username === '') return {};
  return { auth: { user: username, pass: password || secret }, ...(password === '' && secret !== '' && { authMethod: 'CRAM-MD5' }) };
}

/** A connection to an address that may be spoken to; names are resolved once, and the address that was checked is the one that is used. */
function open(host: string, port: number, done: (error: Error | null, socket?: { connection: Socket }) => void): void {
  if (isIP(host) !== 0 && isNobody(host)) return done(refusedAddress(host));
  const socket = connect({ host, port, lookup: guardedLookup, timeout: connectMs });
  const failed = (error: Error): void => {
    socket.destroy();
    done(error);
  };
  socket.once('error', failed);
  socket.once('timeout', () => failed(new Error(`no connection within ${connectMs / 1000} s`)));
  socket.once('connect', () => {
    socket.removeAllListeners('error').removeAllListeners('timeout');
    done(null, { connection: socket });
  });
}

/** Headers that the letter has a field for; what the configuration says of them is shown, and the envelope stays as it is. */
const ownFields: ReadonlySet<string> = new Set(['subject', 'from', 'to', 'cc', 'reply-to', 'message-id']);

function letterOf(mail: OutgoingMail): object {
  const given = new Map(mail.headers.map(([name, value]) => [name.toLowerCase(), value]));
  const recipients = [mail.to, given.get('cc') ?? '', given.get('bcc') ?? ''].filter((list) => list !== '');
  return {
    envelope: { from: mail.from, to: recipients.join(', ') },
    from: given.get('from') ?? mail.from,
    to: given.get('to') ?? mail.to,
    cc: given.get('cc'),
    replyTo: given.get('reply-to'),
    subject: given.get('subject') ?? '',
    messageId: given.get('message-id') ?? mail.messageId,
    ...(mail.thread !== '' && { inReplyTo: mail.thread, references: mail.thread }),
    headers: mail.headers
      .filter(([name]) => !ownFields.has(name.toLowerCase()) && name.toLowerCase() !== 'bcc')
      .map(([key, value]) => ({ key, value })),
    ...(mail.text !== '' && { text: mail.text }),
    ...(mail.html !== '' && { html: mail.html }),
  };
}
