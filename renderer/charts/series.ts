import { formatLabels, labelPairs, labelValue, METRIC_NAME, type Labels } from '#core/model/index.ts';
import type { PlotSeries } from './plot.ts';

/** Columns as range answers carry them: series i has the points [starts[i], starts[i + 1]). */
export interface SeriesTable {
  readonly labels: readonly Labels[];
  readonly starts: Uint32Array;
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
}

/** The series of an answer as views into its columns, named by what tells them apart. */
export function plotSeries(table: SeriesTable): PlotSeries[] {
  const names = distinctNames(table.labels);
  return table.labels.map((labels, i) => ({
    labels,
    name: names[i]!,
    timesMs: table.timesMs.subarray(table.starts[i], table.starts[i + 1]),
    values: table.values.subarray(table.starts[i], table.starts[i + 1]),
  }));
}

/** For each label set a short name: the pairs that not all have alike; the metric's name, or the whole, when there is nothing to tell apart. */
export function distinctNames(all: readonly Labels[]): string[] {
  const first = all[0];
  if (first === undefined) return [];
  const shared = new Set(
    [...labelPairs(first)].filter(([name, value]) => all.every((labels) => labelValue(labels, name) === value)).map(([name]) => name),
  );
  return all.map((labels) => {
    const metric = shared.has(METRIC_NAME) ? '' : labelValue(labels, METRIC_NAME);
    const own = [...labelPairs(labels)].filter(([name]) => name !== METRIC_NAME && !shared.has(name));
    if (own.length === 1 && metric === '') return own[0]![1];
    if (own.length === 0) return metric === '' ? wholeName(labels) : metric;
    return `${metric}{${own.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`;
  });
}

function wholeName(labels: Labels): string {
  return labels.length === 0 ? 'value' : labelValue(labels, METRIC_NAME) || formatLabels(labels);
}
