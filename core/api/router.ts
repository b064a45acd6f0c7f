import { answerAlertmanagerApi, type Alerting } from '#core/alerting/index.ts';
import type { Receiver, Scraper } from '#core/intake/index.ts';
import { EngineError, type Alert, type Clock, type HttpAnswer, type HttpRequest } from '#core/model/index.ts';
import type { Queries } from '#core/promql/index.ts';
import { parseExpr, printExpr, walk } from '#core/promql/syntax/index.ts';
import type { Rules } from '#core/rules/index.ts';
import type { Tsdb } from '#core/tsdb/index.ts';
import { failed, plainly } from './answer.ts';
import { needed, readParams, type Params } from './params.ts';
import { instantQuery, rangeQuery } from './query.ts';
import { listExemplars, listLabels, listLabelValues, listMetadata, listSeries } from './series.ts';
import { listAlerts, listRules, listTargets, topMetrics, tsdbStatus } from './state.ts';

export interface ApiParts {
  readonly clock: Clock;
  readonly info: { readonly version: string; readonly startedMs: number };
  readonly live: Tsdb;
  readonly queries: Queries;
  readonly scraper: Scraper;
  readonly receiver: Receiver;
  readonly rules: Rules;
  readonly alerting: Alerting;
  readonly alerts: () => readonly Alert[];
  readonly ownMetrics: () => string;
}

type Endpoint = (parts: ApiParts, params: Params) => HttpAnswer | Promise<HttpAnswer>;

const topMetricsShown = 10;

/** Prometheus' API under /api/v1/, for GET and POST alike. Source: its HTTP API documentation. */
const endpoints: Readonly<Record<string, Endpoint>> = {
  query: instantQuery,
  query_range: rangeQuery,
  query_exemplars: ({ live }, params) => listExemplars(live, selectorsIn(needed(params, 'query')), params),
  format_query: (_parts, params) => plainly(printExpr(parseExpr(needed(params, 'query')))),
  series: ({ live }, params) => listSeries(live, params),
  labels: ({ live }, params) => listLabels(live, params),
  metadata: ({ live }, params) => listMetadata(live, params),
  targets: ({ scraper }) => listTargets(scraper.targets()),
  rules: ({ rules }, params) => listRules(rules.groups(), params),
  alerts: ({ alerts }) => listAlerts(alerts()),
  alertmanagers: () => plainly({ activeAlertmanagers: [], droppedAlertmanagers: [] }),
  'status/tsdb': ({ live }) =>
    tsdbStatus(live.stats(), topMetrics(live.series([], Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY), topMetricsShown)),
  'status/buildinfo': ({ info }) => plainly({ version: info.version, revision: '', branch: '', buildUser: '', buildDate: '', goVersion: '' }),
  'status/runtimeinfo': ({ info }) => plainly({ startTime: new Date(info.startedMs).toISOString(), reloadConfigSuccess: true }),
};

const text = (status: number, body: string): HttpAnswer => ({ status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body });

/** What other tools may ask over HTTP. The host has checked who asks; sizes on the wire are bounded. */
export function createApi(parts: ApiParts): (request: HttpRequest) => Promise<HttpAnswer> {
  return async (request) => {
    try {
      return await route(parts, request);
    } catch (error) {
      return failed(error);
    }
  };
}

async function route(parts: ApiParts, request: HttpRequest): Promise<HttpAnswer> {
  const { path } = request;
  const received = await parts.receiver.receive(request);
  if (received !== undefined) return received;
  if (path === '/-/healthy') return text(200, 'Signalbox is healthy.\n');
  if (path === '/-/ready') return text(200, 'Signalbox is ready.\n');
  if (path === '/metrics') return { status: 200, headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }, body: parts.ownMetrics() };
  if (path.startsWith('/api/v2/')) return answerAlertmanagerApi(parts.alerting, request, parts.info) ?? text(404, `there is nothing at ${path}\n`);
  const values = /^\/api\/v1\/label\/([^/]+)\/values$/.exec(path);
  if (values !== null) return listLabelValues(parts.live, decodeURIComponent(values[1]!), readParams(request));
  const name = path.startsWith('/api/v1/') ? path.slice('/api/v1/'.length) : '';
  if (Object.hasOwn(endpoints, name)) return endpoints[name]!(parts, readParams(request));
  throw new EngineError('unsupported', `${path} is not yet supported`);
}

function selectorsIn(query: string): Parameters<typeof listExemplars>[1] {
  const found: Parameters<typeof listExemplars>[1][number][] = [];
  walk(parseExpr(query), (expr) => {
    if (expr.kind === 'selector') found.push(expr.matchers);
  });
  return found;
}
