import type { EChartsCoreOption } from 'echarts/core';
import { formatValue, type Zone } from '../ui/format.ts';
import { frame, hasLonePoints, plotAxis, pointsWithGaps, stackedPoints, type Plot } from './plot.ts';
import { timeTicks, valueTicks } from './scale.ts';

/** Colours as the canvas needs them, read from the stylesheet. */
export interface ChartTheme {
  readonly dark: boolean;
  readonly text: string;
  readonly grid: string;
  readonly tones: Readonly<Record<'bad' | 'warn' | 'info', string>>;
  readonly font: string;
}

export interface Drawing {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly zone: Zone;
  readonly theme: ChartTheme;
  readonly colors: readonly string[];
}

/** More series than this are drawn without fill and thinner. */
const crowded = 12;

/** The whole ECharts option of a time plot, built from numbers alone: no text of the data gets into a formatter. */
export function timeOption(plot: Plot, drawing: Drawing): EChartsCoreOption {
  const { theme, zone } = drawing;
  const axis = plotAxis(plot, drawing.heightPx - frame.top - frame.bottom);
  const ticks = timeTicks(plot.startMs, plot.endMs, drawing.widthPx - frame.left - frame.right, zone);
  const points = plot.stacked ? stackedPoints(plot.series, plot.stepMs) : plot.series.map((series) => pointsWithGaps(series, plot.stepMs));
  const texts = new Map(ticks.map((tick) => [tick.ms, tick.text]));
  const label = { color: theme.text, fontSize: 11, fontFamily: theme.font };
  return {
    animation: false,
    backgroundColor: 'transparent',
    grid: { ...frame, outerBoundsMode: 'none' },
    xAxis: {
      type: 'value',
      min: plot.startMs,
      max: plot.endMs,
      axisLine: { show: true, lineStyle: { color: theme.grid } },
      axisTick: { show: true, customValues: ticks.map((tick) => tick.ms), lineStyle: { color: theme.grid } },
      axisLabel: { ...label, customValues: ticks.map((tick) => tick.ms), formatter: (ms: number) => texts.get(ms) ?? '', hideOverlap: true },
      splitLine: { show: false },
    },
    yAxis: {
      type: 'value',
      min: axis.min,
      max: axis.max,
      interval: axis.step,
      axisLabel: { ...label, customValues: valueTicks(axis), formatter: (value: number) => formatValue(value, plot.unit) },
      splitLine: { lineStyle: { color: theme.grid, width: 1 } },
    },
    series: [...points.map((data, i) => line(plot, data, i, drawing)), marks(plot, drawing)],
  };
}

function line(plot: Plot, data: Float64Array, i: number, drawing: Drawing): object {
  const few = plot.series.length <= crowded;
  const color = drawing.colors[i]!;
  return {
    type: 'line',
    dimensions: ['t', 'v'],
    data,
    silent: true,
    symbol: 'circle',
    symbolSize: (_value: unknown, { dataIndex }: { readonly dataIndex: number }) => (isLone(data, dataIndex) ? 4 : 0),
    showSymbol: hasLonePoints(plot.series[i]!, plot.stepMs),
    sampling: 'none',
    stack: plot.stacked ? 'all' : undefined,
    lineStyle: { color, width: few ? 1.5 : 1.1 },
    itemStyle: { color },
    areaStyle: plot.stacked ? { color, opacity: 0.35 } : plot.series.length === 1 ? { color, opacity: 0.08 } : undefined,
    emphasis: { disabled: true },
  };
}

/** Whether no line leads to the point: the rest of a series that has one stays a line. */
function isLone(data: Float64Array, row: number): boolean {
  const isPoint = (at: number): boolean => Number.isFinite(data[2 * at + 1] ?? Number.NaN);
  return isPoint(row) && !isPoint(row - 1) && !isPoint(row + 1);
}

/** Thresholds and regions hang on a series without points of its own. */
function marks(plot: Plot, { theme }: Drawing): object {
  return {
    type: 'line',
    data: [],
    silent: true,
    markLine: {
      silent: true,
      symbol: 'none',
      animation: false,
      label: { show: false },
      data: (plot.thresholds ?? []).map(({ value, tone }) => ({ yAxis: value, lineStyle: { color: theme.tones[tone], type: [5, 4], width: 1.3 } })),
    },
    markArea: {
      silent: true,
      animation: false,
      label: { show: false },
      data: (plot.regions ?? [])
        .filter((region) => region.endMs > plot.startMs && region.startMs < plot.endMs)
        .map((region) => [
          { xAxis: Math.max(region.startMs, plot.startMs), itemStyle: { color: theme.tones[region.tone], opacity: theme.dark ? 0.16 : 0.1 } },
          { xAxis: Math.min(region.endMs, plot.endMs) },
        ]),
    },
  };
}
