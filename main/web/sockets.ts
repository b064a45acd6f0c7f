/**
 * Screens over WebSockets: admitted by the bearer in the first message, then one binary message per frame, handed to the
 * engine as it is. Bounds: reliability, L5.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import { messageOf, type Clock } from '#core/model/index.ts';
import type { ScreenLine } from '../engine/engine-process.ts';
import type { EngineProcess } from '../engine/engine-process.ts';
import type { Session } from './session.ts';

const socketsMax = 8;
const admitMsMax = 2_000;
const messageBytesMax = 1 << 20;
/** A whole range answer may wait for a slow screen; a screen that takes nothing for 10 s is dropped. */
const waitingBytesMax = 4 << 20;
const stalledMsMax = 10_000;
/** A dashboard opens some hundred streams at once and then says `got` for each item. */
const burstMax = 1_000;
const messagesPerSecond = 200;

/** Close codes of RFC 6455, 7.4.1. The screen forgets its bearer on `wrongKey` only. */
const close = { wrongKey: 1008, notBinary: 1003, later: 1013 } as const;

interface Options {
  readonly engine: EngineProcess;
  readonly session: Session;
  readonly clock: Clock;
}

export class Sockets {
  readonly #options: Options;
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: messageBytesMax,
    maxFragments: 1_024,
    perMessageDeflate: false,
    clientTracking: true,
  });
  readonly #admitted = new Set<WebSocket>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** Takes over a connection that passed the gates. */
  accept(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    // Those that only wait to be admitted are bounded apart, so that they cannot keep a person out.
    if (this.#server.clients.size - this.#admitted.size >= socketsMax) return void stream.destroy();
    this.#server.handleUpgrade(request, stream, head, (socket) => this.#greet(socket));
  }

  closeAll(reason: string): void {
    for (const socket of this.#server.clients) socket.close(1001, reason);
  }

  /** Ends what did not close by itself. */
  terminateAll(): void {
    for (const socket of this.#server.clients) socket.terminate();
  }

  #greet(socket: WebSocket): void {
    const cancel = this.#options.clock.after(admitMsMax, () => socket.terminate());
    socket.on('error', () => socket.terminate()); // a frame against the protocol; ws closes, this is the trace of it
    socket.once('close', cancel);
    socket.once('message', (data, isBinary) => {
      cancel();
      if (isBinary || !this.#options.session.admits(bearerIn(data))) return socket.close(close.wrongKey, 'wrong key');
      if (this.#admitted.size >= socketsMax) return socket.close(close.later, `${socketsMax} screens are open already; close one`);
      this.#admitted.add(socket);
      socket.once('close', () => this.#admitted.delete(socket));
      void this.#join(socket);
    });
  }

  async #join(socket: WebSocket): Promise<void> {
    let line: ScreenLine;
    try {
      line = await this.#options.engine.attach({
        receive: (bytes) => this.#send(socket, bytes),
        hangUp: (reason) => socket.close(close.later, reason.slice(0, 120)),
      });
    } catch (error) {
      return socket.close(close.later, messageOf(error).slice(0, 120));
    }
    if (socket.readyState !== socket.OPEN) return line.gone();
    const mayCome = rateOf(this.#options.clock);
    socket.on('message', (data, isBinary) => {
      if (!isBinary) socket.close(close.notBinary, 'frames are binary');
      else if (!mayCome()) socket.close(close.later, 'too many messages at once');
      else line.send(data as Buffer);
    });
    socket.once('close', () => line.gone());
    socket.send('{"ok":true}');
  }

  #send(socket: WebSocket, bytes: Uint8Array): void {
    if (socket.readyState !== socket.OPEN) return;
    const waited = socket.bufferedAmount;
    socket.send(bytes);
    if (waited <= waitingBytesMax && socket.bufferedAmount > waitingBytesMax) this.#watch(socket, socket.bufferedAmount);
  }

  /** Drops a screen that reads nothing while more than the bound waits for it. */
  #watch(socket: WebSocket, lastBytes: number): void {
    this.#options.clock.after(stalledMsMax, () => {
      if (socket.bufferedAmount <= waitingBytesMax) return;
      if (socket.bufferedAmount >= lastBytes) socket.terminate();
      else this.#watch(socket, socket.bufferedAmount);
    });
  }
}

function bearerIn(data: RawData): string {
  try {
    const { bearer } = JSON.parse((data as Buffer).toString()) as { bearer?: unknown };
    return typeof bearer === 'string' ? bearer : '';
  } catch {
    return ''; // no JSON is a wrong key
  }
}

/** A token bucket: true while messages may come. */
function rateOf(clock: Clock): () => boolean {
  let tokens = burstMax;
  let lastMs = clock.monotonicMs();
  return () => {
    const nowMs = clock.monotonicMs();
    tokens = Math.min(burstMax, tokens + ((nowMs - lastMs) / 1_000) * messagesPerSecond);
    lastMs = nowMs;
    return --tokens >= 0;
  };
}
