import { describe, expect, test } from 'vitest';
import { formatSeconds, JsonBytes } from '#core/api/json.ts';

const text = (out: JsonBytes): string => new TextDecoder().decode(out.done());

describe('JSON of the API', () => {
  test.each([
    [0, '0'],
    [1_700_000_000_000, '1700000000'],
    [1_700_000_000_120, '1700000000.12'],
    [1_700_000_000_007, '1700000000.007'],
    [-1500, '-1.5'],
    [-7, '-0.007'],
  ])('%d ms is %s s', (ms, seconds) => expect(formatSeconds(ms)).toBe(seconds));

  test('grows over its first buffer, and text of any language stays itself', () => {
    const out = new JsonBytes().ascii('[');
    for (let i = 0; i < 2000; i++) out.sample('1.5', i).ascii(',');
    out.json({ city: 'Zürich ☃ 𝄞' }).ascii(']');
    const parsed = JSON.parse(text(out)) as unknown[];
    expect(parsed.length).toBe(2001);
    expect(parsed[1999]).toEqual([1.5, '1999']);
    expect(parsed[2000]).toEqual({ city: 'Zürich ☃ 𝄞' });
  });
});
