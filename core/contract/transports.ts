import { encodeFrame, encodeMessages, FrameReader } from './frames.ts';
import type { Frame, Transport } from './rpc.ts';

/** What DOM MessagePort, node:worker_threads MessagePort and Electron's MessagePortMain have in common. */
export interface PortLike {
  postMessage(message: unknown): void;
  start?(): void;
  close(): void;
  addEventListener?(type: 'message' | 'close', act: (event: { data?: unknown }) => void): void;
  on?(type: 'message' | 'close', act: (event?: unknown) => void): unknown;
}

/** Frames over a message port, by structured clone. */
export function portTransport(port: PortLike): Transport {
  const closers: ((reason: string) => void)[] = [];
  let open = true;
  const closed = (reason: string): void => {
    if (!open) return;
    open = false;
    for (const act of closers) act(reason);
  };
  // MessagePortMain has only `on`; DOM ports only `addEventListener`; both hand over an event with `data`.
  const listen = (type: 'message' | 'close', act: (event: { data?: unknown }) => void): void => {
    if (port.addEventListener) port.addEventListener(type, act);
    else port.on?.(type, (event) => act(event ?? {}));
  };
  listen('close', () => closed('the engine closed the port'));
  return {
    send: (frame) => {
      if (open) port.postMessage(frame);
    },
    onFrame: (act) => {
      listen('message', (event) => act(event.data as Frame));
      port.start?.();
    },
    onClose: (act) => closers.push(act),
    close: () => {
      port.close();
      closed('closed here');
    },
  };
}

/** What the browser's WebSocket and the `ws` package's have in common. `binaryType` must be `arraybuffer`. */
export interface SocketLike {
  readonly readyState: number;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'message', act: (event: { data: unknown }) => void): void;
  addEventListener(type: 'close', act: (event: { code: number; reason: string }) => void): void;
}

const socketOpen = 1;
const closeUnsupportedData = 1003; // RFC 6455, 7.4.1

/** Frames over a WebSocket, as binary messages. Who speaks for the engine cuts long ones; those of a screen are short, and go whole. */
export function socketTransport(socket: SocketLike, speaksFor: 'screen' | 'engine' = 'screen'): Transport {
  const messagesOf = speaksFor === 'engine' ? encodeMessages : (frame: Frame) => [encodeFrame(frame)];
  const reader = new FrameReader();
  return {
    send: (frame) => {
      if (socket.readyState !== socketOpen) return;
      for (const message of messagesOf(frame)) socket.send(message);
    },
    onFrame: (act) =>
      socket.addEventListener('message', (event) => {
        const frame = event.data instanceof ArrayBuffer ? reader.take(new Uint8Array(event.data)) : undefined;
        if (frame === undefined) socket.close(closeUnsupportedData, 'not a frame');
        else if (frame !== 'more') act(frame);
      }),
    onClose: (act) => socket.addEventListener('close', (event) => act(event.reason === '' ? `socket closed, ${event.code}` : event.reason)),
    close: () => socket.close(1000),
  };
}
