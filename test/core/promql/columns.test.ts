import { expect, test } from 'vitest';
import { EngineError, labelsKey, type Histogram } from '#core/model/index.ts';
import { evaluateInstant, evaluateRange, formatHistogram, memorySource } from '#core/promql/index.ts';
import { dataStartMs, randomSeries } from './peer/data.ts';
import { QueryMaker } from './peer/queries.ts';

const source = memorySource(randomSeries(3));
const range = { startMs: dataStartMs + 1_200_000, endMs: dataStartMs + 1_200_000 + 8 * 45_000, stepMs: 45_000 };
const textOf = (value: number, histogram: Histogram | undefined): string => (histogram === undefined ? String(value) : formatHistogram(histogram));

/** Value by series and time; undefined when the query is refused. */
async function acrossRange(query: string): Promise<Map<string, string> | undefined> {
  try {
    const { series } = await evaluateRange(source, query, range);
    return new Map(
      series.flatMap(({ labels, timesMs, values, histograms }) =>
        Array.from(timesMs, (timeMs, i) => [`${labelsKey(labels)} ${timeMs}`, textOf(values[i]!, histograms?.[i])] as const),
      ),
    );
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}

async function stepByStep(query: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (let atMs = range.startMs; atMs <= range.endMs; atMs += range.stepMs) {
    const result = await evaluateInstant(source, query, atMs);
    if (result.type === 'scalar') found.set(`${labelsKey([])} ${atMs}`, String(result.value));
    if (result.type !== 'vector') continue;
    for (const { labels, value, histogram } of result.samples) found.set(`${labelsKey(labels)} ${atMs}`, textOf(value, histogram));
  }
  return found;
}

/** What stands for another instant, or another order of adding up, in a range query than in an instant one. */
const timely = /start\(\)|end\(\)|step\(\)|range\(\)|limit|sort/;

test('a range query gives at each step what an instant query gives there', async () => {
  const maker = new QueryMaker(21);
  let compared = 0;
  while (compared < 300) {
    const query = maker.query();
    if (timely.test(query)) continue;
    const whole = await acrossRange(query);
    if (whole === undefined || whole.size === 0) continue;
    const steps = await stepByStep(query);
    expect(Object.fromEntries(whole), query).toEqual(Object.fromEntries(steps));
    compared++;
  }
});
