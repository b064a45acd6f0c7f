import { labelsFromRecord } from '#core/model/index.ts';
import { parseExpr, type VectorSelector } from '#core/promql/syntax/index.ts';
import { bindQuery, prefill } from '#core/runbooks/index.ts';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const params = [
  { name: 'job', default: '' },
  { name: 'any', default: '.+' },
  { name: 'window', default: '5m' },
];
const bind = (query: string, values: Readonly<Record<string, string>>): string =>
  bindQuery(
    query,
    Object.entries(values).map(([name, value]) => ({ name, value })),
    params,
  );

test('values come from labels, then from the default', () => {
  expect(prefill(params, labelsFromRecord({ job: 'api', window: '1m', other: 'x' }))).toEqual([
    { name: 'job', value: 'api' },
    { name: 'any', value: '.+' },
    { name: 'window', value: '1m' },
  ]);
});

test.each([
  ['up{job="$job"}', { job: 'api' }, 'up{job="api"}'],
  ["up{job='${job}x'}", { job: 'o\'k"' }, "up{job='o\\'k\"x'}"],
  ['up{job="$job"}', { job: '"} or vector(1) #' }, 'up{job="\\"} or vector(1) #"}'],
  ['up{job="$job"}', { job: 'a\\' }, 'up{job="a\\\\"}'],
  ['up{job="$job"}', { job: 'a\nb\u0007' }, 'up{job="a\\nb\\u0007"}'],
  ['up{job=~"$job"}', { job: 'a.b|c' }, 'up{job=~"a\\\\.b\\\\|c"}'],
  ['up{job!~ "$job-.*"}', { job: '(x' }, 'up{job!~ "\\\\(x-.*"}'],
  ['up{job=~"$any"}', { any: '.+' }, 'up{job=~".+"}'],
  ['up{job=~"$any"}', { any: 'x.*' }, 'up{job=~"x\\\\.\\\\*"}'],
  ['rate(a[$window]) > $job', { window: '90s', job: '0.5' }, 'rate(a[90s]) > 0.5'],
  ['up{job=~"a$"} # $job "', {}, 'up{job=~"a$"} # $job "'],
  ['label_replace(up, "a", "$1", "b", "(.*)")', {}, 'label_replace(up, "a", "$1", "b", "(.*)")'],
  ['up{job="$$job"}', {}, 'up{job="$job"}'],
] as const)('%s with %o', (query, values, bound) => {
  expect(bind(query, values)).toBe(bound);
});

describe('refused', () => {
  test.each([
    ['up{job="$job"}', {}, '$job has no value'],
    ['rate(a[$window])', { window: '5m]) or vector(1' }, '$window stands outside quotes'],
    ['$job', { job: 'up' }, '$job stands outside quotes'],
    ['up{job=`$job`}', { job: 'x' }, '$job stands in a backquoted string'],
  ] as const)('%s with %o', (query, values, sentence) => {
    expect(() => bind(query, values)).toThrow(sentence);
  });
});

test('no value changes what a query asks: it stays one selector with one matcher, on that very value', () => {
  const nasty = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom('"', "'", '\\', '`', '$', '{', '}', '(', ')', '|', '.', '*', '\n', '#', 'j', 'o', 'b', '\ud800', '\u0085') }),
  );
  const quotes = fc.constantFrom('"', "'");
  fc.assert(
    fc.property(nasty, quotes, fc.boolean(), (value, quote, pattern) => {
      fc.pre(value !== '');
      const bound = bind(`up{job${pattern ? '=~' : '='}${quote}$job${quote}}`, { job: value });
      const { kind, matchers } = parseExpr(bound) as VectorSelector;
      expect(kind).toBe('selector');
      const job = matchers.find(({ name }) => name === 'job')!;
      expect(matchers).toHaveLength(2);
      if (pattern) expect(job.pattern!.matches(value.toWellFormed())).toBe(true);
      else expect(job.value).toBe(value.toWellFormed());
      if (pattern)
        for (const other of [`${value}x`, 'job', '', `a${value}`]) expect(job.pattern!.matches(other)).toBe(other === value.toWellFormed());
    }),
    { seed: 8, numRuns: 2000 },
  );
});
