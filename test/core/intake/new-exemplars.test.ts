import { expect, test } from 'vitest';
import { NewExemplars } from '#core/intake/scrape/new-exemplars.ts';

const exemplar = (value: number, timeMs = Number.NaN, trace = '00ab') => ({ labels: ['trace_id', trace], value, timeMs });

test('an exemplar that every page repeats is new once', () => {
  const known = new NewExemplars();
  const offered: readonly (readonly [ref: number, ReturnType<typeof exemplar>, isNew: boolean])[] = [
    [1, exemplar(1.5), true],
    [1, exemplar(1.5), false],
    [2, exemplar(1.5), true],
    [1, exemplar(2), true],
    [1, exemplar(2, Number.NaN, '00cd'), true],
    [3, exemplar(1, 1_000), true],
    [3, exemplar(1, 1_000), false],
    [3, exemplar(1, 2_000), true],
    [3, exemplar(1, 1_500), false],
    [4, exemplar(1, 1_000, 'x'.repeat(121)), false],
    [4, exemplar(1, 1_000, 'x'.repeat(120)), true],
  ];
  for (const [ref, one, isNew] of offered) expect([ref, one, known.isNew(ref, one)]).toEqual([ref, one, isNew]);
});
