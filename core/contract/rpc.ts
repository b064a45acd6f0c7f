/**
 * Remote calls between a screen and the engine: one contract object, one Transport interface, any number of transports.
 * Calls can be cancelled. A stream's item is a whole state, never a change to one: the server keeps one item in flight
 * per stream and, while the peer is busy, only the newest waiting. So a slow screen costs no memory and is never far behind.
 * Only on the wire, a list whose rows have keys goes as what changed since the peer's last one; both ends see whole lists.
 */
import type * as v from 'valibot';
import { EngineError, type ErrorCode, type Place } from '#core/model/index.ts';
import { changedList, type ListChange } from './list-change.ts';

/** What both wires carry alike: JSON, and typed arrays as binary. */
export type Wire =
  | null
  | boolean
  | number
  | string
  | undefined
  | Float64Array
  | Uint32Array
  | Uint8Array
  | readonly Wire[]
  | { readonly [key: string]: Wire };

/** T itself when every part of it can cross both wires, else never: Date, Map, Set, bigint and functions are refused at compile time. */
export type Wired<T> = T extends Wire
  ? T
  : T extends ((...args: never[]) => unknown) | Date | Map<unknown, unknown> | Set<unknown> | bigint | symbol
    ? never
    : T extends object
      ? { [K in keyof T]: Wired<T[K]> }
      : never;

type Schema<I> = v.GenericSchema<unknown, I>;
export interface Procedure<I, O> {
  readonly kind: 'procedure';
  readonly input: Schema<I>;
  readonly out?: O;
}
export interface Stream<I, T> {
  readonly kind: 'stream';
  readonly input: Schema<I>;
  /** Of a list: what a row goes by. */
  readonly keyOf?: (row: never) => string;
  readonly item?: T;
}
type Entry<I = unknown, O = unknown> = Procedure<I, O> | Stream<I, O>;
export type Contract = Readonly<Record<string, Entry>>;

/** `procedure<Out>()(schema)`: the output is named, the input's type and check come from the schema. */
export const procedure =
  <O>() =>
  <I>(input: Schema<I>): Procedure<I, Wired<O>> => ({ kind: 'procedure', input });
/** `stream<Item>()(schema)`. */
export const stream =
  <T>() =>
  <I>(input: Schema<I>): Stream<I, Wired<T>> => ({ kind: 'stream', input });
/**
 * `listStream<Row>()(schema, keyOf)`: a stream of whole lists, of which only changes are sent. A row that did not change stays the
 * same object on the screen; a list that was told must not be changed in place.
 */
export const listStream =
  <Row extends object>() =>
  <I>(input: Schema<I>, keyOf: (row: Row) => string): Stream<I, Wired<readonly Row[]>> => ({ kind: 'stream', input, keyOf });

export type In<E> = E extends { readonly input: Schema<infer I> } ? I : never;
export type Out<E> = E extends { readonly kind: 'procedure'; readonly out?: infer O } ? Exclude<O, undefined> : never;
export type Item<E> = E extends { readonly kind: 'stream'; readonly item?: infer T } ? Exclude<T, undefined> : never;
export type ProcedureName<C> = { [K in keyof C]: C[K] extends { kind: 'procedure' } ? K : never }[keyof C] & string;
export type StreamName<C> = { [K in keyof C]: C[K] extends { kind: 'stream' } ? K : never }[keyof C] & string;

export interface CallContext {
  /** Aborts when the caller cancels, closes its panel or goes away. */
  readonly signal: AbortSignal;
}

/** One function per contract entry. A stream's function returns what stops it. */
export type Handlers<C> = { readonly [K in ProcedureName<C>]: (input: In<C[K]>, context: CallContext) => Out<C[K]> | Promise<Out<C[K]>> } & {
  readonly [K in StreamName<C>]: (input: In<C[K]>, emit: (item: Item<C[K]>) => void, context: CallContext) => () => void;
};

