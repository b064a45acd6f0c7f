import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { hasPrometheus } from '../../support/peers.ts';
import { systemClock } from '../../../main/clock.ts';
import { Pair } from './peer/pair.ts';

const page = `# HELP shop_orders Orders taken.
# TYPE shop_orders counter
# UNIT shop_orders orders
shop_orders_total{city="Zürich"} 3 # {trace_id="00ab"} 1.5
# HELP shop_latency_seconds How long an order takes.
# TYPE shop_latency_seconds histogram
# UNIT shop_latency_seconds seconds
shop_latency_seconds_bucket{le="0.5"} 2
shop_latency_seconds_bucket{le="+Inf"} 3
shop_latency_seconds_sum 4.25
shop_latency_seconds_count 3
# TYPE shop_open gauge
shop_open 1
# EOF
`;

const rules = `groups:
  - name: shop
    interval: 1s
    limit: 10
    rules:
      - record: shop:orders:sum
        expr: sum(shop_orders_total)by(job)
        labels: {team: orders}
      - alert: ShopOpen
        expr: shop_open==1
        for: 0s
        keep_firing_for: 1m
        labels: {severity: page}
        annotations: {summary: 'The shop {{ $labels.instance }} is open: {{ $value }}'}
      - alert: ShopWaits
        expr: shop_open == 1
        for: 1h
      - alert: Broken
        expr: shop_orders_total * on () group_left () {__name__=~"shop_latency_seconds_.+"}
  - name: empty of results
    interval: 1s
    rules:
      - alert: ShopShut
        expr: shop_open == 0
`;

async function servePage(): Promise<number> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/openmetrics-text; version=1.0.0; charset=utf-8' }).end(page);
  }).listen(0, '127.0.0.1');
  await new Promise((ready) => server.once('listening', ready));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const configOf = (port: number): string => `global: {scrape_interval: 1s, evaluation_interval: 1s}
scrape_configs:
  - job_name: shop
    static_configs:
      - targets: ['127.0.0.1:${port}', '127.0.0.1:1']
        labels: {zone: north, __meta_kind: static}
    relabel_configs:
      - {source_labels: [__address__], regex: '.*:1', action: drop}
      - {source_labels: [__scrape_interval__, __scrape_timeout__], target_label: pace}
  - job_name: alone
    metrics_path: /other
    scrape_interval: 2s
    scrape_timeout: 1500ms
    params: {kind: [a, b]}
    static_configs: [{targets: ['127.0.0.1:${port}']}]
`;

/** What differs from run to run, and what one side names by itself. */
const volatile: ReadonlySet<string> = new Set([
  'timestamp',
  'lastScrape',
  'lastScrapeDuration',
  'evaluationTime',
  'lastEvaluation',
  'activeAt',
  'globalUrl',
  'file',
]);

/** Signalbox scrapes itself, too. */
const isOwn = (one: unknown): boolean =>
  one === 'signalbox' || (typeof one === 'object' && (one as { scrapePool?: string }).scrapePool === 'signalbox');

/** Prometheus lists metadata, alerts and exemplars as it finds them. */
const isUnsorted = (one: unknown): boolean =>
  typeof one === 'object' && one !== null && ['help', 'activeAt', 'seriesLabels'].some((name) => name in one);

/** An answer without what is volatile; lists of things with names in their order. */
function steady(value: unknown): unknown {
  if (Array.isArray(value)) {
    const list = value.filter((one) => !isOwn(one)).map(steady);
    return list.some(isUnsorted) ? list.map((one) => JSON.stringify(one)).sort() : list;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, volatile.has(name) ? typeof inner : name === 'lastError' ? inner !== '' : steady(inner)]),
  );
}

const asks: readonly (readonly [path: string, params?: string])[] = [
  ['/api/v1/targets'],
  ['/api/v1/targets', 'state=active'],
  ['/api/v1/targets', 'state=dropped'],
  ['/api/v1/targets', 'scrapePool=alone'],
  ['/api/v1/targets', 'state=Dropped&scrapePool=alone'],
  ['/api/v1/scrape_pools'],
  ['/api/v1/targets/metadata', 'match_target={job="shop"}'],
  ['/api/v1/targets/metadata', 'metric=shop_orders'],
  ['/api/v1/metadata', 'metric=shop_orders'],
  ['/api/v1/metadata', 'metric=shop_latency_seconds&limit_per_metric=1'],
  ['/api/v1/rules'],
  ['/api/v1/rules', 'type=alert'],
  ['/api/v1/rules', 'type=record'],
  ['/api/v1/rules', 'rule_name[]=ShopOpen&rule_name[]=ShopShut'],
  ['/api/v1/rules', 'rule_group[]=shop&exclude_alerts=true'],
  ['/api/v1/rules', 'match[]={severity="page"}'],
  ['/api/v1/rules', 'file[]=none'],
  ['/api/v1/rules', 'group_limit=5'],
  ['/api/v1/alerts'],
  ['/api/v1/query', 'query=shop_orders_total offset -1m @ 0'],
  ['/api/v1/series', 'match[]=shop_open&match[]=shop_orders_total'],
  ['/api/v1/label/pace/values'],
  ['/api/v1/query_exemplars', 'query=shop_orders_total&start=0&end=9999999999'],
  ['/api/v1/query_exemplars', 'query=rate(shop_orders_total{job="shop"}[5m]) > 0 or shop_open&start=0&end=9999999999'],
  ['/api/v1/query_exemplars', 'query=shop_open&start=0&end=9999999999'],
  ['/api/v1/labels', 'match[]={job="shop",__name__=~"shop_.+"}'],
];

test.skipIf(!hasPrometheus)(
  'targets, rules and metadata are told as a real Prometheus tells them that scrapes and evaluates the same',
  async () => {
    const pair = await Pair.open({ clock: systemClock, config: configOf(await servePage()), rules });
    const settled = async (): Promise<boolean> => {
      const told = [await pair.ask({ path: '/api/v1/rules' }), await pair.ask({ path: '/api/v1/targets' })].flatMap(({ theirs, ours }) => [
        theirs.text,
        ours.text,
      ]);
      const isWhole = (text: string): boolean => text.includes('many-to-many') && text.split('"activeAt"').length === 5;
      return told.every((text) => !text.includes('"unknown"')) && told.slice(0, 2).every(isWhole);
    };
    await expect.poll(settled, { timeout: 20_000, interval: 100 }).toBe(true);
    for (const [path, params = ''] of asks) {
      const { theirs, ours } = await pair.ask({ path, params });
      expect([ours.status, ours.contentType], `${path}?${params}`).toEqual([theirs.status, theirs.contentType]);
      expect(steady(JSON.parse(ours.text)), `${path}?${params}`).toEqual(steady(JSON.parse(theirs.text)));
    }
  },
  60_000,
);
