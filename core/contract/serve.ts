import * as v from 'valibot';
import { EngineError, messageOf } from '#core/model/index.ts';
import { listChange } from './list-change.ts';
import type { Contract, Frame, Handlers, Transport } from './rpc.ts';

/** A stream's outbox: one item in flight, the newest waiting behind it. */
interface Live {
  readonly abort: AbortController;
  stop: (() => void) | undefined;
  inFlight: boolean;
  waiting: { readonly item: unknown } | undefined;
  /** Of a list's rows. */
  keyOf: ((row: never) => string) | undefined;
  /** The list that the peer has, or will have when what is in flight has arrived. */
  told: readonly object[] | undefined;
}

type AnyHandler = (input: unknown, second: unknown, third?: unknown) => unknown;

/** Calls and streams one screen may hold at once. A dashboard of 60 panels with two queries each stays below. */
const liveMax = 512;

/** The engine's end: answers one peer until it goes. What a handler throws reaches the peer as one sentence and a code. */
export function serve<C extends Contract>(contract: C, handlers: Handlers<C>, transport: Transport): void {
  const live = new Map<number, Live>();

  const end = (id: number): void => {
    const one = live.get(id);
    live.delete(id);
    one?.abort.abort();
    one?.stop?.();
  };
  const fail = (id: number, error: unknown): void => {
    end(id);
    const known = error instanceof EngineError ? error : new EngineError('internal', messageOf(error));
    transport.send({ k: 'error', id, code: known.code, message: known.message, place: known.place });
  };
  const emit = (id: number, item: unknown): void => {
    const one = live.get(id);
    if (one === undefined) return;
    if (one.inFlight) {
      one.waiting = { item };
      return;
    }
    const frame = frameOf(id, one, item);
    if (frame === undefined) return;
    one.inFlight = true;
    transport.send(frame);
  };
  const got = (id: number): void => {
    const one = live.get(id);
    if (one === undefined) return;
    one.inFlight = false;
    const { waiting } = one;
    one.waiting = undefined;
    if (waiting !== undefined) emit(id, waiting.item);
  };
  const start = (frame: Extract<Frame, { k: 'call' | 'open' }>): void => {
    const { id } = frame;
    const one: Live = { abort: new AbortController(), stop: undefined, inFlight: false, waiting: undefined, keyOf: undefined, told: undefined };
    const act = async (): Promise<void> => {
      const { handler, input, keyOf } = admit(contract, handlers, frame, live.size > liveMax);
      const context = { signal: one.abort.signal };
      if (frame.k === 'open') {
        one.keyOf = keyOf;
        one.stop = handler(input, (item: unknown) => emit(id, item), context) as () => void;
        return;
      }
      const out = await handler(input, context);
      if (live.delete(id)) transport.send({ k: 'ok', id, out });
    };
    if (live.has(id)) return fail(id, new EngineError('invalid', `call ${id} is under way already`));
    live.set(id, one);
    act().catch((error: unknown) => {
      if (live.has(id)) fail(id, error);
    });
  };

  transport.onClose(() => [...live.keys()].forEach(end));
  transport.onFrame((frame) => {
    if (typeof frame !== 'object' || frame === null || !Number.isSafeInteger(frame.id)) transport.close();
    else if (frame.k === 'stop') end(frame.id);
    else if (frame.k === 'got') got(frame.id);
    else if (frame.k === 'call' || frame.k === 'open') start(frame);
  });
}

function admit<C extends Contract>(
  contract: C,
  handlers: Handlers<C>,
  frame: Extract<Frame, { k: 'call' | 'open' }>,
  full: boolean,
): { handler: AnyHandler; input: unknown; keyOf: ((row: never) => string) | undefined } {
  if (full) throw new EngineError('limit', `more than ${liveMax} questions at once; close some panels`);
  const entry = Object.hasOwn(contract, frame.name) ? contract[frame.name] : undefined;
  if (entry === undefined || (entry.kind === 'procedure') !== (frame.k === 'call'))
    throw new EngineError('not-found', `there is no ${frame.k} named ${frame.name}`);
  const read = v.safeParse(entry.input, frame.input);
  if (!read.success) {
    const issue = read.issues[0];
    throw new EngineError('invalid', `${frame.name}: ${v.getDotPath(issue) ?? 'input'}: ${issue.message}`);
  }
  const keyOf = entry.kind === 'stream' ? entry.keyOf : undefined;
  return { handler: (handlers as Readonly<Record<string, AnyHandler>>)[frame.name]!, input: read.output, keyOf };
}

/** The state as it is sent: whole, or what changed since the peer's last one; undefined when nothing did. */
function frameOf(id: number, one: Live, item: unknown): Frame | undefined {
  if (one.keyOf === undefined) return { k: 'item', id, item };
  const { told } = one;
  one.told = item as readonly object[];
  if (told === undefined) return { k: 'item', id, item };
  const change = listChange(told, one.told, one.keyOf);
  return change && { k: 'change', id, change };
}
