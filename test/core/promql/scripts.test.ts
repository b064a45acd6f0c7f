import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
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
    ['no such eval', 'eval sometime a\n', 1, /cannot read eval sometime a; write eval instant at 5m QUERY/],
    ['step of 0', 'eval range from 0 to 1m step 0 a\n', 1, /step 0 is not above 0/],
    ['end before start', 'eval range from 1m to 0 step 1m a\n', 1, /the end 0 is before the start 1m/],
    ['no duration', 'load often\n  a 1\n', 1, /"often" is no duration/],
    ['no such expectation', 'eval instant at 0 a\n  expect nothing\n', 1, /line 2: cannot read "expect nothing"; what can be expected is fail, warn/],
    ['a text for what takes none', 'eval instant at 0 a\n  expect no_warn msg: x\n', 1, /line 2: expect no_warn takes no msg/],
    ['no text', 'eval instant at 0 a\n  expect fail msg:\n', 1, /line 2: expect fail msg: has no text/],
    ['a string without quotes', 'eval instant at 0 "a"\n  expect string a\n', 1, /line 2: a is no string in quotes/],
    ['an order of a range', 'eval range from 0 to 1m step 1m a\n  expect ordered\n', 1, /line 2: "expect ordered" is for instant queries only/],
    ['several values of an instant', 'load 1m\n  a 1\n\neval instant at 0 a\n  a 1 2\n', 4, /line 5: an instant query gives one value a series/],
    ['a lone number among series', 'eval instant at 0 1\n  1\n  {} 1\n', 1, /line 3: a lone number must be the only result/],
    ['a lone number of a range', 'eval range from 0 to 1m step 1m 1\n  1\n', 1, /line 2: a range query gives series/],
    ['a property that there is not', 'load 1m\n  h {{sume:1}}\n', 1, /line 2: a histogram has no "sume:1"; its properties are schema, sum/],
    ['a property twice', 'load 1m\n  h {{sum:1 sum:2}}\n', 1, /a histogram with sum twice/],
    ['a number that is none', 'load 1m\n  h {{sum:one}}\n', 1, /"one" in a histogram is no number/],
    ['a hint that there is not', 'load 1m\n  h {{counter_reset_hint:maybe}}\n', 1, /unknown, reset, not_reset, gauge, not "maybe"/],
    [
      'unlike histograms',
      'load 1m\n  h {{schema:1 count:1 buckets:[1]}}+{{schema:-53 count:1 custom_values:[1] buckets:[1]}}x2\n',
      1,
      /error combining histograms/,
    ],
    ['a series that is none', 'load 1m\n  a{b!="c"} 1\n', 1, /line 2: .*only = is allowed/],
  ];
  it.each(cases)('%s', async (_what, script, line, message) => {
    const report = await runScript(script, 'wrong.test');
    expect(report.failed).toBe(1);
    expect(report.failures[0]?.line).toBe(line);
    expect(report.failures[0]?.message).toMatch(message);
  });
});

test('every form of the language', async () => {
  const script = `
# Comments stand on lines of their own.
load_with_nhcb 30
  c_bucket{le="1"} 1 2
  c_bucket{le="+Inf"} 2 4

load 30s
  {"a.b", "l.m"="x"} _ 1+1x2 _x2 stale 1e3 -Inf +inf NaN 0x1 1_000 .5
  h {{schema:0 sum:1 count:3 z_bucket:1 z_bucket_w:0.1 offset:1 buckets:[1 1]}}+{{count:1 buckets:[1]}}x2 {{n_offset:-1 n_buckets:[2] count:2}} {{}}x1
  custom {{schema:-53 sum:5 count:4 custom_values:[5 10] buckets:[1 2 1] counter_reset_hint:gauge}}

clear
load 10s
  m{a="x"} 2-1x3
  m{a="y"} 1 1 1 1

eval instant m
  m{a="x"} 2
  m{a="y"} 1

eval instant at 20 sum(m)
  {} 1

eval instant at 10s sort(m)
  expect ordered
  expect no_warn
  expect no_info
  m{a="x"} 1
  m{a="y"} 1

eval_ordered instant at 0 sort(m)
  m{a="y"} 1
  m{a="x"} 2

eval instant at 10s m[20s]
  expect range vector from 0s to 10s step 10s
  m{a="x"} 2 1
  m{a="y"} 1 1

eval instant at 10s m[20s]
  expect range vector 0s to 10s step 10s
  m{a="x"} 2 1
  m{a="y"} 1 1

eval range from 0 to 30s step 10s m{a="x"}
  m{a="x"} 2-1x3

eval range from -10s to 10s step 10s m{a="x"}
  m{a="x"} _ 2 1

eval instant at 0 "a\\tb"
  expect string "a\tb"

eval instant at 0 'x'
  expect string \`x\`

eval instant at 0 1 + 1
  2

eval_fail instant at 0 m * on () m
  expected_fail_message found duplicate series for the match group {} on the right hand-side of the operation: [{__name__="m", a="x"}, {__name__="m", a="y"}];many-to-many matching not allowed: matching labels must be unique on one side

eval_fail range from 0 to 1m step 10s m * on () m
  expected_fail_regexp many-to-many .* unique

eval instant at 0 m * on () m
  expect fail regex: many-to-many

eval_info instant at 20s rate(m[20s])
  {a="x"} 0
  {a="y"} 0

eval instant at 20s rate(m{a="y"}[20s])
  expect info msg: PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "m" (1:6)
  {a="y"} 0

eval_warn instant at 0 quantile(2, m)
  {} +Inf
`;
  const { failures, passed } = await runScript(script, 'forms.test');
  expect(failures).toEqual([]);
  expect(passed).toBe(17);
});
