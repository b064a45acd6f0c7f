/** The index against the plain meaning of matchers, label set by label set. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { labelsFrom, matcher, matchesLabels, type Labels, type Matcher } from '#core/model/index.ts';
import { Bitmap } from '#core/tsdb/names/bitmap.ts';
import { Catalogue } from '#core/tsdb/names/catalogue.ts';
import { matchRefs } from '#core/tsdb/names/match.ts';
import { random } from './random.ts';

const values = ['', 'a', 'b', 'ab', 'abc', 'b-1', 'b-2', 'x.y', 'xzy'];
const patterns = ['a', 'a|b', 'a|', '', '.*', '.+', 'b.*', 'b-[12]', 'x.y', 'x\\.y', '(?i)AB', '[^a]', 'a.c', 'ab?'];
const labelSet: fc.Arbitrary<Labels> = fc
  .record({ name: fc.constantFrom('m1', 'm2'), a: fc.constantFrom(...values), b: fc.constantFrom(...values), c: fc.constantFrom('', 'one') })
  .map(({ name, a, b, c }) =>
    labelsFrom([
      ['__name__', name],
      ['a', a],
      ['b', b],
      ['c', c],
    ]),
  );
const label = fc.constantFrom('a', 'b', 'c', '__name__', 'absent');
const oneMatcher: fc.Arbitrary<Matcher> = fc.oneof(
  fc
    .tuple(label, fc.constantFrom('=' as const, '!=' as const), fc.constantFrom(...values, 'm1'))
    .map(([name, op, value]) => matcher(name, op, value)),
  fc
    .tuple(label, fc.constantFrom('=~' as const, '!~' as const), fc.constantFrom(...patterns, 'm1|m2'))
    .map(([name, op, value]) => matcher(name, op, value)),
);

test('matchers find what they mean, hidden series aside', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(labelSet, { selector: (labels) => labels.join(), maxLength: 200 }),
      fc.array(oneMatcher, { maxLength: 4 }),
      fc.nat(),
      (sets, matchers, seed) => {
        const catalogue = new Catalogue();
        for (const labels of sets) expect(catalogue.find(labels)).toBe(-1);
        for (const labels of sets) catalogue.add(labels);
        sets.forEach((labels, ref) => expect(catalogue.find(labels)).toBe(ref));
        const next = random(seed);
        const hidden = sets.map(() => next() < 0.2);
        hidden.forEach((hide, ref) => hide && catalogue.hide(ref));
        hidden.forEach((hide, ref) => {
          if (hide && next() < 0.3) {
            catalogue.show(ref);
            hidden[ref] = false;
          }
        });
        const wanted = sets.flatMap((labels, ref) => (!hidden[ref] && matchesLabels(matchers, labels) ? [ref] : []));
        expect([...matchRefs(catalogue, matchers)]).toEqual(wanted);
        const shown = sets.filter((_, ref) => !hidden[ref]);
        const names = new Set(shown.flatMap((labels) => labels.filter((_, i) => i % 2 === 0)));
        expect(catalogue.namesShown().sort()).toEqual([...names].sort());
        const texts = new Set(shown.flatMap((labels) => labels.filter((_, i) => labels[i - 1] === 'a' && i % 2 === 1)));
        const label = catalogue.name('a');
        if (label !== undefined) expect(catalogue.valuesShown(label).sort()).toEqual([...texts].sort());
      },
    ),
    { seed: 3, numRuns: 400 },
  );
});

test('of more candidates than there are values, and fewer', () => {
  const catalogue = new Catalogue();
  const sets = Array.from({ length: 900 }, (_, i) =>
    labelsFrom([
      ['__name__', i % 3 === 0 ? 'few' : 'many'],
      ['id', i % 10 === 0 ? '' : `id-${i}`],
      ['shard', String(i % 7)],
    ]),
  );
  for (const labels of sets) catalogue.add(labels);
  for (const metric of ['few', 'many'])
    for (const [name, pattern] of [
      ['id', 'id-1.*'],
      ['id', '.*7'],
      ['id', '(.*5)?'],
      ['shard', '[1-3]'],
      ['absent', '.*x'],
    ] as const)
      for (const op of ['=~', '!~'] as const) {
        const matchers = [matcher('__name__', '=', metric), matcher(name, op, pattern)];
        expect([...matchRefs(catalogue, matchers)]).toEqual(sets.flatMap((labels, ref) => (matchesLabels(matchers, labels) ? [ref] : [])));
      }
});

test('a bitmap is a set', () => {
  const value = fc.oneof(fc.nat({ max: 300 }), fc.integer({ min: 65_000, max: 66_000 }), fc.integer({ min: 2 ** 31, max: 2 ** 31 + 200_000 }));
  const dense = (from: number): number[] => Array.from({ length: 6000 }, (_, i) => from + i);
  const some = fc.tuple(fc.array(value, { maxLength: 300 }), fc.boolean()).map(([list, full]) => (full ? [...list, ...dense(list[0] ?? 0)] : list));
  fc.assert(
    fc.property(some, some, (a, b) => {
      const right = new Set(b);
      const sorted = (list: readonly number[]): number[] => [...new Set(list)].sort((x, y) => x - y);
      const made = (act: (bitmap: Bitmap) => void): number[] => {
        const bitmap = Bitmap.of(a);
        act(bitmap);
        expect(bitmap.size).toBe(bitmap.toArray().length);
        return [...bitmap.toArray()];
      };
      expect(made((bitmap) => bitmap.and(Bitmap.of(b)))).toEqual(sorted(a.filter((one) => right.has(one))));
      expect(made((bitmap) => bitmap.or(Bitmap.of(b)))).toEqual(sorted([...a, ...b]));
      expect(made((bitmap) => bitmap.andNot(Bitmap.of(b)))).toEqual(sorted(a.filter((one) => !right.has(one))));
      expect(made((bitmap) => b.forEach((one) => bitmap.remove(one)))).toEqual(sorted(a.filter((one) => !right.has(one))));
      const copy = Bitmap.of(a).clone();
      expect(a.every((one) => copy.has(one))).toBe(true);
    }),
    { seed: 5, numRuns: 60 },
  );
});
