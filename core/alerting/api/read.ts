/** What others send to Alertmanager's API, read with suspicion. */
import {
  compilePattern,
  EngineError,
  labelsFrom,
  matcher,
  matchesLabels,
  parseTime,
  type Labels,
  type Matcher,
  type MatchOp,
} from '#core/model/index.ts';
import { parseMatcher } from '#core/formats/index.ts';
import type { AlertView } from '../view.ts';
import type { PostedAlert } from '../alerts.ts';
import type { Silence, SilenceRequest } from '../silences.ts';

/** Bounds on one request; a Prometheus sends 64 alerts at a time. */
const alertsMax = 10_000;
const pairsMax = 64;
const nameBytesMax = 256;
const labelBytesMax = 4096;
const annotationBytesMax = 65_536;
const problemsShownMax = 10;

export interface AlertFilter {
  takes(view: AlertView): boolean;
  takesReceiver(receiver: string): boolean;
}

/** Reads `filter`, `receiver` and the state switches of GET /alerts and /alerts/groups. Throws EngineError `invalid`. */
export function readAlertFilter(params: URLSearchParams): AlertFilter {
  const matchers = params.getAll('filter').map(parseMatcher);
  const pattern = params.get('receiver') === null ? undefined : compilePattern(params.get('receiver')!);
  const wants = (name: string): boolean => readSwitch(params, name);
  const [active, silenced, inhibited, muted] = ['active', 'silenced', 'inhibited', 'muted'].map(wants) as [boolean, boolean, boolean, boolean];
  const takesReceiver = (receiver: string): boolean => pattern === undefined || pattern.matches(receiver);
  return {
    takesReceiver,
    takes: (view) =>
      view.state !== 'resolved' &&
      (active || view.state !== 'active') &&
      (silenced || view.silencedBy.length === 0) &&
      (inhibited || view.inhibitedBy === undefined) &&
      (muted || view.mutedBy.length === 0) &&
      matchesLabels(matchers, view.alert.labels) &&
      (pattern === undefined || view.receivers.some(takesReceiver)),
  };
}

function readSwitch(params: URLSearchParams, name: string): boolean {
  const value = params.get(name) ?? 'true';
  if (value !== 'true' && value !== 'false') throw new EngineError('invalid', `${name} is true or false, not ${JSON.stringify(value)}`);
  return value === 'true';
}

/** A silence passes when its own matchers, read as labels, match the filters. */
export function readSilenceFilter(params: URLSearchParams): (silence: Silence) => boolean {
  const matchers = params.getAll('filter').map(parseMatcher);
  return (silence) => matchesLabels(matchers, labelsFrom(silence.matchers.map(({ name, value }) => [name, value] as const)));
}

/** Throws EngineError `invalid` when the body is no list at all; single bad alerts are left out and named. */
export function readPostedAlerts(body: Uint8Array): { alerts: PostedAlert[]; problems: string[] } {
  const list = readJson(body);
  if (!Array.isArray(list)) throw new EngineError('invalid', 'the body must be a JSON list of alerts');
  if (list.length > alertsMax) throw new EngineError('limit', `a request may carry ${alertsMax} alerts, not ${list.length}`);
  const alerts: PostedAlert[] = [];
  const problems: string[] = [];
  list.forEach((item: unknown, i) => {
    try {
      alerts.push(readAlert(item));
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (problems.length < problemsShownMax) problems.push(`alert ${i}: ${error.message}`);
    }
  });
  return { alerts, problems };
}

function readAlert(item: unknown): PostedAlert {
  const fields = asObject(item, 'an alert');
  const labels = readPairs(fields['labels'], 'labels', labelBytesMax);
  if (labels.length === 0) throw new EngineError('invalid', 'an alert needs at least one label');
  const startsMs = readTime(fields['startsAt'], 'startsAt');
  const endsMs = readTime(fields['endsAt'], 'endsAt');
  if (startsMs !== undefined && endsMs !== undefined && startsMs > endsMs) throw new EngineError('invalid', 'startsAt must not be after endsAt');
  const generatorUrl = fields['generatorURL'] ?? '';
  return {
    labels,
    annotations: readPairs(fields['annotations'] ?? {}, 'annotations', annotationBytesMax),
    startsMs,
    endsMs,
    generatorUrl: typeof generatorUrl === 'string' ? generatorUrl : '',
  };
}

