import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  LineCache,
  readRemoteWrite1,
  readRemoteWrite2,
  RemoteWriteColumns,
  remoteWriteLabels,
  snappyDecode,
  symbolText,
} from '#core/formats/index.ts';
import { ProtoReader } from '#core/formats/protobuf.ts';
import { isStale } from '#core/model/index.ts';
import { proto, type Field } from '../../support/proto-writer.ts';
import { snappyEncode } from '../../support/snappy.ts';

const seed = { seed: 11 };

describe('snappy', () => {
  test('what was packed comes out again', () => {
    const repetitive = fc
      .array(fc.constantFrom('abc', 'abcd', 'x', 'hello, hello', '\0\0\0\0'), { maxLength: 300 })
      .map((parts) => Buffer.from(parts.join('')));
    fc.assert(
      fc.property(fc.oneof(repetitive, fc.uint8Array({ maxLength: 2000 })), (bytes) => {
        expect(Buffer.from(snappyDecode(snappyEncode(bytes), 1 << 20)).equals(Buffer.from(bytes))).toBe(true);
      }),
      { ...seed, numRuns: 500 },
    );
  });

  /** The format's own worked cases: long literals, copies of all three kinds, a copy that overlaps itself. */
  test.each([
    ['empty', '00', ''],
    ['a literal', '051068656c6c6f', 'hello'],
    ['a literal with one byte of length', `64f063${'61'.repeat(100)}`, 'a'.repeat(100)],
    ['a copy that overlaps itself', '0a0461621102', 'ababababab'],
    ['a run', '0b00611901', 'aaaaaaaaaaa'],
    ['a copy with two bytes of offset', '080c616263640e0400', 'abcdabcd'],
    ['a copy with four bytes of offset', '080c616263640f04000000', 'abcdabcd'],
  ])('%s', (_, hex, text) => {
    expect(Buffer.from(snappyDecode(Buffer.from(hex, 'hex'), 100)).toString()).toBe(text);
  });

  test.each([
    ['a claim of 2 GiB', 'ffffffff0700', 'over the limit'],
    ['a claim beyond the cap', '651068656c6c6f', 'over the limit'],
    ['a claim that the block cannot hold', '64006100', 'cannot be unpacked'],
    ['no length', '', 'it has no length'],
    ['a length without end', 'ffffffffffff', 'it has no length'],
    ['a literal cut short', '0510686500', 'a literal is cut short'],
    ['a copy before the beginning', '08006115ff', 'reaches outside'],
    ['a copy of nothing', '08006101ff', 'reaches outside'],
    ['a copy past the end', '0300610501', 'reaches outside'],
    ['an offset cut short', '0500610e', 'it is cut short'],
    ['too little', '0a1068656c6c6f', 'it ends early'],
  ])('%s is refused', (_, hex, why) => {
    expect(() => snappyDecode(Buffer.from(hex, 'hex'), 100)).toThrow(why);
  });

  test('no bytes make it throw anything but its own errors, or give more than the cap', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        try {
          expect(snappyDecode(bytes, 1000).length).toBeLessThanOrEqual(1000);
        } catch (error) {
          expect((error as Error).name).toBe('EngineError');
        }
      }),
      { ...seed, numRuns: 5000 },
    );
  });
});

describe('protobuf', () => {
  const reader = (fields: readonly Field[]): ProtoReader => {
    const made = new ProtoReader(proto(fields));
    expect(made.next()).toBe(true);
    return made;
  };

  test('numbers of all kinds', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.double(), (whole, real) => {
        expect(reader([[1, 'int', whole]]).int()).toBe(whole);
        expect(reader([[1, 'zigzag', whole]]).zigzag()).toBe(whole);
        expect(reader([[1, 'varint', Math.abs(whole)]]).uint()).toBe(Math.abs(whole));
        expect(reader([[1, 'fixed64', Math.abs(whole)]]).fixed64()).toBe(Math.abs(whole));
        expect(reader([[1, 'double', real]]).double()).toBe(real);
      }),
      { ...seed, numRuns: 1000 },
    );
  });

  test('packed and single numbers are one list', () => {
    const packed = Buffer.concat([Buffer.from([0x0a, 3, 1, 0x80, 1]), proto([[1, 'varint', 7]])]);
    const made = new ProtoReader(packed);
    const list: number[] = [];
    while (made.next()) made.numbers(list, 'varint');
    expect(list).toEqual([1, 128, 7]);
  });

  test.each([
    ['0aff01', 'longer than the message'],
    ['0a05ab', 'longer than the message'],
    ['09ab', 'cut short'],
    ['08', 'cut short'],
    ['08ffffffffffffffffffffff01', 'more than ten bytes'],
    ['00', 'a field has no number'],
    ['0b', 'wire type 3'],
    ['0f', 'wire type 7'],
  ])('%s is refused', (hex, why) => {
    const made = new ProtoReader(Buffer.from(hex, 'hex'));
    expect(() => {
      while (made.next()) made.skip();
    }).toThrow(why);
  });

  test('depth is bounded', () => {
    let bytes: Uint8Array = new Uint8Array(0);
    for (let i = 0; i < 60; i++) bytes = Buffer.concat([Buffer.from([0x0a, bytes.length]), bytes]);
    const made = new ProtoReader(bytes);
    const dig = (): void => {
      while (made.next()) made.message(dig);
    };
    expect(dig).toThrow('nested deeper than 48');
  });
});

type Series = { readonly labels: readonly (readonly [string, string])[]; readonly samples: readonly (readonly [number, number])[] };

