import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runScript } from '#core/promql/index.ts';
import { sharedData } from '../../support/shared-data.ts';

const folder = sharedData('promql/promqltest/testdata');

describe("Prometheus' own scripts", () => {
  for (const name of readdirSync(folder)) {
    it(name, async () => {
      const text = readFileSync(join(folder, name), 'utf8');
      const report = await runScript(text, name);
      expect(report.failures).toEqual([]);
      expect(report.passed).toBe(text.split('\n').filter((line) => line.trim().startsWith('eval')).length);
    });
  }
});

describe('a script that is wrong', () => {
  const cases: readonly (readonly [what: string, script: string, line: number, message: RegExp])[] = [
    ['value', 'load 1m\n  a 1\n\neval instant at 0 a\n  a 2\n', 4, /expected 2 for a but got 1/],
    ['missing series', 'eval instant at 0 a\n  a 2\n', 1, /expected metric a with 2 not found/],
    ['unexpected series', 'load 1m\n  a 1\n\neval instant at 0 a\n', 4, /unexpected metric a/],
    ['no failure', 'eval instant at 0 1\n  expect fail\n', 1, /to fail, but it did not/],
    ['other failure', 'eval instant at 0 topk(NaN, a)\n  expect fail msg: something\n', 1, /Parameter value is NaN/],
    ['missing warning', 'eval instant at 0 vector(1)\n  expect warn\n  {} 1\n', 1, /expected warn/],
    ['order', 'load 1m\n  a 2\n  b 1\n\neval instant at 0 sort({__name__=~".+"})\n  expect ordered\n  a 2\n  b 1\n', 5, /position/],
    ['points', 'load 1m\n  a 1x2\n\neval range from 0 to 2m step 1m a\n  a 1 1 2\n', 4, /expected points for a/],
    ['bad points', 'load 1m\n  a 1 two\n', 1, /cannot read the points from "two"/],
    ['no such command', 'evaluate this\n', 1, /no such command/],
  ];
  it.each(cases)('%s', async (_what, script, line, message) => {
    const report = await runScript(script, 'wrong.test');
    expect(report.failed).toBe(1);
    expect(report.failures[0]?.line).toBe(line);
    expect(report.failures[0]?.message).toMatch(message);
  });
});
