import { EventEmitter } from 'node:events';

/** One end of a channel: a local port object, or a bridge to another process or page. */
export interface End {
  receive(data: unknown): void;
  peerClosed(): void;
}

export class Channel {
  readonly ends: [End | undefined, End | undefined] = [undefined, undefined];
  #isOpen = true;
  post(from: 0 | 1, data: unknown): void {
    if (this.#isOpen) this.ends[from === 0 ? 1 : 0]?.receive(data);
  }
  close(from: 0 | 1): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.ends[from === 0 ? 1 : 0]?.peerClosed();
  }
}

/** Electron's MessagePortMain: messages wait until start(), and both ends clone what they send. */
export class PortMain extends EventEmitter implements End {
  readonly channel: Channel;
  readonly side: 0 | 1;
  readonly #queue: unknown[] = [];
  #isStarted = false;
  #isTransferred = false;

  constructor(channel: Channel, side: 0 | 1) {
    super();
    this.channel = channel;
    this.side = side;
    channel.ends[side] = this;
  }
  postMessage(message: unknown): void {
    if (this.#isTransferred) throw new Error('MessagePortMain was transferred');
    this.channel.post(this.side, structuredClone(message));
  }
  start(): void {
    this.#isStarted = true;
    for (const data of this.#queue.splice(0)) this.receive(data);
  }
  close(): void {
    this.channel.close(this.side);
  }
  receive(data: unknown): void {
    if (this.#isStarted) setImmediate(() => this.emit('message', { data, ports: [] }));
    else this.#queue.push(data);
  }
  peerClosed(): void {
    setImmediate(() => this.emit('close'));
  }
  /** Hands this end over to a bridge; waiting messages go with it. */
  transferTo(end: End): void {
    if (this.#isTransferred) throw new Error('port is already neutered');
    this.#isTransferred = true;
    this.channel.ends[this.side] = end;
    for (const data of this.#queue.splice(0)) end.receive(data);
  }
}

export class MessageChannelMain {
  readonly port1: PortMain;
  readonly port2: PortMain;
  constructor() {
    const channel = new Channel();
    this.port1 = new PortMain(channel, 0);
    this.port2 = new PortMain(channel, 1);
  }
}
