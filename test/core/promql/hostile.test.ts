import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { systemClock } from '../../../main/clock.ts';
import { EngineError, labelsFromRecord, type SeriesColumns } from '#core/model/index.ts';
import { evaluateInstant, evaluateRange, memorySource } from '#core/promql/index.ts';
import { Random } from './peer/random.ts';

const points = 960;
const stepMs = 15_000;
const timesMs = Float64Array.from({ length: points }, (_, i) => i * stepMs);
const series: SeriesColumns[] = Array.from({ length: 300 }, (_, i) => ({
  labels: labelsFromRecord({ __name__: 'x_total', instance: `host-${i}`, job: `job-${i % 3}`, text: `${'a'.repeat(40)}${i}!` }),
  timesMs,
  values: timesMs.map((_, k) => k * (i + 1)),
}));
const source = memorySource(series);

const times = (count: number, text: string): string => text.repeat(count);
const wrapped = (count: number, open: string, inner: string, close: string): string => times(count, open) + inner + times(count, close);

/** Queries that are made to take all there is: of stack, of time, of memory. `n` grows from 1. */
const shapes: readonly ((n: number, random: Random) => string)[] = [
  (n) => wrapped(40 * n, '(', 'x_total', ')'),
  (n) => `${times(400 * n, '-')}x_total`,
  (n) => `x_total${times(200 * n, ' + x_total')}`,
  (n) => `1${times(40 * n, '^1')}`,
  (n) => wrapped(30 * n, 'abs(', 'x_total', ')'),
  (n) => wrapped(10 * n, 'max_over_time(', 'x_total', '[1d:1s])'),
  (n) => `sum_over_time(rate(x_total[1d])[${n}y:1ms])`,
  (n) => `x_total * on () group_left () x_total ${times(n, '* on () group_left () x_total ')}`,
  (n) => `count_values("v", x_total) or count_values("w", x_total * ${n})`,
  (n) => `label_replace(x_total, "z", "$1", "text", "(a+)+${times(n, '(a+)+')}$")`,
  (n) => `{text=~"(a*)*${times(n, '(a*)*')}b"}`,
  (n) => `{text=~"${'a?'.repeat(50 * n)}${'a'.repeat(50 * n)}"}`,
  (n) => `{text=~"(a{1,1000}){1,${100 * n}}"}`,
  (n) => `topk(${'9'.repeat(30 * n)}, x_total)`,
  (n) => `sum by (${Array.from({ length: 500 * n }, (_, i) => `l${i}`).join(',')}) (x_total)`,
  (n) => `{${Array.from({ length: 200 * n }, (_, i) => `l${i}!="a"`).join(',')},text="b"}`,
  (n) => `quantile_over_time(0.5, x_total[${n}d:1s])`,
  (n) => `label_join(x_total, "z", "${'-'.repeat(500 * n)}"${times(100 * n, ', "text"')})`,
  (n) => `sort(x_total @ ${'8'.repeat(5 * n)})`,
  (n) => `x_total offset ${'9'.repeat(4 * n)}y`,
  (n) => `"${'\\'.repeat(n)}`,
  (n) => times(100 * n, '{'),
  (n) => times(100 * n, 'sum('),
  (n) => `x_total[${wrapped(20 * n, '(', '5m', ')')}]`,
  (n, random) => Array.from({ length: 200 * n }, () => String.fromCodePoint(random.below(0x1_1000))).join(''),
];

/** Each is run with these; a query over them ends with an error that says so. */
const limits = { durationMs: 200, samplesMax: 2_000_000 };

test('500 hostile queries end within their limits, each with an answer or a sentence', async () => {
  const random = new Random(9);
  const options = { limits, clock: systemClock, breathe: () => setImmediate() };
  const range = { startMs: 0, endMs: (points - 1) * stepMs, stepMs };
  const ends = new Map<string, number>();
  let longestMs = 0;
  for (let i = 0; i < 500; i++) {
    const query = shapes[i % shapes.length]!(1 + Math.floor(i / shapes.length / 2), random);
    const before = process.cpuUsage();
    const end = await (i % 2 === 0 ? evaluateRange(source, query, range, options) : evaluateInstant(source, query, 3_600_000, options)).then(
      () => 'answered',
      (error: unknown) => {
        if (!(error instanceof EngineError)) throw new Error(`${query.slice(0, 200)}: ${String(error)}`);
        expect(error.message.length, query.slice(0, 100)).toBeLessThan(20_000);
        return error.code;
      },
    );
    const { user, system } = process.cpuUsage(before);
    longestMs = Math.max(longestMs, (user + system) / 1000);
    ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  expect([...ends.keys()].sort()).toEqual(['answered', 'invalid', 'limit', 'timeout']);
  expect(ends.get('answered')).toBeGreaterThan(50);
  expect(longestMs).toBeLessThan(1_000);
}, 120_000);
