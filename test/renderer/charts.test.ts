import { describe, expect, test } from 'vitest';
import { labelsFromRecord } from '#core/model/index.ts';
import { timeOption, type Drawing } from '../../renderer/charts/option.ts';
import { pickSeries } from '../../renderer/charts/pick.ts';
import {
  hasLonePoints,
  linePath,
  plotAxis,
  pointAt,
  pointsWithGaps,
  stackedPoints,
  summarise,
  type Plot,
  type PlotSeries,
} from '../../renderer/charts/plot.ts';
import { timeTicks, valueAxis, valueTicks } from '../../renderer/charts/scale.ts';
import { distinctNames, plotSeries } from '../../renderer/charts/series.ts';

const series = (times: readonly number[], values: readonly number[], name = 'a'): PlotSeries => ({
  labels: [],
  name,
  timesMs: Float64Array.from(times),
  values: Float64Array.from(values),
});
const plot = (part: Partial<Plot>): Plot => ({ series: [], startMs: 0, endMs: 60_000, stepMs: 1_000, unit: 'none', ...part });

describe('a line', () => {
  test('has a hole where nothing was known for more than a step and a half', () => {
    expect([...pointsWithGaps(series([0, 1_000, 5_000, 6_400], [1, 2, 3, 4]), 1_000)]).toEqual([
      0,
      1,
      1_000,
      2,
      2_000,
      Number.NaN,
      5_000,
      3,
      6_400,
      4,
    ]);
  });
  test('as a path begins anew after a gap', () => {
    const points = pointsWithGaps(series([0, 1_000, 5_000, 6_000], [1, 2, 3, 4]), 1_000);
    expect(
      linePath(
        points,
        (ms) => ms / 100,
        (value) => -value,
      ),
    ).toBe('M0.0 -1.0L10.0 -2.0M50.0 -3.0L60.0 -4.0');
  });
  test('in a stack stands on the row of times that all share', () => {
    const [first, second] = stackedPoints([series([0, 1_000, 2_000], [1, 2, 3]), series([1_000, 9_000], [5, 6])], 1_000);
    expect([...first!]).toEqual([0, 1, 1_000, 2, 2_000, 3, 3_000, Number.NaN, 9_000, Number.NaN]);
    expect([...second!]).toEqual([0, Number.NaN, 1_000, 5, 2_000, Number.NaN, 3_000, Number.NaN, 9_000, 6]);
  });
  test('shows dots when a point has no neighbour', () => {
    expect(hasLonePoints(series([0, 1_000, 5_000], [1, 2, 3]), 1_000)).toBe(true);
    expect(hasLonePoints(series([0, 1_000], [1, 2]), 1_000)).toBe(false);
    expect(hasLonePoints(series([0, 1_000], [1, Number.NaN]), 1_000)).toBe(true);
  });
  test('is read at the nearest point within reach', () => {
    const line = series([0, 1_000, 10_000], [1, 2, Number.NaN]);
    expect([
      pointAt(line, 400, 1_000),
      pointAt(line, 600, 1_000),
      pointAt(line, 2_400, 1_000),
      pointAt(line, 2_600, 1_000),
      pointAt(line, 10_000, 1_000),
    ]).toEqual([0, 1, 1, undefined, undefined]);
    expect(pointAt(series([], []), 0, 1_000)).toBeUndefined();
  });
  test('is summed up without its gaps', () => {
    expect(summarise(Float64Array.from([Number.NaN, 1, 3, Number.NaN]))).toEqual({ last: 3, min: 1, max: 3, mean: 2 });
    expect(summarise(new Float64Array()).mean).toBeNaN();
  });
});

describe('axes', () => {
  test.each([
    [0, 0.23, 5, { min: 0, max: 0.25, step: 0.05 }],
    [3, 97, 5, { min: 0, max: 100, step: 20 }],
    [-4, 9, 4, { min: -5, max: 10, step: 5 }],
  ])('%d to %d', (low, high, count, axis) => {
    const made = valueAxis(low, high, count);
    expect(made.min).toBeCloseTo(axis.min);
    expect(made.max).toBeCloseTo(axis.max);
    expect(made.step).toBeCloseTo(axis.step);
  });
  test('hold a constant, nothing, and bytes', () => {
    expect(valueTicks(valueAxis(0, 0, 4)).at(-1)).toBeGreaterThan(0);
    expect(valueAxis(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 4)).toEqual({ min: 0, max: 1, step: 0.5 });
    expect(valueAxis(0, 3 * 2 ** 30, 3, true).step).toBe(2 ** 30);
  });
  test('keep a threshold in sight, but not one far away', () => {
    const lines = [series([0, 1_000], [0.01, 0.04])];
    expect(plotAxis(plot({ series: lines, thresholds: [{ value: 0.1, name: 't', tone: 'bad' }] }), 200).max).toBeGreaterThanOrEqual(0.1);
    expect(plotAxis(plot({ series: lines, thresholds: [{ value: 1e6, name: 't', tone: 'bad' }] }), 200).max).toBeLessThan(1);
  });
  test('show zeros under their threshold, and never what cannot be', () => {
    const zeros = [series([0, 1_000], [0, 0])];
    expect(plotAxis(plot({ series: zeros, thresholds: [{ value: 0.05, name: 't', tone: 'warn' }] }), 200)).toMatchObject({ min: 0, max: 0.06 });
    expect(plotAxis(plot({ series: zeros }), 200).min).toBe(0);
  });
  test('begin at zero when values are near it', () => {
    expect(plotAxis(plot({ series: [series([0], [1]), series([0], [9])] }), 200).min).toBe(0);
    expect(plotAxis(plot({ series: [series([0], [100]), series([0], [101])] }), 200).min).toBeGreaterThan(90);
  });
  test('stacked lines add up', () => {
    expect(plotAxis(plot({ stacked: true, series: [series([0], [4]), series([0], [5])] }), 200).max).toBeGreaterThanOrEqual(9);
  });
  test('time ticks are round, and a day says its date', () => {
    const startMs = Date.UTC(2026, 10, 20, 22, 40);
    expect(timeTicks(startMs, startMs + 3 * 3_600_000, 600, 'utc').map((tick) => tick.text)).toEqual([
      '23:00',
      '23:30',
      '11-21',
      '00:30',
      '01:00',
      '01:30',
    ]);
  });

  test('ranges of years have few ticks, at the beginnings of months or years', () => {
    const of = (from: number, to: number): string[] => timeTicks(from, to, 600, 'utc').map((tick) => tick.text);
    expect(of(Date.UTC(1970, 0), Date.UTC(2026, 10))).toEqual(['1970', '1980', '1990', '2000', '2010', '2020']);
    expect(of(Date.UTC(2025, 0, 15), Date.UTC(2026, 5, 15))).toEqual(['2025-04', '2025-07', '2025-10', '2026-01', '2026-04']);
  });
});

