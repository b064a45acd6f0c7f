import type { MetricName } from '#core/contract/index.ts';

const plainName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/** A first question about a metric that makes sense for its type: a counter is asked for its rate, a histogram for its 95th percentile. */
export function startingQuery(metric: MetricName): string {
  const selector = plainName.test(metric.name) ? metric.name : `{${JSON.stringify(metric.name)}}`;
  if (metric.name.endsWith('_bucket') && plainName.test(metric.name)) return `histogram_quantile(0.95, sum by (le) (rate(${selector}[5m])))`;
  if (metric.type === 'counter' || /_(total|sum|count|bucket)$/.test(metric.name)) return `rate(${selector}[5m])`;
  return selector;
}
