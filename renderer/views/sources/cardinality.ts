import type { CardinalityView } from '#core/contract/index.ts';
import { formatCount } from '../../ui/format.ts';

/** A label that makes too many series, whoever refused them. */
export interface Explosion {
  readonly id: string;
  readonly label: string;
  readonly values: number;
  readonly sinceMs: number;
  readonly where: string;
  readonly what: string;
  readonly expr: string;
}

/** What was cut, the most often refused first. */
export function explosionsOf({ cut, refused }: CardinalityView): readonly Explosion[] {
  const ofTargets = cut.map(({ job, url, metric, label, values, sinceMs, newSeriesMax, pageSamplesMax }) => ({
    id: `${job} ${url} ${metric} ${pageSamplesMax}`,
    label: label === '' ? metric : label,
    values,
    sinceMs,
    where: `in ${metric} of ${job}, ${url}`,
    what:
      pageSamplesMax === undefined
        ? `The target was cut at ${formatCount(newSeriesMax)} new series an hour; the series that it had go on.`
        : `Its pages have more than ${formatCount(pageSamplesMax)} samples, so they are refused whole.`,
    expr: ofMetricLabel(metric, label),
  }));
  const ofStore = refused.map(({ metric, reason, times, label, values, sinceMs }) => ({
    id: `${reason} ${metric}`,
    label: label === '' ? metric : label,
    values,
    sinceMs,
    where: `in ${metric}`,
    what: `${formatCount(times)} samples of new series were refused: ${reason.replaceAll('_', ' ')}.`,
    expr: ofMetricLabel(metric, label),
  }));
  return [...ofTargets, ...ofStore];
}

const quoted = (text: string): string => JSON.stringify(text);
const isPlain = (name: string): boolean => /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name);
const named = (name: string): string => (isPlain(name) ? name : quoted(name));
const selector = (metric: string): string => (/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(metric) ? metric : `{${quoted(metric)}}`);

function ofMetricLabel(metric: string, label: string): string {
  return label === '' ? `count(${selector(metric)})` : `topk(20, count by (${named(label)}) (${selector(metric)}))`;
}

/** Series of a metric, over time. */
export function ofMetric(metric: string): string {
  return `count(${selector(metric)})`;
}

/** Values of a label, over time. */
export function ofLabel(label: string): string {
  return `count(count by (${named(label)}) ({${named(label)}!=""}))`;
}

/** Series that have a pair, named `label=value`, over time. */
export function ofPair(pair: string): string {
  const at = pair.indexOf('=');
  return `count({${named(pair.slice(0, at))}=${quoted(pair.slice(at + 1))}})`;
}
