/** The shell, seen from a process that it started: Electron's parent port or the pipe from a shell of Node, whichever is there. */
import { Socket } from 'node:net';
import type { PortLike } from '#core/contract/index.ts';
import { pipeFd, PipeWire } from './wire.ts';

export interface Parent<In, Out> {
  post(message: Out): void;
  onMessage(act: (message: In, ports: readonly PortLike[]) => void): void;
  /** The shell died. */
  onGone(act: () => void): void;
}

/** What Electron adds to `process` in a utility process. */
interface ParentPort {
  postMessage(message: unknown): void;
  on(type: 'message', act: (event: { data: unknown; ports: PortLike[] }) => void): void;
}

export function parentOf<In, Out>(): Parent<In, Out> {
  const { parentPort } = process as { parentPort?: ParentPort };
  if (parentPort !== undefined) {
    return {
      post: (message) => parentPort.postMessage(message),
      onMessage: (act) => parentPort.on('message', ({ data, ports }) => act(data as In, ports)),
      onGone: () => undefined, // Chromium ends a utility process with its parent
    };
  }
  const takers: ((message: unknown) => void)[] = [];
  const wire = new PipeWire(new Socket({ fd: pipeFd, readable: true, writable: true }), (message) => takers.forEach((act) => act(message)));
  return {
    post: (message) => wire.post(message as object),
    onMessage: (act) => void takers.push((message) => act(message as In, [])),
    onGone: (act) => void process.on('disconnect', act),
  };
}
