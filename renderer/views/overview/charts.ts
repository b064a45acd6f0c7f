import type { Unit } from '../../ui/format.ts';

/** A small chart of the Overview: a query, and the decision that it leads to. */
export interface OverviewChart {
  readonly id: string;
  readonly title: string;
  /** What to do when it looks bad. */
  readonly decision: string;
  readonly expr: string;
  readonly unit: Unit;
  readonly stacked?: boolean;
  readonly limits: readonly { readonly value: number; readonly name: string; readonly tone: 'bad' | 'warn' }[];
}

const full = [{ value: 0.9, name: '90 %', tone: 'warn' as const }];

const usersChart: Omit<OverviewChart, 'expr'> = {
  id: 'users',
  title: 'Users affected',
  decision: 'Above 10 % is a SEV-2, above 50 % a SEV-1',
  unit: 'percent',
  limits: [
    { value: 0.1, name: 'SEV-2 above 10 %', tone: 'warn' },
    { value: 0.5, name: 'SEV-1 above 50 %', tone: 'bad' },
  ],
};

/** Charts for what is there: those whose query gives nothing are left out by the view. */
export function overviewCharts(usersAffected: string): readonly OverviewChart[] {
  return usersAffected === '' ? charts : [{ ...usersChart, expr: usersAffected }, ...charts];
}

const charts: readonly OverviewChart[] = [
  {
    id: 'firing',
    title: 'Alerts firing',
    decision: 'A storm has one cause: look for the first',
    expr: 'count by (alertname) (ALERTS{alertstate="firing"})',
    unit: 'none',
    stacked: true,
    limits: [],
  },
  {
    id: 'requests',
    title: 'Requests',
    decision: 'A step up: who? A step down: who cannot come in?',
    expr: 'sum by (job) (rate(http_requests_total[2m]))',
    unit: 'per second',
    limits: [],
  },
  {
    id: 'errors',
    title: 'Requests that fail',
    decision: 'All at once: look at what was released',
    expr: 'sum by (job) (rate(http_requests_total{code=~"5.."}[2m])) / sum by (job) (rate(http_requests_total[2m]))',
    unit: 'percent',
    limits: [{ value: 0.05, name: '5 %', tone: 'warn' }],
  },
  {
    id: 'latency',
    title: 'Latency, p95',
    decision: 'The deepest service that is slow is the one to look at',
    expr: 'histogram_quantile(0.95, sum by (job, le) (rate({__name__=~"http_server_request_duration_seconds_bucket|http_request_duration_seconds_bucket"}[2m])))',
    unit: 'seconds',
    limits: [],
  },
  {
    id: 'cpu',
    title: 'CPU busy',
    decision: 'Near full: find what is new, or add room',
    expr: '1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[2m]))',
    unit: 'percent',
    limits: full,
  },
  {
    id: 'memory',
    title: 'Memory used',
    decision: 'Near full: the next step is the OOM killer',
    expr: '1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes',
    unit: 'percent',
    limits: full,
  },
  {
    id: 'disk',
    title: 'Fullest disk',
    decision: 'Near full: writes stop, make room now',
    expr: 'max by (instance) (1 - node_filesystem_avail_bytes{fstype!~"tmpfs|ramfs|overlay"} / node_filesystem_size_bytes{fstype!~"tmpfs|ramfs|overlay"})',
    unit: 'percent',
    limits: full,
  },
  {
    id: 'scrape',
    title: 'Time to read a source',
    decision: 'Slow sources are overloaded, or far away',
    expr: 'max by (job) (scrape_duration_seconds)',
    unit: 'seconds',
    limits: [],
  },
];
