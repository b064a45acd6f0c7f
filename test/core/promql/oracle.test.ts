import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { labelsFromRecord, labelsKey, type SeriesColumns } from '#core/model/index.ts';
import { evaluateInstant, evaluateRange, memorySource, parseLabels } from '#core/promql/index.ts';
import { sharedData } from '../../support/shared-data.ts';
import { distance, parseValue } from './peer/doubles.ts';

/**
 * 576 answers of a Prometheus 2.42 on real blocks. It differs from 3.x, and so from this, in two ways: a window had its
 * left edge in it, which shows where the steps of a subquery fall on that edge; and avg_over_time carried a running mean
 * along, with an error of some last bits, where 3.x divides a compensated sum.
 */
interface OracleAnswer {
  readonly query: string;
  readonly type: 'instant' | 'range';
  readonly time: number;
  readonly start: number;
  readonly end: number;
  readonly step: number;
  readonly status: 'success' | 'error';
  readonly resultType: string;
  readonly result: readonly OracleSeries[] | readonly [number, string];
}

interface OracleSeries {
  readonly metric: Record<string, string>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

type Point = readonly [timeMs: number, value: number];

const linesOf = (name: string): string[] =>
  gunzipSync(readFileSync(sharedData('promql', 'oracle-real-tsdb', name)))
    .toString()
    .trim()
    .split('\n');

/** Lines of `promtool tsdb dump`: labels, value, Unix ms. */
function readDump(): SeriesColumns[] {
  const points = new Map<string, Point[]>();
  for (const line of linesOf('give-dump.txt.gz')) {
    const end = line.lastIndexOf('} ') + 1;
    const [value = '', timeMs = ''] = line.slice(end + 1).split(' ');
    const key = line.slice(0, end);
    const known = points.get(key) ?? [];
    if (known.length === 0) points.set(key, known);
    known.push([Number(timeMs), parseValue(value)]);
  }
  return [...points].map(([labels, list]) => ({
    labels: parseLabels(labels),
    timesMs: Float64Array.from(list, ([timeMs]) => timeMs),
    values: Float64Array.from(list, ([, value]) => value),
  }));
}

const toPoint = ([seconds, text]: readonly [number, string]): Point => [Math.round(seconds * 1000), parseValue(text)];

function theirs({ resultType, result }: OracleAnswer): Map<string, Point[]> {
  if (resultType === 'scalar') return new Map([['', [toPoint(result as [number, string])]]]);
  return new Map(
    (result as readonly OracleSeries[]).map(({ metric, value, values }) => [
      labelsKey(labelsFromRecord(metric)),
      (values ?? (value === undefined ? [] : [value])).map(toPoint),
    ]),
  );
}

const source = memorySource(readDump());

async function ours({ type, time, start, end, step }: OracleAnswer, query: string): Promise<Map<string, Point[]>> {
  const columns = ({ labels, timesMs, values }: SeriesColumns): [string, Point[]] => [
    labelsKey(labels),
    Array.from(timesMs, (timeMs, i) => [timeMs, values[i]!]),
  ];
  if (type === 'range') {
    const { series } = await evaluateRange(source, query, { startMs: start * 1000, endMs: end * 1000, stepMs: step * 1000 });
    return new Map(series.map(columns));
  }
  const result = await evaluateInstant(source, query, time * 1000);
  if (result.type === 'matrix') return new Map(result.series.map(columns));
  if (result.type === 'vector') return new Map(result.samples.map(({ labels, timeMs, value }) => [labelsKey(labels), [[timeMs, value]]]));
  return new Map([['', [[result.timeMs, result.type === 'scalar' ? result.value : Number.NaN]]]]);
}

type Equal = (a: number, b: number) => boolean;
const toLastTwoBits: Equal = (a, b) => distance(a, b) <= 3;
const toTenDigits: Equal = (a, b) => distance(a, b) === 0 || Math.abs(a - b) <= 1e-10 * Math.abs(a);

function difference(a: ReadonlyMap<string, readonly Point[]>, b: ReadonlyMap<string, readonly Point[]>, equal: Equal): string | undefined {
  if (a.size !== b.size) return `${a.size} series, ours ${b.size}`;
  for (const [key, points] of a) {
    const other = b.get(key);
    if (other?.length !== points.length) return `${key}: ${points.length} points, ours ${other?.length}`;
    const at = points.findIndex(([timeMs, value], i) => other[i]![0] !== timeMs || !equal(value, other[i]![1]));
    if (at >= 0) return `${key}: ${points[at]!.join(' ')}, ours ${other[at]!.join(' ')}`;
  }
  return undefined;
}

/** A subquery whose window is longer by a millisecond, so that what lies on its left edge is in it. */
const withLeftEdge = (query: string): string => query.replace(/\[(\w+):/, '[$11ms:');

describe('answers of a real Prometheus 2.42', () => {
  const answers = linesOf('give-oracle.jsonl.gz').map((line) => JSON.parse(line) as OracleAnswer);

  test('errors are errors here too', async () => {
    const refused = answers.filter(({ status }) => status === 'error');
    expect(refused).toHaveLength(14);
    for (const answer of refused) await expect(ours(answer, answer.query), answer.query).rejects.toThrow();
  });

  test('all others are equal to the last two bits, but for what is named', async () => {
    const onEdge = new Set<string>();
    for (const answer of answers.filter(({ status }) => status === 'success')) {
      const { query } = answer;
      const expected = theirs(answer);
      const equal = query.startsWith('avg_over_time') ? toTenDigits : toLastTwoBits;
      const what = difference(expected, await ours(answer, query), equal);
      if (what === undefined) continue;
      expect(query, what).toMatch(/\[\w+:/);
      expect(difference(expected, await ours(answer, withLeftEdge(query)), equal), query).toBeUndefined();
      onEdge.add(query);
    }
    expect([...onEdge].sort()).toEqual([
      'avg_over_time(deriv(go_goroutines[2m])[10m:30s])',
      'avg_over_time(deriv(go_memory_classes_heap_objects_bytes[2m])[10m:30s])',
      'max_over_time((go_goroutines)[10m:1m])',
      'max_over_time((scrape_duration_seconds)[10m:1m])',
    ]);
  });
});
