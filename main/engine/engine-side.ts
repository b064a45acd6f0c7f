/** The engine's process, seen from inside: starts the engine when told to, and carries screens and requests to it. */
import { decodeFrame, encodeMessages, portTransport, type Frame, type Transport } from '#core/contract/index.ts';
import { EngineError, messageOf, type HttpAnswer, type HttpRequest } from '#core/model/index.ts';
import type { PracticeState, PracticeWish } from '#core/practice/index.ts';
import type { EngineSettings, FromEngine, ToEngine } from './messages.ts';
import { parentOf, type Parent } from './parent.ts';

/** The engine as its process needs it. */
export interface EngineFace {
  attach(transport: Transport): void;
  http(request: HttpRequest): Promise<HttpAnswer>;
  close(): Promise<void>;
}

/** Renders markdown in the reader; rejects with an EngineError when that took too long. */
type RenderMarkdown = (text: string) => Promise<string>;

/** What the shell does for an engine. */
export interface ShellFace {
  /** Empty until the shell has opened its port. */
  readonly externalUrl: () => string;
  readonly renderMarkdown: RenderMarkdown;
  readonly practice: {
    readonly wish: (wish: PracticeWish) => void;
    /** One watcher; it hears of every change from now on. */
    readonly watch: (act: (state: PracticeState) => void) => void;
  };
}

interface Screen {
  readonly take: (frame: Frame) => void;
  readonly closed: (reason: string) => void;
}

/** Runs until the shell says stop or dies. An error that nobody caught ends the process; the shell starts it anew. */
export function runEngineSide(create: (settings: EngineSettings, shell: ShellFace) => Promise<EngineFace>): void {
  const parent = parentOf<ToEngine, FromEngine>();
  const screens = new Map<number, Screen>();
  const requests = requestsOf(parent);
  const reader = readerOf(parent);
  let engine: EngineFace | undefined;
  let address = '';
  let practiceChanged: (state: PracticeState) => void = () => undefined;
  const practice = {
    wish: (wish: PracticeWish) => parent.post({ k: 'practice', wish }),
    watch: (act: typeof practiceChanged) => void (practiceChanged = act),
  };

  const start = async (settings: EngineSettings): Promise<void> => {
    try {
      engine = await create(settings, { renderMarkdown: reader.render, practice, externalUrl: () => address });
      parent.post({ k: 'up' });
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      parent.post({ k: 'failed', why: error.message });
    }
  };
  const stop = async (): Promise<void> => {
    await engine?.close();
    process.exit(0);
  };
  const take = (peer: number, bytes: Uint8Array): void => {
    const screen = screens.get(peer);
    if (screen === undefined) return;
    const frame = decodeFrame(bytes);
    if (frame === undefined) parent.post({ k: 'hangup', peer });
    else screen.take(frame);
  };

  parent.onMessage((message, ports) => {
    switch (message.k) {
      case 'start':
        return void start(message.settings);
      case 'open':
        return engine?.attach(relayed(parent, screens, message.peer));
      case 'bytes':
        return take(message.peer, message.bytes);
      case 'gone':
        return screens.get(message.peer)?.closed('the screen is gone');
      case 'port':
        return ports.forEach((port) => engine?.attach(portTransport(port)));
      case 'http':
        return void requests.take(engine, message);
      case 'http-gone':
        return requests.leave(message.id);
      case 'html':
      case 'no-html':
        return reader.settle(message);
      case 'practice':
        return practiceChanged(message.state);
      case 'address':
        address = message.url;
        return undefined;
      case 'ping':
        return parent.post({ k: 'pong' });
      case 'stop':
        return void stop();
    }
  });
  parent.onGone(() => void stop());
}

/** A screen whose frames the shell relays as bytes. */
function relayed(parent: Parent<ToEngine, FromEngine>, screens: Map<number, Screen>, peer: number): Transport {
  const takers: ((frame: Frame) => void)[] = [];
  const closers: ((reason: string) => void)[] = [];
  const closed = (reason: string): void => {
    if (screens.delete(peer)) closers.forEach((act) => act(reason));
  };
  screens.set(peer, { take: (frame) => takers.forEach((act) => act(frame)), closed });
  return {
    send: (frame) => {
      if (!screens.has(peer)) return;
      for (const bytes of encodeMessages(frame)) parent.post({ k: 'bytes', peer, bytes });
    },
    onFrame: (act) => void takers.push(act),
    onClose: (act) => void closers.push(act),
    close: () => {
      if (screens.has(peer)) parent.post({ k: 'hangup', peer });
      closed('closed here');
    },
  };
}

/** Requests of tools that are under way: who leaves aborts the signal of theirs, and gets no answer. */
function requestsOf(parent: Parent<ToEngine, FromEngine>): {
  take: (engine: EngineFace | undefined, asked: Extract<ToEngine, { k: 'http' }>) => Promise<void>;
  leave: (id: number) => void;
} {
  const leaving = new Map<number, AbortController>();
  return {
    take: async (engine, { id, request, bytes }) => {
      const controller = new AbortController();
      leaving.set(id, controller);
      const { body, ...given } = await answer(engine, { ...request, body: bytes, signal: controller.signal });
      leaving.delete(id);
      if (controller.signal.aborted) return;
      parent.post({ k: 'answer', id, answer: given, bytes: typeof body === 'string' ? Buffer.from(body) : body });
    },
    leave: (id) => leaving.get(id)?.abort(),
  };
}

async function answer(engine: EngineFace | undefined, request: HttpRequest): Promise<HttpAnswer> {
  try {
    if (engine === undefined) throw new EngineError('unavailable', 'the engine is starting');
    return await engine.http(request);
  } catch (error) {
    const status = error instanceof EngineError && error.code === 'unavailable' ? 503 : 500;
    return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: `${messageOf(error)}\n` };
  }
}

function readerOf(parent: Parent<ToEngine, FromEngine>): {
  render: RenderMarkdown;
  settle: (message: Extract<ToEngine, { k: 'html' | 'no-html' }>) => void;
} {
  const waiting = new Map<number, PromiseWithResolvers<string>>();
  let idNext = 1;
  return {
    render: (text) => {
      const id = idNext++;
      const asked = Promise.withResolvers<string>();
      waiting.set(id, asked);
      parent.post({ k: 'render', id, text });
      return asked.promise;
    },
    settle: (message) => {
      const asked = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.k === 'html') asked?.resolve(message.html);
      else asked?.reject(new EngineError('timeout', message.why));
    },
  };
}
