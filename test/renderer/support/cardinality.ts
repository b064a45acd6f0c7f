import type { CardinalityView } from '#core/contract/index.ts';

/** A store in which one target makes up a user id for every request. */
export function cardinalityView(startMs: number): CardinalityView {
  const sinceMs = startMs - 20 * 60_000;
  return {
    series: 68_412,
    pairs: 24_310,
    metrics: [
      { name: 'http_requests_total', count: 41_200 },
      { name: 'http_request_duration_seconds_bucket', count: 18_080 },
      { name: 'node_cpu_seconds_total', count: 960 },
    ],
    labels: [
      { name: 'user_id', count: 20_000 },
      { name: 'path', count: 412 },
      { name: 'instance', count: 84 },
    ],
    labelPairs: [
      { name: 'job=checkout', count: 61_000 },
      { name: '__name__=http_requests_total', count: 41_200 },
      { name: 'path=/api/<script>', count: 3_000 },
    ],
    growing: [{ label: 'user_id', values: 20_000, added: 19_960, sinceMs }],
    refused: [{ metric: 'queue_length', reason: 'metric_series_limit', times: 1200, sinceMs, lastMs: startMs, label: 'job_id', values: 1_000_000 }],
    cut: [
      {
        job: 'checkout',
        url: 'http://127.0.0.1:9001/metrics',
        metric: 'http_requests_total',
        label: 'user_id',
        values: 48_211,
        refused: 96_400,
        sinceMs,
        lastMs: startMs,
        newSeriesMax: 20_000,
        pageSamplesMax: undefined,
      },
    ],
  };
}