export type Frame =
  | { readonly k: 'call' | 'open'; readonly id: number; readonly name: string; readonly input: unknown }
  | { readonly k: 'stop' | 'got'; readonly id: number }
  | { readonly k: 'ok'; readonly id: number; readonly out: unknown }
  | { readonly k: 'item'; readonly id: number; readonly item: unknown }
  | { readonly k: 'change'; readonly id: number; readonly change: ListChange }
  | { readonly k: 'error'; readonly id: number; readonly code: ErrorCode; readonly message: string; readonly place?: Place | undefined };

/** Moves whole frames, in order, and tells when the peer is gone. */
export interface Transport {
  send(frame: Frame): void;
  onFrame(act: (frame: Frame) => void): void;
  onClose(act: (reason: string) => void): void;
  close(): void;
}

export interface Client<C> {
  call<K extends ProcedureName<C>>(name: K, input: In<C[K]>, signal?: AbortSignal): Promise<Out<C[K]>>;
  /** Returns what closes the stream. `onEnd` is called when the engine ends it, with the reason. */
  open<K extends StreamName<C>>(name: K, input: In<C[K]>, onItem: (item: Item<C[K]>) => void, onEnd?: (error: EngineError) => void): () => void;
  /** Settles with the reason when the connection is gone. */
  readonly closed: Promise<string>;
  close(): void;
}

interface Waiting {
  readonly done: (out: unknown) => void;
  readonly fail: (error: EngineError) => void;
}

interface OpenStream {
  readonly onItem: (item: never) => void;
  readonly onEnd: ((error: EngineError) => void) | undefined;
  /** The last item: what a change is a change of. */
  item: unknown;
}

/** The screen's end. */
export function createClient<C>(transport: Transport): Client<C> {
  const calls = new Map<number, Waiting>();
  const streams = new Map<number, OpenStream>();
  const { promise: closed, resolve: markClosed } = Promise.withResolvers<string>();
  let idNext = 1;
  let gone: EngineError | undefined;

  const take = (id: number): Waiting | undefined => {
    const call = calls.get(id);
    calls.delete(id);
    return call;
  };
  transport.onFrame((frame) => {
    if (frame.k === 'ok') take(frame.id)?.done(frame.out);
    else if (frame.k === 'item' || frame.k === 'change') {
      const open = streams.get(frame.id);
      if (open === undefined) return;
      open.item = frame.k === 'item' ? frame.item : changedList(open.item as readonly unknown[], frame.change);
      open.onItem(open.item as never);
      transport.send({ k: 'got', id: frame.id });
    } else if (frame.k === 'error') {
      const error = new EngineError(frame.code, frame.message, frame.place);
      take(frame.id)?.fail(error);
      const open = streams.get(frame.id);
      streams.delete(frame.id);
      open?.onEnd?.(error);
    }
  });
  transport.onClose((reason) => {
    gone = new EngineError('unavailable', `the engine is not connected (${reason})`);
    for (const call of calls.values()) call.fail(gone);
    for (const open of streams.values()) open.onEnd?.(gone);
    calls.clear();
    streams.clear();
    markClosed(reason);
  });

  return {
    closed,
    close: () => transport.close(),
    call: (name, input, signal) =>
      new Promise((done, fail) => {
        if (gone !== undefined || signal?.aborted) return fail(gone ?? new EngineError('cancelled', 'cancelled'));
        const id = idNext++;
        calls.set(id, { done: done as (out: unknown) => void, fail });
        transport.send({ k: 'call', id, name, input });
        signal?.addEventListener('abort', () => {
          if (take(id) === undefined) return;
          transport.send({ k: 'stop', id });
          fail(new EngineError('cancelled', 'cancelled'));
        });
      }),
    open: (name, input, onItem, onEnd) => {
      if (gone !== undefined) {
        onEnd?.(gone);
        return () => undefined;
      }
      const id = idNext++;
      streams.set(id, { onItem, onEnd, item: undefined });
      transport.send({ k: 'open', id, name, input });
      return () => {
        if (streams.delete(id) && gone === undefined) transport.send({ k: 'stop', id });
      };
    },
  };
}
