import { MessageChannel } from 'node:worker_threads';
import fc from 'fast-check';
import * as v from 'valibot';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createClient, decodeFrame, encodeFrame, portTransport, serve, socketTransport } from '#core/contract/index.ts';
import { encodeMessages, FrameReader } from '../../../core/contract/frames.ts';
import type { Client, Frame, Handlers, PortLike, Transport } from '#core/contract/index.ts';
import { procedure, stream } from '#core/contract/rpc.ts';
import { EngineError } from '#core/model/index.ts';

const trial = {
  'sum.of': procedure<{ readonly sum: number; readonly squares: Float64Array; readonly odd: number }>()(v.object({ parts: v.array(v.number()) })),
  'wait.forever': procedure<null>()(v.strictObject({})),
  'count.watch': stream<{ readonly count: number }>()(v.object({ from: v.number() })),
};
type Trial = typeof trial;

const closers: (() => void)[] = [];
afterEach(() => closers.splice(0).forEach((close) => close()));

function portPair(): Promise<[Transport, Transport]> {
  const { port1, port2 } = new MessageChannel();
  closers.push(() => port1.close());
  return Promise.resolve([portTransport(port1 as unknown as PortLike), portTransport(port2 as unknown as PortLike)]);
}

async function socketPair(): Promise<[Transport, Transport]> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  closers.push(() => server.close());
  await new Promise((done) => server.once('listening', done));
  const near = new WebSocket(`ws://127.0.0.1:${(server.address() as { port: number }).port}`);
  near.binaryType = 'arraybuffer';
  const far = await new Promise<WebSocket>((done) => server.once('connection', done));
  far.binaryType = 'arraybuffer';
  await new Promise<void>((done) => (near.readyState === WebSocket.OPEN ? done() : near.once('open', () => done())));
  closers.push(() => near.terminate());
  return [socketTransport(near), socketTransport(far, 'engine')];
}

describe.each([
  ['message port', portPair],
  ['web socket', socketPair],
])('calls over a %s', (_name, pair) => {
  const setup = async (): Promise<{ client: Client<Trial>; emits: ((item: { count: number }) => void)[]; log: string[] }> => {
    const [near, far] = await pair();
    const emits: ((item: { count: number }) => void)[] = [];
    const log: string[] = [];
    const handlers: Handlers<Trial> = {
      'sum.of': ({ parts }) => {
        if (parts.length === 0) throw new EngineError('invalid', 'nothing to sum', { from: 1, to: 2 });
        return { sum: parts.reduce((a, b) => a + b), squares: Float64Array.from(parts, (part) => part * part), odd: Number.NEGATIVE_INFINITY };
      },
      'wait.forever': (_input, { signal }) =>
        new Promise((done) => {
          log.push('waiting');
          signal.addEventListener('abort', () => {
            log.push('aborted');
            done(null);
          });
        }),
      'count.watch': ({ from }, emit) => {
        emits.push(emit);
        emit({ count: from });
        return () => log.push('stopped');
      },
    };
    serve(trial, handlers, far);
    return { client: createClient<Trial>(near), emits, log };
  };
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise((done) => setImmediate(done));
  };

  test('typed arrays cross as typed arrays, and numbers that JSON lacks as numbers', async () => {
    const { client } = await setup();
    expect(await client.call('sum.of', { parts: [1.5, 2] })).toEqual({ sum: 3.5, squares: Float64Array.of(2.25, 4), odd: Number.NEGATIVE_INFINITY });
  });

  test('a failure keeps its code, sentence and place', async () => {
    const { client } = await setup();
    await expect(client.call('sum.of', { parts: [] })).rejects.toMatchObject({
      code: 'invalid',
      message: 'nothing to sum',
      place: { from: 1, to: 2 },
    });
  });

  test('input is checked where it arrives', async () => {
    const { client } = await setup();
    await expect(client.call('sum.of', { parts: ['1'] } as never)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('parts.0') as string,
    });
    await expect(client.call('no.such' as never, {} as never)).rejects.toMatchObject({ code: 'not-found' });
    await expect(client.call('__proto__' as never, {} as never)).rejects.toMatchObject({ code: 'not-found' });
  });

  test('cancelling reaches the engine', async () => {
    const { client, log } = await setup();
    const abort = new AbortController();
    const answer = client.call('wait.forever', {}, abort.signal);
    await until(() => log.includes('waiting'));
    abort.abort();
    await expect(answer).rejects.toMatchObject({ code: 'cancelled' });
    await until(() => log.includes('aborted'));
  });

  test('a slow screen gets the first item and then the newest', async () => {
    const { client, emits, log } = await setup();
    const seen: number[] = [];
    const close = client.open('count.watch', { from: 1 }, ({ count }) => seen.push(count));
    await until(() => emits.length === 1);
    for (let count = 2; count <= 100; count++) emits[0]!({ count });
    await until(() => seen.includes(100));
    expect(seen.length).toBeLessThan(100);
    close();
    await until(() => log.includes('stopped'));
  });

  test('when the engine goes, calls fail and streams end', async () => {
    const { client, log } = await setup();
    const ended: string[] = [];
    client.open(
      'count.watch',
      { from: 1 },
      () => undefined,
      (error) => ended.push(error.code),
    );
    const answer = client.call('wait.forever', {});
    await until(() => log.includes('waiting'));
    client.close();
    await expect(answer).rejects.toMatchObject({ code: 'unavailable' });
    expect(ended).toEqual(['unavailable']);
    await until(() => log.includes('stopped') && log.includes('aborted'));
    await expect(client.call('sum.of', { parts: [1] })).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('frames as bytes', () => {
  const tricky = fc.constantFrom('$wire', '$$wire', '__proto__', 'a');
  const wire = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string(),
      fc.double().map((value) => value + 0),
      fc.boolean(),
      fc.constant(null),
      fc.float64Array({ maxLength: 5 }),
      fc.uint8Array({ maxLength: 9 }),
      fc.uint32Array({ maxLength: 5 }),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.array(fc.tuple(tricky, tie('value')), { maxLength: 3 }).map((pairs) => Object.fromEntries(pairs)),
    ),
  })).value;

  test('come back as they were, whatever their keys are called', () => {
    fc.assert(
      fc.property(wire, (item) => {
        const frame: Frame = { k: 'item', id: 7, item };
        expect(decodeFrame(encodeFrame(frame))).toEqual(frame);
      }),
      { seed: 20261121, numRuns: 500 },
    );
  });

  test('bytes that are no frame are refused, without a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const frame = decodeFrame(bytes);
        expect(frame === undefined || typeof frame === 'object' || typeof frame === 'number').toBe(true);
      }),
      { seed: 20261121, numRuns: 2000 },
    );
    const claim = encodeFrame({ k: 'item', id: 1, item: Float64Array.of(1, 2, 3) });
    expect(decodeFrame(claim.subarray(0, claim.length - 8))).toBeUndefined();
  });
});

