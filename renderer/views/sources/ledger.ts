import type { SourceRow } from '#core/contract/index.ts';

/** What a reason of the account means to a person; reasons that say it themselves are not here. */
const meanings: Readonly<Record<string, string>> = {
  bad_labels: 'labels not sorted, repeated or without a name',
  bad_line: 'lines that could not be read',
  dropped_by_relabelling: 'dropped by metric_relabel_configs, as configured',
  duplicate_other_value: 'another value was there at the same time; the first one stays',
  future: 'too far ahead of the clock',
  new_series_limit: 'over the new series that a source may make in an hour',
  not_sampled: 'of traces that no sampling policy kept',
  out_of_order_too_old: 'older than what the store still takes',
  overload: 'new series, while memory is short',
  thinned: 'debug and info lines, while memory is short',
  page_over_limit: 'pages with more samples than sample_limit',
  page_refused: 'pages that were refused as a whole',
  store_unavailable: 'the disk took nothing',
  unreadable: 'could not be read',
};

export function meaningOf(reason: string): string {
  return meanings[reason] ?? reason.replaceAll('_', ' ');
}

/** A source as a person calls it, and how it brings data in. */
export function sourceTitle(source: string): { readonly name: string; readonly how: string } {
  if (source.startsWith('scrape:')) return { name: source.slice('scrape:'.length), how: 'scraped' };
  return titles[source] ?? { name: source, how: 'pushed' };
}

const titles: Readonly<Record<string, { readonly name: string; readonly how: string }>> = {
  remote_write: { name: 'Prometheus remote write', how: 'pushed' },
  otlp: { name: 'OTLP metrics', how: 'pushed' },
  otlp_traces: { name: 'OTLP traces', how: 'pushed' },
  otlp_logs: { name: 'OTLP logs', how: 'pushed' },
  loki: { name: 'Loki push', how: 'pushed' },
  zipkin: { name: 'Zipkin spans', how: 'pushed' },
  pushgateway: { name: 'Pushgateway', how: 'pushed' },
  span_metrics: { name: 'Metrics of spans', how: 'made of spans' },
};

const sum = (counts: SourceRow['rejected']): number => counts.reduce((total, { count }) => total + count, 0);

export const rejectedCount = ({ rejected }: SourceRow): number => sum(rejected);
export const shedCount = ({ shed }: SourceRow): number => sum(shed);

/** What is under way, or unaccounted for: 0 once everything has settled. */
export const openCount = (row: SourceRow): number => row.received - row.stored - rejectedCount(row) - shedCount(row);
