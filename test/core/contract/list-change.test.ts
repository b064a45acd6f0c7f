import { MessageChannel } from 'node:worker_threads';
import fc from 'fast-check';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { createClient, decodeFrame, encodeFrame, portTransport, serve, type Frame, type Handlers, type PortLike } from '#core/contract/index.ts';
import { changedList, listChange, type ListChange } from '#core/contract/list-change.ts';
import { listStream } from '#core/contract/rpc.ts';

interface Row {
  readonly id: string;
  readonly value?: number | undefined;
  readonly labels?: readonly string[] | undefined;
  readonly by?: { readonly name: string } | undefined;
}

const keyOf = ({ id }: Row): string => id;

/** As the peer gets it, over the wire that knows JSON only. */
function crossed(change: ListChange): ListChange {
  const frame = decodeFrame(encodeFrame({ k: 'change', id: 1, change })) as Extract<Frame, { k: 'change' }>;
  return frame.change;
}

const row = fc.record(
  {
    id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    value: fc.constantFrom(0, 1, Number.NaN, undefined),
    labels: fc.constantFrom(['x', 'y'], ['x'], []),
    by: fc.constantFrom({ name: 'p' }, { name: 'q' }, undefined),
  },
  { requiredKeys: ['id'] },
);

test('a changed list is the list it was changed to, also where rows share a key', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 8 }), fc.array(row, { maxLength: 8 }), (before, after) => {
      const change = listChange(before, after, keyOf);
      const made = change === undefined ? before : changedList(before, crossed(change));
      expect(made).toEqual(after);
      if (change === undefined) return;
      expect(listChange(made as Row[], after, keyOf)).toBeUndefined();
    }),
    { seed: 20261121, numRuns: 2000 },
  );
});

test('what did not change is not sent, and stays the same object', () => {
  const before: Row[] = [
    { id: 'a', value: 1, labels: ['x', 'y'] },
    { id: 'b', value: 2, labels: ['z'] },
    { id: 'c', by: { name: 'p' } },
  ];
  const after: Row[] = [
    { id: 'c', by: { name: 'p' } },
    { id: 'a', value: 7, labels: ['x', 'y'] },
    { id: 'd', value: 4 },
  ];
  const change = listChange(before, after, keyOf)!;
  expect(change).toEqual({ from: Uint32Array.of(3, 1, 0), added: [{ id: 'd', value: 4 }], changed: [{ at: 1, set: { value: 7 }, unset: [] }] });
  const made = changedList(before, change) as Row[];
  expect(made[0]).toBe(before[2]);
  expect(made[1]!.labels).toBe(before[0]!.labels);
});

const trial = { 'rows.watch': listStream<Row>()(v.strictObject({}), keyOf) };

test('a screen that is slow, goes and comes back always has the whole list', async () => {
  const emits: ((rows: readonly Row[]) => void)[] = [];
  let rows: readonly Row[] = [{ id: 'a', value: 0 }, { id: 'b' }];
  const join = (): { seen: (readonly Row[])[]; frames: string[]; close: () => void } => {
    const { port1, port2 } = new MessageChannel();
    const far = portTransport(port2 as unknown as PortLike);
    const frames: string[] = [];
    const counted = { ...far, send: (frame: Frame): void => (frames.push(frame.k), far.send(frame)) };
    const handlers: Handlers<typeof trial> = {
      'rows.watch': (_input, emit) => {
        emits.push(emit);
        emit(rows);
        return () => undefined;
      },
    };
    serve(trial, handlers, counted);
    const seen: (readonly Row[])[] = [];
    const client = createClient<typeof trial>(portTransport(port1 as unknown as PortLike));
    client.open('rows.watch', {}, (item) => seen.push(item));
    return { seen, frames, close: () => client.close() };
  };
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise((done) => setImmediate(done));
  };
  const tell = (next: readonly Row[]): void => {
    rows = next;
    for (const emit of emits) emit(next);
  };
  const first = join();
  await until(() => first.seen.length === 1);
  for (let value = 1; value <= 50; value++) tell([{ id: 'b' }, { id: 'a', value }, ...(value % 2 === 0 ? [{ id: `n${value}` }] : [])]);
  await until(() => first.seen.at(-1)?.[1]?.value === 50);
  expect(first.seen.at(-1)).toEqual(rows);
  expect(first.seen.length).toBeLessThan(50);
  tell(structuredClone(rows));
  expect(first.frames).toEqual(['item', ...Array.from(first.seen.slice(1), () => 'change')]);
  first.close();
  tell([{ id: 'z' }]);
  const second = join();
  await until(() => second.seen.length === 1);
  expect(second.seen).toEqual([[{ id: 'z' }]]);
  expect(second.frames).toEqual(['item']);
  second.close();
});
