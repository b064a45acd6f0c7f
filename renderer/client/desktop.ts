import { portTransport } from '#core/contract/index.ts';
import type { Host } from './host.ts';
import { readStatus } from './status.ts';

/** What the preload puts on the window: a pipe, not an API. */
export interface SignalboxShell {
  readonly platform: string;
  /** Asks for a port; it arrives as a window message `signalbox:engine-port`. */
  connect(): void;
  onOpen(act: (link: string) => void): void;
}

declare global {
  interface Window {
    readonly signalboxShell?: SignalboxShell;
  }
}

/** The engine may be starting; the host answers as soon as it is there. */
const portWaitMs = 10_000;

export function desktopHost(shell: SignalboxShell): Host {
  return {
    kind: 'desktop',
    open: async () => portTransport(await nextPort(shell)),
    status: () => readStatus(''),
    onLink: (act) => shell.onOpen(act),
  };
}

function nextPort(shell: SignalboxShell): Promise<MessagePort> {
  const { promise, resolve, reject } = Promise.withResolvers<MessagePort>();
  const gaveUp = new AbortController();
  const timer = setTimeout(() => {
    gaveUp.abort();
    reject(new Error('the engine did not answer'));
  }, portWaitMs);
  const take = (event: MessageEvent<unknown>): void => {
    const port = event.ports[0];
    if (event.source !== window || port === undefined || !isPortMessage(event.data)) return;
    clearTimeout(timer);
    gaveUp.abort();
    resolve(port);
  };
  window.addEventListener('message', take, { signal: gaveUp.signal });
  shell.connect();
  return promise;
}

const isPortMessage = (data: unknown): boolean =>
  typeof data === 'object' && data !== null && 'type' in data && data.type === 'signalbox:engine-port';