describe('long frames', () => {
  const long = (values: number): Frame => ({ k: 'ok', id: 1, out: { values: Float64Array.from({ length: values }, (_, i) => i / 3), note: 'n' } });
  /** Enough for no cut, for a cut at the very end, and for several. */
  const lengths = [32_000, 32_768, 40_000, 200_000];

  test.each(lengths)('of %i numbers come over a socket as they were, each in its turn', async (length) => {
    const [near, far] = await socketPair();
    const frames = [long(length), { k: 'ok', id: 2, out: 'short' } as const, long(length + 1)];
    const arrived = new Promise<readonly Frame[]>((done) => {
      const got: Frame[] = [];
      near.onFrame((frame) => got.push(frame) === frames.length && done(got));
    });
    for (const frame of frames) far.send(frame);
    expect(await arrived).toEqual(frames);
  });

  test('of a screen go as one message, which is all that the engine takes', () => {
    const sent: Uint8Array[] = [];
    const socket = { readyState: 1, send: (data: Uint8Array) => void sent.push(data), close: () => undefined, addEventListener: () => undefined };
    socketTransport(socket).send(long(40_000));
    expect(sent.map((message) => decodeFrame(message))).toEqual([long(40_000)]);
  });

  test('go in messages of at most 256 KiB, so that who receives them has turns in between', () => {
    const messages = encodeMessages(long(200_000));
    expect(messages.length).toBe(8);
    expect(Math.max(...messages.map(({ length }) => length))).toBe(1 << 18);
    expect(encodeMessages(long(10))).toEqual([encodeFrame(long(10))]);
  });

  test('a message that is longer than what is left of its frame, or claims a frame of gigabytes, is none', () => {
    const reader = new FrameReader();
    const [head, ...rest] = encodeMessages(long(40_000));
    expect(reader.take(head!)).toBe('more');
    expect(reader.take(rest[0]!)).toBe('more');
    expect(reader.take(new Uint8Array(1 << 18))).toBeUndefined();
    expect(new FrameReader().take(new Uint8Array(Uint32Array.of(0xffffffff, 0xfffffff0).buffer))).toBeUndefined();
  });
});

test('arrays of a frame that lies in a pool of buffers are its own, whole and no more', () => {
  const frame = { k: 'call', id: 1, name: 'x', input: { bytes: Uint8Array.of(1, 2, 3), values: Float64Array.of(4, 5) } } as const;
  const pooled = Buffer.concat([Buffer.alloc(64, 9), encodeFrame(frame), Buffer.alloc(64, 9)]);
  expect(decodeFrame(pooled.subarray(64, pooled.length - 64))).toEqual(frame);
});
