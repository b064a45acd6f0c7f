/** Alertmanager's HTTP API, version 2, as a function from request to answer. Source: its OpenAPI file; `amtool` works against it. */
import { compareLabels, EngineError, labelsToRecord, type HttpAnswer, type HttpRequest } from '#core/model/index.ts';
import type { Alerting } from '../alerting.ts';
import { silenceState } from '../silences.ts';
import { alertJson, groupJson, silenceJson } from './json.ts';
import { readAlertFilter, readPostedAlerts, readSilence, readSilenceFilter, type AlertFilter } from './read.ts';
import { hideSecrets } from './secrets.ts';

export interface ApiOptions {
  /** When this run began, for `uptime`. */
  readonly startedMs: number;
  readonly version: string;
}

type Params = URLSearchParams;
type Answer = (
  alerting: Alerting,
  request: { readonly params: Params; readonly body: Uint8Array; readonly id: string },
  options: ApiOptions,
) => unknown;

/** Method, path under /api/v2 with `{id}` for a segment, and what answers it. What is returned becomes JSON; undefined an empty body. */
const endpoints: readonly (readonly [method: string, path: string, answer: Answer])[] = [
  ['GET', '/status', (alerting, _, options) => statusJson(alerting, options)],
  ['GET', '/receivers', (alerting) => alerting.config.receivers.map(({ name, labels }) => ({ name, labels: { name, ...labelsToRecord(labels) } }))],
  ['GET', '/alerts', (alerting, { params }) => listAlerts(alerting, readAlertFilter(params))],
  ['POST', '/alerts', (alerting, { body }) => postAlerts(alerting, body)],
  ['GET', '/alerts/groups', (alerting, { params }) => listGroups(alerting, readAlertFilter(params))],
  ['GET', '/silences', (alerting, { params }) => listSilences(alerting, params)],
  ['POST', '/silences', (alerting, { body }) => ({ silenceID: alerting.setSilence(readSilence(body)).id })],
  ['GET', '/silence/{id}', (alerting, { id }) => getSilence(alerting, id)],
  ['DELETE', '/silence/{id}', (alerting, { id }) => endSilence(alerting, id)],
];

/** Undefined when the path is none of this API's. */
export function answerAlertmanagerApi(alerting: Alerting, request: HttpRequest, options: ApiOptions): HttpAnswer | undefined {
  const found = endpoints
    .map(([method, path, answer]) => ({ method, answer, id: matchPath(path, request.path) }))
    .filter(({ id }) => id !== undefined);
  if (found.length === 0) return undefined;
  const endpoint = found.find(({ method }) => method === request.method);
  if (endpoint === undefined) return json(405, `${request.method} is not among ${found.map(({ method }) => method).join(', ')}`);
  try {
    return json(200, endpoint.answer(alerting, { params: new URLSearchParams(request.query), body: request.body, id: endpoint.id! }, options));
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return json(statusOf(error), error.message);
  }
}

/** The `{id}` of a path that fits, an empty text where there is none. */
function matchPath(pattern: string, path: string): string | undefined {
  const whole = `/api/v2${pattern}`;
  if (!whole.endsWith('{id}')) return path === whole ? '' : undefined;
  const before = whole.slice(0, -'{id}'.length);
  const id = path.startsWith(before) ? path.slice(before.length) : '';
  return /^[0-9a-zA-Z-]{1,64}$/.test(id) ? id : undefined;
}

function statusOf(error: EngineError): number {
  const statuses = { 'not-found': 404, conflict: 409, limit: 413, unsupported: 501, unavailable: 503, invalid: 400 } as const;
  return error.code in statuses ? statuses[error.code as keyof typeof statuses] : 500;
}

function json(status: number, value: unknown): HttpAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: value === undefined ? '' : JSON.stringify(value) };
}

function statusJson(alerting: Alerting, { startedMs, version }: ApiOptions): unknown {
  const unknown = { branch: '', buildDate: '', buildUser: '', goVersion: '', revision: '' };
  return {
    cluster: { name: '', status: 'disabled', peers: [] },
    config: { original: hideSecrets(alerting.config.text, alerting.config.path) },
    uptime: new Date(startedMs).toISOString(),
    versionInfo: { ...unknown, version },
  };
}

function listAlerts(alerting: Alerting, filter: AlertFilter): unknown[] {
  const nowMs = alerting.now();
  const { resolveTimeoutMs } = alerting.config.global;
  return alerting
    .alerts()
    .filter((view) => filter.takes(view))
    .toSorted((a, b) => (a.alert.id < b.alert.id ? -1 : 1))
    .map((view) => alertJson(view, nowMs + resolveTimeoutMs));
}

function listGroups(alerting: Alerting, filter: AlertFilter): unknown[] {
  const nowMs = alerting.now();
  const { resolveTimeoutMs } = alerting.config.global;
  return alerting
    .groups()
    .filter((group) => filter.takesReceiver(group.receiver))
    .map((group) => ({ ...group, alerts: group.alerts.filter((view) => filter.takes(view)) }))
    .filter((group) => group.alerts.length > 0)
    .toSorted((a, b) => compareLabels(a.labels, b.labels) || (a.receiver < b.receiver ? -1 : 1))
    .map((group) => groupJson(group, nowMs + resolveTimeoutMs));
}

/** Good alerts are taken even where others of the same request are not; the answer then names what was wrong. */
function postAlerts(alerting: Alerting, body: Uint8Array): void {
  const { alerts, problems } = readPostedAlerts(body);
  alerting.post(alerts);
  if (problems.length > 0) throw new EngineError('invalid', problems.join('; '));
}

function listSilences(alerting: Alerting, params: Params): unknown[] {
  const takes = readSilenceFilter(params);
  const nowMs = alerting.now();
  const order = { active: 0, pending: 1, expired: 2 } as const;
  return alerting
    .silences()
    .filter(takes)
    .map((silence) => ({ silence, state: silenceState(silence, nowMs) }))
    .toSorted((a, b) => {
      if (a.state !== b.state) return order[a.state] - order[b.state];
      if (a.state === 'pending') return a.silence.startsMs - b.silence.startsMs;
      return (a.silence.endsMs - b.silence.endsMs) * (a.state === 'expired' ? -1 : 1);
    })
    .map(({ silence }) => silenceJson(silence, nowMs));
}

/** One that is over stays so: asked twice is no error. */
function endSilence(alerting: Alerting, id: string): void {
  const silence = alerting.silence(id);
  if (silence === undefined || silenceState(silence, alerting.now()) !== 'expired') alerting.expireSilence(id);
}

function getSilence(alerting: Alerting, id: string): unknown {
  const silence = alerting.silence(id);
  if (silence === undefined) throw new EngineError('not-found', `there is no silence ${id}`);
  return silenceJson(silence, alerting.now());
}
