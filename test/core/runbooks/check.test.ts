import { labelsFromRecord, type RunbookCheck } from '#core/model/index.ts';
import { formatAmount, judge } from '#core/runbooks/index.ts';
import { expect, test } from 'vitest';

const check: RunbookCheck = { what: 'cache hit rate', query: 'q', expect: { op: '>', value: 0.9 }, of: 'all', empty: 'unknown', unit: 'ratio' };
const samples = (...values: readonly number[]) => values.map((value, i) => ({ value, labels: labelsFromRecord({ shard: String(i) }) }));

test.each([
  ['all hold', {}, [0.95, 0.99], 'pass', 0.95, 'cache hit rate 95 %, expected > 90 % (all 2 hold, the nearest to failing is {shard="0"})'],
  ['one does not', {}, [0.95, 0.41], 'fail', 0.41, 'cache hit rate 41 %, expected > 90 % (1 of 2 hold, the worst is {shard="1"})'],
  ['on the border of >', {}, [0.9], 'fail', 0.9, 'cache hit rate 90 %, expected > 90 %'],
  ['any holds', { of: 'any' }, [0.2, 0.95], 'pass', 0.95, 'cache hit rate 95 %, expected > 90 % (1 of 2 hold, the best is {shard="1"})'],
  ['none holds', { of: 'any' }, [0.2, 0.3], 'fail', 0.3, 'cache hit rate 30 %, expected > 90 % (0 of 2 hold, the best is {shard="1"})'],
  ['nothing', {}, [], 'unknown', undefined, 'no data for cache hit rate; it takes a person to say'],
  ['nothing, taken as a pass', { empty: 'pass' }, [], 'pass', undefined, 'no data for cache hit rate; the runbook takes that as a pass'],
  [
    'only 0/0',
    { empty: 'fail' },
    [Number.NaN],
    'fail',
    undefined,
    'no data for cache hit rate (1 samples are not a number); the runbook takes that as a fail',
  ],
  ['some 0/0', {}, [Number.NaN, 0.95], 'pass', 0.95, 'cache hit rate 95 %, expected > 90 %; 1 of 2 samples are not a number and were left out'],
  ['<', { expect: { op: '<', value: 1 }, unit: '' }, [2, 0.5], 'fail', 2, 'cache hit rate 2, expected < 1 (1 of 2 hold, the worst is {shard="0"})'],
  ['==', { expect: { op: '==', value: 1 }, unit: '' }, [1, 0], 'fail', 0, 'cache hit rate 0, expected == 1 (1 of 2 hold, the worst is {shard="1"})'],
  ['!=', { expect: { op: '!=', value: 0 }, unit: '' }, [5, 0], 'fail', 0, 'cache hit rate 0, expected != 0 (1 of 2 hold, the worst is {shard="1"})'],
  ['infinite', { expect: { op: '<', value: 1 }, unit: '' }, [Number.POSITIVE_INFINITY], 'fail', undefined, 'cache hit rate +Inf, expected < 1'],
] as const)('%s', (_, change, values, state, value, sentence) => {
  const judged = judge({ ...check, ...change }, 'up', samples(...values), 1_000);
  expect(judged).toMatchObject({ state, evidence: { query: 'up', atMs: 1_000, value, sentence } });
});

test('a native histogram is no number', () => {
  const histogram = {
    schema: 0,
    resetHint: 'gauge',
    count: 1,
    sum: 1,
    zeroThreshold: 0,
    zeroCount: 0,
    positiveSpans: [],
    positive: [],
    negativeSpans: [],
    negative: [],
    bounds: [],
  } as const;
  expect(judge({ ...check, expect: { op: '<', value: 1 } }, 'up', [{ labels: [], value: 0, histogram }], 0)).toMatchObject({
    state: 'unknown',
    evidence: { sampleCount: 0 },
  });
});

test.each([
  [0.00123, 'ratio', '0.123 %'],
  [0.0421, 'seconds', '42.1 ms'],
  [0.0000021, 'seconds', '2.1 µs'],
  [0, 'seconds', '0 s'],
  [90, 'seconds', '90 s'],
  [3661, 'seconds', '1h1m1s'],
  [1536, 'bytes', '1.5 KiB'],
  [0, 'bytes', '0 B'],
  [0.5, 'bytes', '0.5 B'],
  [123456, 'messages', '123456 messages'],
  [-2.5, '', '-2.5'],
] as const)('%d %s reads %s', (value, unit, text) => {
  expect(formatAmount(value, unit)).toBe(text);
});
