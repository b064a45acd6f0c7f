/** A chart's data as CSV inside a post-mortem, so that its figures travel with the document. */
import { formatLabels, isStale, type DurationMs, type SeriesColumns, type UnixMs } from '#core/model/index.ts';
import { formatTime } from '#core/model/index.ts';
import { code, csvCell, fenced, inline } from './text.ts';

export interface ChartData {
  readonly title: string;
  readonly expr: string;
  readonly startMs: UnixMs;
  readonly endMs: UnixMs;
  readonly stepMs: DurationMs;
  readonly series: readonly SeriesColumns[];
}

/** A page of figures is read, a book is not: what is left out is said. */
const seriesMax = 20;
const rowsMax = 240;
const digits = 6;

/** A heading, where the data comes from, and a CSV block: a row a time, a column a series. */
export function chartSection(chart: ChartData): string {
  const shown = chart.series.slice(0, seriesMax);
  const times = timesOf(shown);
  const every = Math.max(1, Math.ceil(times.length / rowsMax));
  const rows = times
    .filter((_, i) => i % every === 0)
    .map((timeMs) => [formatTime(timeMs), ...shown.map((series) => valueAt(series, timeMs))].join(','));
  const head = ['time', ...shown.map((series) => csvCell(formatLabels(series.labels)))].join(',');
  const left = [
    every > 1 ? `every ${ordinal(every)} of ${times.length} points` : '',
    chart.series.length > seriesMax ? `the first ${seriesMax} of ${chart.series.length} series` : '',
  ].filter((part) => part !== '');
  const note = left.length === 0 ? '' : ` Shown: ${left.join(', ')}.`;
  const source = `${code(chart.expr)} from ${formatTime(chart.startMs)} to ${formatTime(chart.endMs)}, step ${chart.stepMs / 1000} s, ${digits} digits.${note}`;
  const data = rows.length === 0 ? 'There was no data.' : fenced('csv', [head, ...rows].join('\n'));
  return `### ${inline(chart.title)}\n\n${source}\n\n${data}`;
}

function timesOf(series: readonly SeriesColumns[]): readonly UnixMs[] {
  return [...new Set(series.flatMap(({ timesMs }) => [...timesMs]))].sort((a, b) => a - b);
}

/** Empty where there is no sample, or one that is not a number. */
function valueAt({ timesMs, values }: SeriesColumns, timeMs: UnixMs): string {
  const at = timesMs.indexOf(timeMs);
  const value = values[at];
  if (value === undefined || Number.isNaN(value) || isStale(values, at)) return '';
  return Number.isFinite(value) ? String(Number(value.toPrecision(digits))) : value > 0 ? 'Infinity' : '-Infinity';
}

function ordinal(n: number): string {
  if (n % 100 >= 11 && n % 100 <= 13) return `${n}th`;
  return `${n}${['th', 'st', 'nd', 'rd'][n % 10] ?? 'th'}`;
}
