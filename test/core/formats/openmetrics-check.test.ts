import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { checkOpenMetrics } from '#core/formats/index.ts';
import { readShared, sharedData } from '../../support/shared-data.ts';

const suite = 'metrics/openmetrics-parsers';
const check = (text: string): string[] => checkOpenMetrics(Buffer.from(text)).map(({ line, reason }) => `${line}: ${reason}`);

describe('checkOpenMetrics', () => {
  test.each(readdirSync(sharedData(suite)))('the parser suite: %s', (name) => {
    const { shouldParse } = JSON.parse(readShared(suite, name, 'test.json').toString()) as { shouldParse: boolean };
    expect(checkOpenMetrics(readShared(suite, name, 'metrics')).length === 0).toBe(shouldParse);
  });

  test('says where and why, and goes on', () => {
    expect(check('# TYPE a counter\na_total -1\nb{x="1",x="2"} 1\n\nc 1 z\n')).toEqual([
      '2: a_total is not below 0',
      '3: the label x stands twice',
      '4: the line is blank',
      '5: a time in seconds is expected after the value',
      '5: the page does not end with # EOF',
    ]);
  });

  /** Rules of the specification that the suite above does not reach. */
  test.each([
    ['# TYPE a gaugehistogram\na_bucket{le="-1"} 1\na_bucket{le="+Inf"} 3\na_gcount 3\na_gsum -5\n# EOF\n', 0],
    ['# TYPE a histogram\na_bucket{le="+Inf"} 3\na_count 3\na_sum 2\na_created 123.456\n# EOF\n', 0],
    ['# TYPE a histogram\na_bucket{le="+Inf"} 0\na_sum 0\n# EOF\n', 1],
    ['# TYPE a histogram\na_count 1\na_sum 1\na_bucket{le="+Inf"} 0\n# EOF\n', 1],
    ['# TYPE a stateset\na{a="on"} 1\na{a="off"} 0\n# EOF\n', 0],
    ['# TYPE a stateset\na{b="on"} 1\n# EOF\n', 1],
    ['# TYPE a summary\na{quantile="1.01"} 0\n# EOF\n', 1],
    ['# TYPE a counter\na_total{x="1"} 1\na_total{x="2"} 1\na_total{x="1"} 2\n# EOF\n', 1],
    ['# TYPE a counter\na_total 1 12345678901234567890.1234567890\n# EOF\n', 0],
    ['# TYPE a counter\n# TYPE a counter\na_total 1\n# EOF\n', 1],
    ['# TYPE a counter\na_total 1\n# TYPE a_created gauge\n# EOF\n', 1],
    ['# TYPE a_seconds counter\n# UNIT a_seconds seconds\na_seconds_total 1\n# EOF\n', 0],
    ['# TYPE a_s stateset\n# UNIT a_s s\n# EOF\n', 1],
    ['a 1\n# EOFblah\n', 2],
    ['a{} 1\n# EOF', 0],
    ['a{a} 1\n# EOF', 1],
    ['a{a="1"b="2"} 1\n# EOF', 1],
    ['a{a="1",,b="2"} 1\n# EOF', 1],
    ['a{,} 1\n# EOF', 1],
    ['a  1\n# EOF', 1],
    ['a 1 +Inf\n# EOF', 1],
    ['a 1 1.5e3\n# EOF', 0],
    ['# TYPE a counter\na_total 1 # {} 0x1p-3\n# EOF', 1],
    ['# TYPE a counter\na_total 1 # {}1\n# EOF', 1],
    ['# TYPE a info\na_info{x="1"} 1\na_info{x="2"} 1 3\n# EOF', 1],
  ])('%j has %i problems', (text, problemCount) => {
    expect(check(text)).toHaveLength(problemCount);
  });
});
