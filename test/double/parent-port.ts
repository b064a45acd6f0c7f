/** Imported first into the process that stands in for a utility process: gives it `process.parentPort`. */
import { EventEmitter } from 'node:events';
import { Channel, PortMain } from './ports.ts';

type FromMain =
  | { readonly t: 'msg'; readonly data: unknown; readonly ports: readonly number[] }
  | { readonly t: 'port'; readonly id: number; readonly data: unknown }
  | { readonly t: 'close'; readonly id: number };

const channels = new Map<number, Channel>();
const early: FromMain[] = [];
const parentPort = Object.assign(new EventEmitter(), {
  postMessage: (data: unknown): void => void process.send!({ t: 'msg', data: structuredClone(data) }),
});

function take(message: FromMain): void {
  if (message.t === 'msg') parentPort.emit('message', { data: message.data, ports: message.ports.map(makePort) });
  else if (message.t === 'port') channels.get(message.id)?.post(0, message.data);
  else {
    channels.get(message.id)?.close(0);
    channels.delete(message.id);
  }
}

function makePort(id: number): PortMain {
  const channel = new Channel();
  channels.set(id, channel);
  channel.ends[0] = {
    receive: (data) => void process.send!({ t: 'port', id, data }),
    peerClosed: () => {
      channels.delete(id);
      process.send!({ t: 'close', id });
    },
  };
  return new PortMain(channel, 1);
}

process.on('message', (message: FromMain) => {
  if (parentPort.listenerCount('message') === 0) early.push(message);
  else take(message);
});
parentPort.on('newListener', (name) => {
  if (name === 'message') setImmediate(() => early.splice(0).forEach(take));
});
process.on('disconnect', () => process.exit(0));
Object.assign(process, { parentPort, type: 'utility' });