function readPairs(value: unknown, what: string, bytesMax: number): Labels {
  const pairs = Object.entries(asObject(value, what));
  if (pairs.length > pairsMax) throw new EngineError('limit', `${what} may hold ${pairsMax} names, not ${pairs.length}`);
  for (const [name, text] of pairs) {
    if (name === '' || !name.isWellFormed()) throw new EngineError('invalid', `${what} hold an empty or broken name`);
    if (typeof text !== 'string' || !text.isWellFormed())
      throw new EngineError('invalid', `${what}: the value of ${JSON.stringify(name)} is not text`);
    if (Buffer.byteLength(name) > nameBytesMax) throw new EngineError('limit', `${what}: a name is over ${nameBytesMax} bytes`);
    if (Buffer.byteLength(text) > bytesMax) throw new EngineError('limit', `${what}: the value of ${name} is over ${bytesMax} bytes`);
  }
  return labelsFrom(pairs as [string, string][]);
}

/** Go's zero time counts as absent. */
function readTime(value: unknown, what: string): number | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const timeMs = typeof value === 'string' ? parseTime(value) : undefined;
  if (timeMs === undefined) throw new EngineError('invalid', `${what} is not a time like 2026-01-05T03:00:00Z`);
  return timeMs <= 0 ? undefined : timeMs;
}

/** Throws EngineError `invalid`. */
export function readSilence(body: Uint8Array): SilenceRequest {
  const fields = asObject(readJson(body), 'a silence');
  const list = fields['matchers'];
  if (!Array.isArray(list)) throw new EngineError('invalid', 'a silence needs a list of matchers');
  const [startsMs, endsMs] = [readTime(fields['startsAt'], 'startsAt'), readTime(fields['endsAt'], 'endsAt')];
  if (startsMs === undefined || endsMs === undefined) throw new EngineError('invalid', 'a silence needs startsAt and endsAt');
  const id = textOf(fields, 'id');
  return {
    ...(id === '' ? {} : { id }),
    matchers: list.map(readMatcher),
    startsMs,
    endsMs,
    createdBy: requiredText(fields, 'createdBy'),
    comment: requiredText(fields, 'comment'),
  };
}

function readMatcher(item: unknown): Matcher {
  const fields = asObject(item, 'a matcher');
  const { name, value, isRegex = false, isEqual = true } = fields;
  if (typeof name !== 'string' || name === '' || typeof value !== 'string') throw new EngineError('invalid', 'a matcher needs a name and a value');
  if (typeof isRegex !== 'boolean' || typeof isEqual !== 'boolean') throw new EngineError('invalid', 'isRegex and isEqual are true or false');
  const op: MatchOp = isRegex ? (isEqual ? '=~' : '!~') : isEqual ? '=' : '!=';
  return matcher(name, op, value);
}

/** It may be empty; it must be there. */
function requiredText(fields: Readonly<Record<string, unknown>>, name: string): string {
  if (fields[name] === undefined) throw new EngineError('invalid', `a silence needs ${name}`);
  return textOf(fields, name);
}

function textOf(fields: Readonly<Record<string, unknown>>, name: string): string {
  const value = fields[name] ?? '';
  if (typeof value !== 'string' || !value.isWellFormed()) throw new EngineError('invalid', `${name} is not text`);
  return value;
}

function asObject(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new EngineError('invalid', `${what} must be a JSON object`);
  return value as Readonly<Record<string, unknown>>;
}

function readJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as unknown;
  } catch {
    throw new EngineError('invalid', 'the body is not JSON');
  }
}
