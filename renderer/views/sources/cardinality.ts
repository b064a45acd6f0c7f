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

/** A label that gains so many values within an hour explodes: as many as one source may make by default. */
const explodingFrom = 20_000;

/** What was cut, the most often refused first; then labels that nobody cut, and which grow like that. */
export function explosionsOf({ cut, refused, growing }: CardinalityView): readonly Explosion[] {
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
  const known = new Set([...ofTargets, ...ofStore].map(({ label }) => label));
  const growth = growing
    .filter(({ label, added }) => added >= explodingFrom && !known.has(label))
    .map(({ label, values, added, sinceMs }) => ({
      id: label,
      label,
      values,
      sinceMs,
      where: 'in what was taken',
      what: `${formatCount(added)} of them are new; what is new each time belongs into logs or traces.`,
      expr: ofLabel(label),
    }));
  return [...ofTargets, ...ofStore, ...growth];
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
