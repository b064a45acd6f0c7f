import { socketTransport, type Transport } from '#core/contract/index.ts';
import type { Host } from './host.ts';
import { readStatus } from './status.ts';

const bearerKey = 'signalbox.bearer';
const authWaitMs = 5_000;
const tabWaitMs = 300;
const locked = 'this tab has no key to Signalbox; open the link that `signalbox serve` printed';

/** A browser tab, served by the web host on the same origin. */
export function webHost(): Host {
  shareBearer();
  return {
    kind: 'web',
    open: async () => {
      const bearer = await findBearer();
      if (bearer === undefined) throw new Error(locked);
      return openSocket(bearer);
    },
    status: () => readStatus(sessionStorage.getItem(bearerKey) ?? ''),
    onLink: () => undefined,
  };
}

/**
 * The key of this browser session: exchanged for the one-time code of the link's fragment, kept from before, or given
 * by another tab of this origin. It is never in a cookie, a query string or a log.
 */
async function findBearer(): Promise<string | undefined> {
  const code = /^#code=([^&]+)/.exec(location.hash)?.[1];
  if (code !== undefined) {
    history.replaceState(null, '', '#/');
    const answer = await fetch('/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code: decodeURIComponent(code) }),
    });
    if (answer.ok) {
      const { bearer } = (await answer.json()) as { bearer: string };
      sessionStorage.setItem(bearerKey, bearer);
      return bearer;
    }
  }
  return sessionStorage.getItem(bearerKey) ?? askOtherTabs();
}

/** Answers other tabs of this origin that open a copied link. */
function shareBearer(): void {
  const channel = new BroadcastChannel('signalbox.session');
  channel.addEventListener('message', (event: MessageEvent<unknown>) => {
    const bearer = sessionStorage.getItem(bearerKey);
    if (event.data === 'bearer?' && bearer !== null) channel.postMessage({ bearer });
  });
}

function askOtherTabs(): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const channel = new BroadcastChannel('signalbox.session');
  channel.addEventListener('message', (event: MessageEvent<unknown>) => {
    const data = event.data;
    if (typeof data !== 'object' || data === null || !('bearer' in data) || typeof data.bearer !== 'string') return;
    sessionStorage.setItem(bearerKey, data.bearer);
    resolve(data.bearer);
  });
  channel.postMessage('bearer?');
  setTimeout(() => resolve(undefined), tabWaitMs);
  return promise.finally(() => channel.close());
}

/** The first message each way is text and proves the key; frames follow as binary messages. */
function openSocket(bearer: string): Promise<Transport> {
  const { promise, resolve, reject } = Promise.withResolvers<Transport>();
  const socket = new WebSocket(`ws://${location.host}/rpc`);
  socket.binaryType = 'arraybuffer';
  const admitted = new AbortController();
  const { signal } = admitted;
  const timer = setTimeout(() => socket.close(), authWaitMs);
  socket.addEventListener('open', () => socket.send(JSON.stringify({ bearer })), { signal });
  socket.addEventListener(
    'message',
    (event: MessageEvent<unknown>) => {
      if (event.data !== '{"ok":true}') return socket.close();
      clearTimeout(timer);
      admitted.abort();
      resolve(socketTransport(socket));
    },
    { signal },
  );
  socket.addEventListener(
    'close',
    (event) => {
      clearTimeout(timer);
      if (event.code === policyViolation) sessionStorage.removeItem(bearerKey);
      reject(new Error(event.code === policyViolation ? locked : event.reason || 'Signalbox does not answer; is it still running?'));
    },
    { signal },
  );
  return promise;
}

const policyViolation = 1008; // RFC 6455, 7.4.1: what the host closes with when the key is wrong