describe('names', () => {
  const names = (...records: Record<string, string>[]): string[] => distinctNames(records.map(labelsFromRecord));
  test('say what tells apart', () => {
    expect(names({ __name__: 'up', job: 'a', zone: 'z' }, { __name__: 'up', job: 'b', zone: 'z' })).toEqual(['a', 'b']);
    expect(names({ __name__: 'up', job: 'a' }, { __name__: 'down', job: 'a' })).toEqual(['up', 'down']);
    expect(names({ job: 'a', code: '1' }, { job: 'b', code: '2' })).toEqual(['{code="1", job="a"}', '{code="2", job="b"}']);
    expect(names({})).toEqual(['value']);
    expect(names({ __name__: 'up', job: 'a' })).toEqual(['up']);
    expect(names()).toEqual([]);
  });
  test('columns become views, not copies', () => {
    const table = {
      labels: [
        ['a', '1'],
        ['a', '2'],
      ],
      starts: Uint32Array.of(0, 2, 3),
      timesMs: Float64Array.of(1, 2, 1),
      values: Float64Array.of(5, 6, 7),
    };
    const [first, second] = plotSeries(table);
    expect([...first!.values]).toEqual([5, 6]);
    expect([...second!.values]).toEqual([7]);
    expect(second!.values.buffer).toBe(table.values.buffer);
  });
});

describe('a click in the legend', () => {
  test('shows only that one, and all again', () => {
    const alone = pickSeries(3, new Set(), 1, false);
    expect([...alone]).toEqual([0, 2]);
    expect([...pickSeries(3, alone, 1, false)]).toEqual([]);
    expect([...pickSeries(3, alone, 2, false)]).toEqual([0, 1]);
  });
  test('with Ctrl adds or takes away', () => {
    expect([...pickSeries(3, new Set(), 1, true)]).toEqual([1]);
    expect([...pickSeries(3, new Set([1]), 1, true)]).toEqual([]);
    expect([...pickSeries(2, new Set([0]), 1, true)]).toEqual([]);
  });
});

describe('the option', () => {
  const theme = { dark: true, text: '#fff', grid: '#333', tones: { bad: '#f00', warn: '#fa0', info: '#00f' }, font: 'x' };
  const drawing: Drawing = { widthPx: 600, heightPx: 200, zone: 'utc', theme, colors: ['#1', '#2'] };
  const hostile = '<img src=x onerror=alert(1)>{a|x}';
  const made = timeOption(
    plot({
      series: [series([0, 1_000], [1, 2], hostile)],
      thresholds: [{ value: 1.5, name: hostile, tone: 'bad' }],
      regions: [
        { startMs: -5_000, endMs: 500, name: hostile, tone: 'bad' },
        { startMs: 70_000, endMs: 80_000, name: 'outside', tone: 'bad' },
      ],
    }),
    drawing,
  ) as { series: { data: unknown; markArea?: { data: unknown[] }; markLine?: { data: unknown[] } }[] };

  test('holds no text of the data at all', () => {
    expect(JSON.stringify(made, (_key, value: unknown) => (typeof value === 'function' ? undefined : value))).not.toContain('img');
  });
  test('draws thresholds, and the regions that are in sight', () => {
    expect(made.series.at(-1)?.markLine?.data).toHaveLength(1);
    expect(made.series.at(-1)?.markArea?.data).toHaveLength(1);
  });
  test('gives a dot to a point that no line leads to, and to no other of its series', () => {
    const { series: lines } = timeOption(plot({ series: [series([0, 1_000, 5_000, 9_000, 10_000], [1, 2, 3, 4, 5])] }), drawing) as {
      series: { data: Float64Array; showSymbol: boolean; symbolSize: (value: unknown, at: { dataIndex: number }) => number }[];
    };
    const [line] = lines;
    expect(line!.showSymbol).toBe(true);
    const rows = Array.from({ length: line!.data.length / 2 }, (_, row) => row);
    expect(rows.filter((dataIndex) => line!.symbolSize(undefined, { dataIndex }) > 0).map((row) => line!.data[row * 2])).toEqual([5_000]);
  });
});