const labelName = fc.constantFrom('__name__', 'a', 'b', 'job', 'ä');
const series: fc.Arbitrary<Series> = fc.record({
  labels: fc.uniqueArray(fc.tuple(labelName, fc.constantFrom('x', 'y', 'long value')), { selector: ([name]) => name, maxLength: 4 }),
  samples: fc.array(fc.tuple(fc.oneof(fc.double({ noNaN: true }), fc.constant(0)), fc.integer({ min: -5, max: 2 ** 41 })), { maxLength: 4 }),
});

/** proto3 leaves out zeros, as real senders do. */
const sampleFields = ([value, timeMs]: readonly [number, number]): Field => [
  2,
  'message',
  [...(Object.is(value, 0) ? [] : [[1, 'double', value] as Field]), ...(timeMs === 0 ? [] : [[2, 'int', timeMs] as Field])],
];

const encode1 = (list: readonly Series[]): Uint8Array =>
  proto(
    list.map(({ labels, samples }): Field => {
      const labelFields = labels.map(([name, value]): Field => [
        1,
        'message',
        [
          [1, 'bytes', name],
          [2, 'bytes', value],
        ],
      ]);
      return [1, 'message', [...labelFields, ...samples.map(sampleFields)]];
    }),
  );

const encode2 = (list: readonly Series[]): Uint8Array => {
  const symbols = ['', ...new Set(list.flatMap(({ labels }) => labels.flat()))];
  return proto([
    ...symbols.map((symbol): Field => [4, 'bytes', symbol]),
    ...list.map(({ labels, samples }): Field => [
      5,
      'message',
      [...labels.flat().map((text): Field => [1, 'varint', symbols.indexOf(text)]), ...samples.map(sampleFields)],
    ]),
  ]);
};

const byName = (labels: Series['labels']): string[] => [...labels].sort(([a], [b]) => (a < b ? -1 : 1)).flat();

function samplesOf(columns: RemoteWriteColumns, i: number): (readonly [number, number])[] {
  const from = i === 0 ? 0 : columns.samplesTo[i - 1]!;
  return Array.from({ length: columns.samplesTo[i]! - from }, (_, k) => [columns.values[from + k]!, columns.timesMs[from + k]!] as const);
}

describe('remote write', () => {
  /** Any sequence of requests reads as if each were the first: what is foreseen may only save work. */
  test('version 1 gives back what was sent, foreseen or not', () => {
    fc.assert(
      fc.property(fc.array(fc.array(series, { maxLength: 6 }), { maxLength: 5 }), (requests) => {
        const columns = new RemoteWriteColumns();
        const known = new LineCache();
        for (const request of requests) {
          const body = encode1(request);
          readRemoteWrite1(body, columns, known);
          let last = -1;
          const read = request.map((_, i) => {
            const slot = columns.slots[i]!;
            const [from, to] = [columns.labelsFrom[i]!, columns.labelsTo[i]!];
            const now = slot >= 0 ? slot : known.find(from, to) >= 0 ? known.find(from, to) : known.add(from, to, 0);
            known.setAfter(last, now);
            last = now;
            const bytes = known.bytesOf(now);
            return { labels: [...remoteWriteLabels(bytes, 0, bytes.length)], samples: samplesOf(columns, i) };
          });
          expect(read).toEqual(request.map(({ labels, samples }) => ({ labels: byName(labels), samples })));
        }
      }),
      { ...seed, numRuns: 500 },
    );
  });

  test('version 2 gives back what was sent', () => {
    fc.assert(
      fc.property(fc.array(series, { maxLength: 6 }), (request) => {
        const columns = new RemoteWriteColumns();
        const body = encode2(request);
        const symbols = readRemoteWrite2(body, columns);
        const read = request.map((_, i) => ({
          labels: Array.from(columns.labelRefs.subarray(columns.labelsFrom[i], columns.labelsTo[i]), (ref) => symbolText(body, symbols, ref)),
          samples: samplesOf(columns, i),
        }));
        expect(read).toEqual(request.map(({ labels, samples }) => ({ labels: labels.flat(), samples })));
      }),
      { ...seed, numRuns: 500 },
    );
  });

  test('mutated requests are read or refused, never worse', () => {
    const columns = new RemoteWriteColumns();
    const mutation = fc.tuple(fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(fc.array(series, { maxLength: 4 }), fc.array(mutation, { minLength: 1, maxLength: 4 }), (request, mutations) => {
        for (const encode of [encode1, encode2]) {
          const body = encode(request);
          if (body.length > 0) for (const [at, b] of mutations) body[at % body.length] = b;
          try {
            if (encode === encode1) readRemoteWrite1(body, columns, new LineCache());
            else readRemoteWrite2(body, columns);
          } catch (error) {
            expect((error as Error).name).toBe('EngineError');
          }
        }
      }),
      { ...seed, numRuns: 3000 },
    );
  });

  test('a stale marker is kept bit for bit', () => {
    const body = encode1([{ labels: [['__name__', 'a']], samples: [[NaN, 1]] }]);
    Buffer.from([2, 0, 0, 0, 0, 0, 0xf0, 0x7f]).copy(body, Buffer.from(body).indexOf(Buffer.from([0, 0, 0xf8, 0x7f])) - 4);
    const columns = new RemoteWriteColumns();
    readRemoteWrite1(body, columns, new LineCache());
    expect(isStale(columns.values, 0)).toBe(true);
  });
});
