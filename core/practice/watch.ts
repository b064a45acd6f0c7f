/** How the owners of the practice system would have it watched: what is scraped, what pages, and what was promised to users. */
import { services, type Ports } from './plan.ts';

/** `scrape_configs` for the processes that are up, as YAML of a prometheus.yml. Intervals are short, so that a newcomer sees things move. */
export function practiceScrapes(ports: Ports): string {
  const jobs = services.flatMap((service) => {
    const port = ports[service];
    return port === undefined
      ? []
      : [`  - job_name: ${service}\n    static_configs:\n      - targets: ['127.0.0.1:${port}']\n        labels: { system: practice }`];
  });
  return `global:\n  scrape_interval: 5s\n  scrape_timeout: 4s\nscrape_configs:${jobs.length === 0 ? ' []' : `\n${jobs.join('\n')}`}\n`;
}

/** The share of users who did not get what they asked for within the last minute. */
export const practiceUsersAffected = 'sum(users_affected) / sum(users_active)';

export const practiceRules = `
groups:
  - name: practice
    interval: 5s
    rules:
      - record: job:http_requests:rate1m
        expr: sum by (job) (rate(http_requests_total{system="practice"}[1m]))
      - record: job:http_errors:ratio1m
        expr: |
          sum by (job) (rate(http_requests_total{system="practice", code=~"5.."}[1m]))
            / sum by (job) (rate(http_requests_total{system="practice"}[1m]))
      - alert: HighErrorRate
        expr: job:http_errors:ratio1m{job="gateway"} > 0.02
        for: 30s
        labels: { severity: critical, system: practice }
        annotations:
          summary: '{{ $value | humanizePercentage }} of the requests to the {{ $labels.job }} fail'
      - alert: HighRequestLatency
        expr: |
          histogram_quantile(0.95, sum by (job, le) (rate(http_server_request_duration_seconds_bucket{job="gateway", http_route="/timeline"}[1m]))) > 0.3
        for: 30s
        labels: { severity: critical, system: practice }
        annotations:
          summary: 'One of twenty timelines takes longer than {{ $value | humanizeDuration }}'
      - alert: QueueBacklogHigh
        expr: sum by (consumergroup, topic) (kafka_consumergroup_lag{system="practice"}) > 5000
        for: 30s
        labels: { severity: warning, system: practice }
        annotations:
          summary: '{{ $value | humanize }} deliveries wait in {{ $labels.topic }}'
      - alert: ConnectionPoolExhausted
        expr: |
          sum by (instance) (pg_stat_activity_count{system="practice"})
            / min by (instance) (pg_settings_max_connections{system="practice"}) > 0.9
        for: 30s
        labels: { severity: critical, system: practice }
        annotations:
          summary: '{{ $value | humanizePercentage }} of the database connections are taken'
      - alert: CacheHitRateLow
        expr: |
          sum by (job) (rate(redis_keyspace_hits_total{system="practice"}[1m]))
            / sum by (job) (rate(redis_keyspace_hits_total[1m]) + rate(redis_keyspace_misses_total[1m])) < 0.7
        for: 1m
        labels: { severity: warning, system: practice }
        annotations:
          summary: 'The cache answers {{ $value | humanizePercentage }} of what it is asked'
      - alert: MemoryGrowing
        expr: process_resident_memory_bytes{system="practice"} > 300e6
        for: 20s
        labels: { severity: warning, system: practice }
        annotations:
          summary: '{{ $labels.job }} holds {{ $value | humanize1024 }}B of memory'
`;

/** In Sloth's form. */
export const practiceSlos = `
version: prometheus/v1
service: gateway
labels: { system: practice }
slos:
  - name: requests-answered
    objective: 99.5
    description: Of a thousand requests to the gateway, five may fail.
    sli:
      events:
        error_query: sum(rate(http_requests_total{job="gateway", code=~"5.."}[{{.window}}]))
        total_query: sum(rate(http_requests_total{job="gateway"}[{{.window}}]))
    alerting:
      name: RequestsBudgetBurn
      annotations:
        summary: The gateway burns its budget of failed requests
      page_alert: { labels: { severity: critical } }
      ticket_alert: { labels: { severity: warning } }
  - name: timelines-fast
    objective: 99
    description: Of a hundred timelines, ninety-nine are there within half a second.
    sli:
      events:
        error_query: |
          sum(rate(http_server_request_duration_seconds_count{job="gateway", http_route="/timeline"}[{{.window}}]))
            - sum(rate(http_server_request_duration_seconds_bucket{job="gateway", http_route="/timeline", le="0.5"}[{{.window}}]))
        total_query: sum(rate(http_server_request_duration_seconds_count{job="gateway", http_route="/timeline"}[{{.window}}]))
    alerting:
      name: TimelinesBudgetBurn
      annotations:
        summary: Timelines are slower than was promised
      page_alert: { labels: { severity: critical } }
      ticket_alert: { labels: { severity: warning } }
`;
