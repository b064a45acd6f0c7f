import { unwrapBlob, wrapBlob } from '#core/blocks/index.ts';
import { bloomMayHold, bloomOf } from '#core/traces/bloom.ts';
import { decodeCodes, decodeIntegers, decodeTexts, encodeCodes, encodeIntegers, encodeTexts, findText } from '#core/traces/columns.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const runs = { numRuns: 300, seed: 5 };
const whole = fc.oneof(
  fc.integer({ min: -300, max: 300 }),
  fc.maxSafeInteger(),
  fc.integer(),
  fc.constantFrom(2 ** 32, 2 ** 32 - 1, -(2 ** 40), 2 ** 51, 2 ** 63),
);
const text = fc.oneof(fc.string({ maxLength: 6 }), fc.string({ unit: 'grapheme', maxLength: 4 }), fc.constantFrom('', 'a', 'aa', 'aaa', '\ufeffb'));

describe('columns', () => {
  test('whole numbers come back, however large', () => {
    fc.assert(
      fc.property(fc.array(whole, { maxLength: 40 }), fc.boolean(), (numbers, delta) => {
        expect([...decodeIntegers(encodeIntegers(Float64Array.from(numbers), delta))]).toEqual(numbers.map((number) => number + 0));
      }),
      runs,
    );
  });

  test.each([1, 255, 256, 257, 65_536, 65_537, 2 ** 32])('codes below %i come back in as few bytes as they need', (codeCount) => {
    const codes = Uint32Array.from([0, codeCount - 1, codeCount >> 1]);
    const bytes = encodeCodes(codes, codeCount);
    expect([...decodeCodes(bytes)]).toEqual([...codes]);
    expect(bytes.length).toBe(1 + 3 * (codeCount <= 256 ? 1 : codeCount <= 65_536 ? 2 : 4));
  });

  test('texts come back, and one of them is found where it stands', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 12 }), text, (texts, other) => {
        const bytes = encodeTexts(texts);
        const wellFormed = texts.map((one) => one.toWellFormed());
        expect(decodeTexts(bytes)).toEqual(wellFormed);
        for (const wanted of [other, ...wellFormed]) {
          expect(findText(bytes, wanted)).toEqual([...wellFormed.keys()].filter((i) => wellFormed[i] === wanted.toWellFormed()));
        }
      }),
      runs,
    );
  });

  test('a filter never denies what it holds, and seldom grants what it does not', () => {
    const held = Array.from({ length: 5000 }, (_, i) => `user-${i}`);
    const filter = bloomOf(held);
    expect(held.every((one) => bloomMayHold(filter, one))).toBe(true);
    const wrong = Array.from({ length: 5000 }, (_, i) => `other-${i}`).filter((one) => bloomMayHold(filter, one)).length;
    expect(wrong).toBeLessThan(100);
  });

  test('a blob gives its payload back, and any changed byte away', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 400 }), fc.nat(), fc.integer({ min: 1, max: 255 }), (payload, at, change) => {
        const blob = wrapBlob(payload);
        expect([...unwrapBlob(blob)]).toEqual([...payload]);
        const index = at % blob.length;
        if (index === 1) return;
        blob[index]! ^= change;
        expect(() => unwrapBlob(blob)).toThrow();
      }),
      runs,
    );
  });
});
