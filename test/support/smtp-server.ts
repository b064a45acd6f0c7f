/** A small SMTP server (RFC 5321) with STARTTLS (RFC 3207) and AUTH PLAIN, LOGIN and CRAM-MD5: what it was told, and what it took. */
import { createHmac } from 'node:crypto';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';

export interface TakenMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Headers and body as they came, dots unstuffed. */
  readonly text: string;
  readonly secure: boolean;
  /** `user:password`, or `user:cram`; empty without authentication. */
  readonly auth: string;
}

export interface SmtpOptions {
  /** Certificate and key in PEM: STARTTLS is offered. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** TLS from the first byte. */
  readonly implicit?: boolean;
  readonly mechanisms?: readonly string[];
  readonly password?: string;
  /** Answers to RCPT, in order; 250 when there are no more. */
  readonly rcptReplies?: string[];
}

export interface SmtpServer {
  readonly smarthost: string;
  readonly mails: TakenMail[];
  /** EHLO names, in order. */
  readonly hellos: string[];
}

export async function smtpServer(options: SmtpOptions = {}): Promise<SmtpServer> {
  const mails: TakenMail[] = [];
  const hellos: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    const first = options.implicit === true ? secured(socket, options) : socket;
    new Session(first, options, mails, hellos).greet(options.implicit === true);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { smarthost: `127.0.0.1:${(server.address() as AddressInfo).port}`, mails, hellos };
}

function secured(socket: Socket, { tls }: SmtpOptions): Socket {
  const wrapped = new TLSSocket(socket, { isServer: true, secureContext: createSecureContext(tls) });
  wrapped.on('error', () => wrapped.destroy());
  return wrapped;
}

class Session {
  #socket: Socket;
  readonly #options: SmtpOptions;
  readonly #mails: TakenMail[];
  readonly #hellos: string[];
  #secure = false;
  #auth = '';
  #from = '';
  #to: string[] = [];
  #buffer = '';
  /** What the next line belongs to, when it is no command. */
  #expects: ((line: string) => void) | undefined;

  constructor(socket: Socket, options: SmtpOptions, mails: TakenMail[], hellos: string[]) {
    this.#socket = socket;
    this.#options = options;
    this.#mails = mails;
    this.#hellos = hellos;
  }

  greet(secure: boolean): void {
    this.#secure = secure;
    this.#listen();
    this.#say('220 test ESMTP');
  }

  #listen(): void {
    this.#socket.on('data', (part: Buffer) => {
      this.#buffer += part.toString('utf8');
      for (let at = this.#buffer.indexOf('\r\n'); at !== -1; at = this.#buffer.indexOf('\r\n')) {
        const line = this.#buffer.slice(0, at);
        this.#buffer = this.#buffer.slice(at + 2);
        if (this.#expects === undefined) this.#command(line);
        else this.#expects(line);
      }
    });
  }

  #say(line: string): void {
    this.#socket.write(`${line}\r\n`);
  }

  #command(line: string): void {
    const verb = line.split(/[ :]/, 1)[0]!.toUpperCase();
    switch (verb) {
      case 'EHLO':
        this.#hellos.push(line.slice(5));
        return this.#features();
      case 'STARTTLS':
        return this.#startTls();
      case 'AUTH':
        return this.#authenticate(line.split(' '));
      case 'MAIL':
        this.#from = /<(.*)>/.exec(line)![1]!;
        return this.#say('250 OK');
      case 'RCPT': {
        const reply = this.#options.rcptReplies?.shift() ?? '250 OK';
        if (reply.startsWith('2')) this.#to.push(/<(.*)>/.exec(line)![1]!);
        return this.#say(reply);
      }
      case 'DATA':
        return this.#data();
      case 'QUIT':
        this.#say('221 bye');
        return void this.#socket.end();
      default:
        return this.#say('250 OK');
    }
  }

  #features(): void {
    const { tls, mechanisms } = this.#options;
    this.#say('250-test');
    if (tls !== undefined && !this.#secure) this.#say('250-STARTTLS');
    if (mechanisms !== undefined) this.#say(`250-AUTH ${mechanisms.join(' ')}`);
    this.#say('250 8BITMIME');
  }

  #startTls(): void {
    if (this.#options.tls === undefined) return this.#say('502 not implemented');
    this.#say('220 go ahead');
    this.#socket.removeAllListeners('data');
    this.#socket = secured(this.#socket, this.#options);
    this.#secure = true;
    this.#listen();
  }

  #authenticate([, mechanism, initial]: readonly string[]): void {
    const decode = (text: string): string => Buffer.from(text, 'base64').toString();
    const judge = (user: string, given: string, wanted: string): void => {
      this.#expects = undefined;
      this.#auth = given === wanted ? `${user}:${mechanism === 'CRAM-MD5' ? 'cram' : given}` : '';
      this.#say(given === wanted ? '235 welcome' : '535 wrong password');
    };
    const { password = '' } = this.#options;
    if (mechanism === 'PLAIN') {
      const [, user, given] = decode(initial!).split('\0');
      return judge(user!, given!, password);
    }
    if (mechanism === 'CRAM-MD5') {
      const challenge = '<1.2@test>';
      this.#expects = (line) => {
        const [user, digest] = decode(line).split(' ');
        judge(user!, digest!, createHmac('md5', password).update(challenge).digest('hex'));
      };
      return this.#say(`334 ${Buffer.from(challenge).toString('base64')}`);
    }
    this.#say('504 unknown');
  }

  #data(): void {
    const lines: string[] = [];
    this.#expects = (line) => {
      if (line !== '.') return void lines.push(line.startsWith('.') ? line.slice(1) : line);
      this.#expects = undefined;
      this.#mails.push({ from: this.#from, to: this.#to, text: lines.join('\n'), secure: this.#secure, auth: this.#auth });
      this.#to = [];
      this.#say('250 taken');
    };
    this.#say('354 go on');
  }
}
