import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EngineError } from '#core/model/index.ts';
import { durationMs, functionNames, functionSignature, parseExpr, parseMatchers, printExpr, typeOf } from '#core/promql/syntax/index.ts';
import { sharedData } from '../../support/shared-data.ts';
import { QueryMaker } from './peer/queries.ts';

function errorOf(text: string): EngineError {
  try {
    parseExpr(text);
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
  throw new Error(`${text} parsed`);
}

describe('errors name the place and, where possible, the mend', () => {
  test.each([
    ['rate(foo)', '1:6: parse error: expected type range vector in call to function "rate", got instant vector; write rate(foo[5m])'],
    ['absent(1)', '1:8: parse error: expected type instant vector in call to function "absent", got scalar; write absent(vector(1))'],
    ['clamp_max(a, b)', '1:14: parse error: expected type scalar in call to function "clamp_max", got instant vector; write clamp_max(a, scalar(b))'],
    ['1 == 2', '1:1: parse error: comparisons between scalars must use BOOL modifier; write 1 == bool 2'],
    ['rat(x[5m])', '1:1: parse error: unknown function with name "rat"; write rate'],
    ['RATE(x[5m])', '1:1: parse error: unknown function with name "RATE"; write rate'],
    ['histogram_quantil(1, x)', '1:1: parse error: unknown function with name "histogram_quantil"; write histogram_quantile'],
    ['f(x)', '1:1: parse error: unknown function with name "f"'],
    ['foo{a="b"', '1:10: parse error: unexpected end of input in label matching, expected "," or "}"'],
    ['foo{a="b";}', '1:10: parse error: unexpected character: ";"'],
    ['ab{"c d"}', '1:1: parse error: metric name must not be set twice: "ab" or "c d"'],
    ['foo{a=~"("}', '1:8: parse error: bad regular expression "(": missing closing ): `(?s)(`'],
    ['{}', '1:1: parse error: vector selector must contain at least one non-empty matcher'],
    ['foo[0s]', '1:5: parse error: duration must be greater than 0'],
    ['foo[1e100]', '1:5: parse error: duration out of range'],
    ['foo[NaN]', '1:5: parse error: duration out of range'],
    ['foo[5m / 0]', '1:5: parse error: division by zero'],
    ['foo offset 300y', '1:12: parse error: duration out of range'],
    ['foo[5x]', '1:5: parse error: bad number or duration syntax: "5x"'],
    ['0x', '1:1: parse error: bad number or duration syntax: "0x"'],
    ['a\n+\n  rate(b)', '3:8: parse error: expected type range vector in call to function "rate", got instant vector; write rate(b[5m])'],
    ['"ä" + a)', '1:9: parse error: unexpected ")" after the expression'],
    ['a and 1', '1:1: parse error: set operator "and" not allowed in binary scalar expression'],
    ['a and on() group_left b', '1:1: parse error: no grouping allowed for "and" operation'],
    ['', '1:1: parse error: no expression found in input'],
    ['"\\q"', '1:1: parse error: invalid escape in the string "\\q"'],
  ])('%s', (text, message) => {
    const error = errorOf(text);
    expect(error.message).toBe(message);
    expect(error.code).toBe('invalid');
    expect(error.place!.from).toBeLessThanOrEqual(text.length);
  });

  test('the place is in characters of the text', () => {
    expect(errorOf('sum(up) + rat(x[5m])').place).toEqual({ from: 10, to: 13 });
  });
});

describe('limits', () => {
  test.each([
    ['bytes', `foo${' '.repeat(16 * 1024)}`],
    ['nodes', `1${'+1'.repeat(1_000)}`],
    ['depth', `${'('.repeat(101)}1${')'.repeat(101)}`],
    ['depth of signs', `${'-'.repeat(20_000 / 2)}1`],
  ])('%s', (_what, text) => {
    expect(errorOf(text).code).toBe('limit');
  });

  test('just below them it parses', () => {
    expect(parseExpr(`foo${' '.repeat(16 * 1024 - 3)}`).kind).toBe('selector');
    expect(typeOf(parseExpr(`${'('.repeat(95)}1${')'.repeat(95)}`))).toBe('scalar');
  });
});

test.each([
  ['0x1F', 31],
  ['1_000', 1000],
  ['017', 15],
  ['09', 9],
  ['1.', 1],
  ['.5e-3', 0.0005],
  ['1h30m', 5400],
  ['iNf', Infinity],
  ['NAN', Number.NaN],
])('the number %s', (text, value) => {
  expect(parseExpr(text)).toMatchObject({ kind: 'number', value });
});

test.each([
  ['"\\u00e4\\x41\\101\\n"', 'äAA\n'],
  ["'\\''", "'"],
  ['`\\n`', '\\n'],
])('the string %s', (text, value) => {
  expect(parseExpr(text)).toMatchObject({ kind: 'string', value });
});

test.each([
  ['5m', 300_000],
  ['step() * 3', 45_000],
  ['max_of(step(), 1m)', 60_000],
  ['range() / 2 + 500ms', 1_800_500],
  ['2 ^ 3 * -(1 - 2)', 8_000],
  ['7 % 4', 3_000],
])('the duration %s', (text, ms) => {
  const expr = parseExpr(`foo[${text}]`);
  expect(expr.kind === 'matrix' && durationMs(expr.range, { stepMs: 15_000, rangeMs: 3_600_000 })).toBe(ms);
});

describe('precedence', () => {
  test.each([
    ['1 + 2 * 3 ^ 2 ^ 2', '1 + (2 * (3 ^ (2 ^ 2)))'],
    ['-2 ^ 2', '-(2 ^ 2)'],
    ['a or b and c unless d', 'a or ((b and c) unless d)'],
    ['a == b + c', 'a == (b + c)'],
    ['a - b - c', '(a - b) - c'],
    ['a * b atan2 c', '(a * b) atan2 c'],
  ])('%s', (text, grouped) => {
    const shape = (query: string): string =>
      JSON.stringify(parseExpr(query), (key, value: unknown) => (key === 'place' ? undefined : isParen(value) ? value.expr : value));
    expect(shape(text)).toBe(shape(grouped));
  });
});

function isParen(value: unknown): value is { readonly kind: 'paren'; readonly expr: unknown } {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'paren';
}

describe('what is printed reads the same again', () => {
  const twice = (text: string): readonly string[] => {
    const once = printExpr(parseExpr(text));
    return [once, printExpr(parseExpr(once))];
  };

  test('expressions of the scripts', () => {
    const folder = sharedData('promql/promqltest/testdata');
    const lines = readdirSync(folder).flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'));
    const exprs = lines.flatMap((line) => /^eval (?:instant at \S+|range from \S+ to \S+ step \S+) (.*)$/.exec(line)?.[1] ?? []);
    let read = 0;
    for (const text of exprs) {
      if (refused(text)) continue;
      const [a, b] = twice(text);
      expect(b).toBe(a);
      read++;
    }
    expect(read).toBeGreaterThan(1_500);
  });

  test('random expressions', () => {
    const maker = new QueryMaker(11);
    for (let i = 0; i < 500; i++) {
      const [a, b] = twice(maker.query());
      expect(b).toBe(a);
    }
  });

  test.each([
    'foo{a="b",c!~"d.*"} offset -5m',
    '{"my.metric","a.label"="b"}',
    'sum by (a, "b.c") (rate(foo[5m] @ 100.000))',
    'a + on (x) group_left ("y z") b',
    'a + fill_left (0) b',
    'foo[5m:]',
    'foo[step() * 2:30s] @ end()',
    'foo[5m] anchored',
    '-(1 + 2)',
  ])('%s', (text) => {
    expect(new Set(twice(text)).size).toBe(1);
  });
});

function refused(text: string): boolean {
  try {
    parseExpr(text);
    return false;
  } catch (error) {
    return error instanceof EngineError;
  }
}

test('matchers by themselves', () => {
  expect(parseMatchers('up{job=~"a|b"}').map(({ name, op, value }) => [name, op, value])).toEqual([
    ['__name__', '=', 'up'],
    ['job', '=~', 'a|b'],
  ]);
});

test('functions are known by name', () => {
  expect(functionNames).toContain('quantile_over_time');
  expect(functionSignature('rate')).toMatchObject({ args: ['matrix'], returns: 'vector' });
  expect(functionSignature('Rate')).toBeUndefined();
});
