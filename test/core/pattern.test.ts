/** The short ways of patterns say what RE2's machine says. */
import { RE2JS } from 're2js';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compilePattern } from '#core/model/index.ts';

const text = fc.string({ unit: fc.constantFrom('a', 'b', '-', 'ü', '\n'), maxLength: 6 });
const plain = fc.string({ unit: fc.constantFrom('a', 'b', '-', 'ü'), maxLength: 3 });
const wild = fc.constantFrom('', '.*', '.+', '.', 'a*', '|', '(b)?');
const source = fc.tuple(wild, plain, wild, plain, wild).map((parts) => parts.join(''));

test('patterns match as the machine matches', () => {
  fc.assert(
    fc.property(source, fc.array(text, { maxLength: 20 }), (pattern, texts) => {
      const machine = RE2JS.compile(`^(?:${pattern})$`, RE2JS.DOTALL);
      const made = compilePattern(pattern);
      for (const one of texts) expect([pattern, one, made.matches(one)]).toEqual([pattern, one, machine.matcher(one).find()]);
    }),
    { seed: 11, numRuns: 2000 },
  );
});
