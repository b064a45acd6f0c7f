import { answerAlertmanagerApi, type Alerting } from '#core/alerting/index.ts';
import type { Receiver, Scraper } from '#core/intake/index.ts';
import type { Alert, Clock, HttpAnswer, HttpRequest } from '#core/model/index.ts';
import type { Logs } from '#core/logs/index.ts';
import type { Queries } from '#core/promql/index.ts';
import { prettyExpr } from '#core/promql/syntax/index.ts';
import type { Rules } from '#core/rules/index.ts';
import type { Tsdb } from '#core/tsdb/index.ts';
import { adminActs, type AdminParts } from './admin.ts';
import { failed, plainly } from './answer.ts';
import { federate } from './federate.ts';
import { answerLoki } from './loki.ts';
import { exprParam, readParams, type Params } from './params.ts';
import { exprJson } from './parsed.ts';
import { instantQuery, rangeQuery } from './query.ts';
import { listExemplars, listLabels, listLabelValues, listMetadata, listSeries } from './series.ts';
import { listFlags, showConfig, type ConfigInForce } from './settings.ts';
import { listAlerts, listRules } from './state.ts';
import { runtimeInfo, tsdbStatus } from './status.ts';
import { listTargetMetadata, listTargets } from './targets.ts';

export interface ApiParts extends AdminParts {
  readonly clock: Clock;
  readonly info: { readonly version: string; readonly startedMs: number };
  readonly live: Tsdb;
  readonly logs: Logs;
  readonly queries: Queries;
  readonly scraper: Scraper;
  readonly receiver: Receiver;
  readonly rules: Rules;
  readonly alerting: Alerting;
  readonly alerts: () => readonly Alert[];
  /** Addresses that alerts are forwarded to. */
  readonly alertmanagers: () => readonly string[];
  readonly ownMetrics: () => string;
  readonly config: () => ConfigInForce;
}

/** `signal` is aborted when the client leaves. */
type Endpoint = (parts: ApiParts, params: Params, signal: AbortSignal | undefined) => HttpAnswer | Promise<HttpAnswer>;

/** Prometheus' API under /api/v1/, for GET and POST alike. Source: its HTTP API documentation. */
const endpoints: Readonly<Record<string, Endpoint>> = {
  query: instantQuery,
  query_range: rangeQuery,
  query_exemplars: ({ live }, params) => listExemplars(live, params),
  format_query: (_parts, params) => plainly(prettyExpr(exprParam(params))),
  parse_query: (_parts, params) => plainly(exprJson(exprParam(params))),
  series: ({ live }, params) => listSeries(live, params),
  labels: ({ live }, params) => listLabels(live, params),
  metadata: ({ live }, params) => listMetadata(live, params),
  targets: ({ scraper }, params) => listTargets(scraper, params),
  'targets/metadata': ({ scraper, live }, params) => listTargetMetadata(scraper.targets(), live, params),
  scrape_pools: ({ scraper }) => plainly({ scrapePools: [...new Set(scraper.targets().map(({ job }) => job))].sort() }),
  notifications: () => plainly([]),
  rules: ({ rules }, params) => listRules(rules.groups(), params),
  alerts: ({ alerts }) => listAlerts(alerts()),
  alertmanagers: ({ alertmanagers }) => plainly({ activeAlertmanagers: alertmanagers().map((url) => ({ url })), droppedAlertmanagers: [] }),
  'status/config': ({ config }) => showConfig(config()),
  'status/flags': ({ config }) => listFlags(config()),
  'status/tsdb': ({ live }, params) => tsdbStatus(live, params),
  'status/buildinfo': ({ info }) => plainly({ version: info.version, revision: '', branch: '', buildUser: '', buildDate: '', goVersion: '' }),
  'status/runtimeinfo': ({ info, clock, live, config }) => runtimeInfo(info.startedMs, clock.now(), live.stats(), config().settings),
  'status/walreplay': ({ live }) => plainly({ min: 0, max: 1, current: live.stats().isReplaying ? 0 : 1 }),
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
  if (path === '/federate') return federate(parts, readParams(request), request.headers['accept'] ?? '');
  if (path.startsWith('/api/v2/')) return answerAlertmanagerApi(parts.alerting, request, parts.info) ?? text(404, `there is nothing at ${path}\n`);
  if (path.startsWith('/loki/api/v1/')) {
    const answer = await answerLoki({ ...parts, signal: request.signal }, path.slice('/loki/api/v1/'.length), readParams(request));
    return answer ?? text(404, `there is nothing at ${path}\n`);
  }
  const values = /^\/api\/v1\/label\/([^/]+)\/values$/.exec(path);
  if (values !== null && request.method !== 'GET') return text(405, 'Method Not Allowed\n');
  if (values !== null) return listLabelValues(parts.live, decoded(values[1]!), readParams(request));
  const name = path.startsWith('/api/v1/') ? path.slice('/api/v1/'.length) : '';
  if (Object.hasOwn(endpoints, name)) return endpoints[name]!(parts, readParams(request), request.signal);
  const act = name.startsWith('admin/tsdb/') ? name.slice('admin/tsdb/'.length) : '';
  if (Object.hasOwn(adminActs, act)) {
    const changes = request.method === 'POST' || request.method === 'PUT';
    return changes ? adminActs[act]!(parts, readParams(request)) : text(405, 'Method Not Allowed\n');
  }
  return text(404, '404 page not found\n');
}

/** A part of a path; what is no UTF-8 becomes a lone surrogate, which no name holds. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '\ud800';
  }
}
