import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PipeWire } from '../../main/engine/wire.ts';

const message = fc.record(
  { k: fc.string({ unit: 'binary' }), held: fc.json().map((text): unknown => JSON.parse(text)), bytes: fc.uint8Array({ maxLength: 300 }) },
  { requiredKeys: ['k', 'held'] },
);

/** What is written, byte after byte. */
function written(messages: readonly object[]): Buffer {
  const pipe = new PassThrough();
  const wire = new PipeWire(pipe, () => undefined);
  const parts: Buffer[] = [];
  pipe.removeAllListeners('data').on('data', (part: Buffer) => parts.push(part));
  for (const one of messages) wire.post(one);
  return Buffer.concat(parts);
}

test('messages arrive whole and in order however the pipe cuts them', () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 6 }), fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }), (messages, cuts) => {
      const bytes = written(messages);
      const pipe = new PassThrough();
      const arrived: object[] = [];
      void new PipeWire(pipe, (one) => arrived.push(one as object));
      for (let at = 0, cut = 0; at < bytes.length; at += cuts[cut++ % cuts.length]!) {
        pipe.emit('data', bytes.subarray(at, at + cuts[cut % cuts.length]!));
      }
      const plain = arrived.map((one) => ('bytes' in one ? { ...one, bytes: new Uint8Array(one.bytes as Uint8Array) } : one));
      expect(plain).toEqual(messages.map((one) => ({ ...one })));
    }),
    { seed: 7, numRuns: 200 },
  );
});
