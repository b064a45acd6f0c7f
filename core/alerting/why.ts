/** "Why was I (not) paged?": reads the record up to a moment and tells, for each receiver of an alert, what was decided and by which line. */
import { alertId, EngineError, formatDuration, formatLabels, formatTime, labelValue, type Labels, type UnixMs } from '#core/model/index.ts';
import { sql, type ReadDb } from '#core/db/index.ts';
import type { AlertmanagerConfig } from '#core/formats/index.ts';
import { configAt } from './config-history.ts';
import { readDecisions, type Decision } from './decisions.ts';
import { createInhibitor } from './inhibit.ts';
import { buildRoutes, groupKey, groupLabels, matchRoutes, type Route } from './routes.ts';
import { silencesAt } from './silences.ts';
import { inNamedInterval } from './times.ts';

export interface Why {
  readonly alert: string;
  readonly labels: Labels;
  readonly timeMs: UnixMs;
  /** Whether anybody had been told of this firing by then. */
  readonly paged: boolean;
  /** One sentence that answers the question. */
  readonly answer: string;
  /** The receivers it was, or would have been, routed to. */
  readonly receivers: readonly WhyReceiver[];
  /** What the record holds of it, oldest first. */
  readonly record: readonly Decision[];
}

export interface WhyReceiver {
  readonly receiver: string;
  readonly group: string;
  readonly outcome: 'told' | 'waiting' | 'undelivered' | 'inhibited' | 'silenced' | 'muted' | 'nobody' | 'would-be-told';
  readonly why: string;
  /** FILE:LINE. */
  readonly place: string;
  readonly atMs: UnixMs | undefined;
}

const recordMax = 1000;

/** Throws EngineError `not-found` when an id is given that the record does not know; labels it does not know are answered with "had it fired". */
export function explain(db: ReadDb, target: string | Labels, timeMs: UnixMs): Why {
  const alert = typeof target === 'string' ? target : alertId(target);
  const own = readDecisions(db, { alert, toMs: timeMs, limit: recordMax });
  const labels = typeof target === 'string' ? own.findLast(({ detail }) => detail.labels !== undefined)?.detail.labels : target;
  if (labels === undefined) throw new EngineError('not-found', `the record knows no alert ${alert} by ${formatTime(timeMs)}`);
  const config = configAt(db, timeMs);
  const state = own.findLast(({ kind }) => stateKinds.has(kind));
  const base = { alert, labels, timeMs };
  if (state?.kind !== 'firing') return { ...base, paged: false, ...notFiring(db, config, labels, state, timeMs), record: own };
  const receivers = firingReceivers(db, { alert, labels, config, own, firing: state, timeMs });
  const groups = [...new Set(receivers.map(({ group }) => group))];
  const aboutGroups = groups.flatMap((group) => readDecisions(db, { group, fromMs: state.atMs, toMs: timeMs, limit: recordMax }));
  const told = receivers.filter(({ outcome }) => outcome === 'told');
  const shown = told.length > 0 ? told : receivers;
  const answer = `${told.length > 0 ? 'Paged' : 'Not paged'}: ${shown.map(({ receiver, why }) => `${receiver} ${why}`).join('; ')}.`;
  const record = [...own, ...aboutGroups].toSorted((a, b) => a.id - b.id);
  return { ...base, paged: told.length > 0, answer, receivers, record };
}

const stateKinds: ReadonlySet<string> = new Set(['pending', 'not-pending', 'firing', 'resolved']);

/** What to say of an alert that did not fire then, with what would have happened if it had. */
function notFiring(
  db: ReadDb,
  config: AlertmanagerConfig,
  labels: Labels,
  state: Decision | undefined,
  timeMs: UnixMs,
): Pick<Why, 'answer' | 'receivers'> {
  const receivers = hypothetical(db, config, labels, timeMs);
  const had = `Had it fired: ${receivers.map(({ receiver, why }) => `${receiver} ${why}`).join('; ')}.`;
  const name = labelValue(labels, 'alertname') || formatLabels(labels);
  switch (state?.kind) {
    case 'pending':
      return { answer: `Not paged: ${name} was pending since ${formatTime(state.atMs)}, its "for" had not passed. ${had}`, receivers };
    case 'not-pending':
      return { answer: `Not paged: ${name} stopped holding at ${formatTime(state.atMs)}, before its "for" had passed. ${had}`, receivers };
    case 'resolved':
      return { answer: `Not paged: ${state.reason} at ${formatTime(state.atMs)}.`, receivers };
    default:
      return { answer: `Not paged: no alert ${formatLabels(labels)} had fired by ${formatTime(timeMs)}. ${had}`, receivers };
  }
}

interface Firing {
  readonly alert: string;
  readonly labels: Labels;
  readonly config: AlertmanagerConfig;
  readonly own: readonly Decision[];
  readonly firing: Decision;
  readonly timeMs: UnixMs;
}

function firingReceivers(db: ReadDb, question: Firing): WhyReceiver[] {
  const routes = matchRoutes(buildRoutes(question.config), question.labels);
  return routes.map((route) => {
    const group = groupKey(route, groupLabels(route, question.labels));
    return { receiver: route.receiver, group, ...outcomeOf(db, question, route, group) };
  });
}

type Outcome = Omit<WhyReceiver, 'receiver' | 'group'>;

function outcomeOf(db: ReadDb, question: Firing, route: Route, group: string): Outcome {
  const { own, firing, timeMs } = question;
  if (route.integrations.length === 0) return nobody(route);
  const told = lastNotification(db, question, route.receiver, group);
  if (told !== undefined) return notifiedOutcome(told, route, timeMs);
  const since = own.filter((decision) => decision.id > firing.id && decision.group === group);
  const kept = since.findLast(({ kind }) => kind === 'inhibited' || kind === 'silenced' || kind === 'released');
  if (kept?.kind === 'inhibited' || kept?.kind === 'silenced')
    return { outcome: kept.kind, why: `was not told: ${kept.reason}`, place: kept.place || route.place, atMs: kept.atMs };
  const muted = readDecisions(db, { group, toMs: timeMs, limit: recordMax }).findLast(({ kind }) => kind === 'muted' || kind === 'released');
  if (muted?.kind === 'muted') return { outcome: 'muted', why: `was not told: ${muted.reason}`, place: muted.place, atMs: muted.atMs };
  const joinedMs = own.findLast(({ kind, group: joined }) => kind === 'routed' && joined === group)?.atMs ?? firing.atMs;
  const why = `was not told yet: its group waits ${formatDuration(route.groupWaitMs)} (group_wait), or for its next turn within ${formatDuration(route.groupIntervalMs)}`;
  return { outcome: 'waiting', why, place: route.place, atMs: joinedMs };
}

function nobody(route: Route): Outcome {
  return { outcome: 'nobody', why: 'has no way to tell anybody', place: route.place, atMs: undefined };
}

interface NotificationRow {
  readonly state: string;
  readonly at_ms: number;
  readonly done_ms: number | null;
  readonly attempts: number;
  readonly error: string;
  readonly integration: string;
  readonly place: string;
}

/** The newest notification of this firing to a receiver: one that was delivered by then, if any was. */
function lastNotification(db: ReadDb, { alert, firing, timeMs }: Firing, receiver: string, group: string): NotificationRow | undefined {
  const rows = sql(
    db,
    `select state, at_ms, done_ms, attempts, error, integration, place from notifications
     where group_key = ? and receiver = ? and at_ms between ? and ? and exists (select 1 from json_each(firing) where value = ?)
     order by id desc limit 100`,
  ).all(group, receiver, firing.atMs, timeMs, alert) as NotificationRow[];
  return rows.find((row) => row.state === 'sent' && row.done_ms! <= timeMs) ?? rows[0];
}

function notifiedOutcome(row: NotificationRow, route: Route, timeMs: UnixMs): Outcome {
  const { place, integration } = row;
  if (row.state === 'sent' && row.done_ms! <= timeMs) {
    const next = formatTime(row.at_ms + route.repeatIntervalMs);
    const why = `was told (${integration}) at ${formatTime(row.done_ms!)}; the next reminder is due after ${next}`;
    return { outcome: 'told', why, place, atMs: row.done_ms! };
  }
  const error = row.error === '' ? 'no answer yet' : row.error;
  const why = `was to be told (${integration}) from ${formatTime(row.at_ms)}, which did not succeed in ${Math.max(1, row.attempts)} attempts: ${error}`;
  return { outcome: 'undelivered', why, place, atMs: row.at_ms };
}

/** What would have become of an alert with these labels at that moment. */
function hypothetical(db: ReadDb, config: AlertmanagerConfig, labels: Labels, timeMs: UnixMs): WhyReceiver[] {
  return matchRoutes(buildRoutes(config), labels).map((route) => ({
    receiver: route.receiver,
    group: groupKey(route, groupLabels(route, labels)),
    ...hypotheticalOutcome(db, config, route, labels, timeMs),
  }));
}

function hypotheticalOutcome(db: ReadDb, config: AlertmanagerConfig, route: Route, labels: Labels, timeMs: UnixMs): Outcome {
  if (route.integrations.length === 0) return nobody(route);
  const inhibition = inhibitionAt(db, config, labels, timeMs);
  if (inhibition !== undefined) return { outcome: 'inhibited', ...inhibition, atMs: undefined };
  const within = (name: string): boolean => config.intervals.some((interval) => interval.name === name && inNamedInterval(interval, timeMs));
  const muted = route.muteIntervals.filter(within);
  if (muted.length > 0) return { outcome: 'muted', why: `would be muted by ${muted.join(', ')}`, place: route.place, atMs: undefined };
  if (route.activeIntervals.length > 0 && !route.activeIntervals.some(within))
    return { outcome: 'muted', why: `would be muted outside ${route.activeIntervals.join(', ')}`, place: route.place, atMs: undefined };
  const [silence] = silencesAt(db, labels, timeMs);
  if (silence !== undefined)
    return { outcome: 'silenced', why: `would be silenced by ${silence.createdBy} until ${formatTime(silence.endsMs)}`, place: '', atMs: undefined };
  return { outcome: 'would-be-told', why: `would be told after ${formatDuration(route.groupWaitMs)}`, place: route.place, atMs: undefined };
}

function inhibitionAt(db: ReadDb, config: AlertmanagerConfig, labels: Labels, timeMs: UnixMs): { why: string; place: string } | undefined {
  if (config.inhibitRules.length === 0) return undefined;
  const rows = sql(
    db,
    `select alert, kind, json_extract(detail, '$.labels') as labels, max(id) from alert_decisions
     where kind in ('firing', 'resolved') and at_ms <= ? group by alert`,
  ).all(timeMs) as { alert: string; kind: string; labels: string }[];
  const firing = rows.filter(({ kind }) => kind === 'firing');
  const times = { startsMs: 0, endsMs: undefined, timesOut: false, firstMs: 0, updatedMs: 0 };
  const held = new Map(
    firing.map(({ alert, labels: json }) => [
      alert,
      { id: alert, labels: JSON.parse(json) as Labels, annotations: [], ...times, generatorUrl: '', rule: undefined, leftRoutes: [] },
    ]),
  );
  const inhibitor = createInhibitor(config, held);
  for (const alert of held.values()) inhibitor.add(alert);
  const found = inhibitor.inhibitedBy(labels, timeMs);
  if (found === undefined) return undefined;
  return { why: `would be kept back because ${labelValue(found.by.labels, 'alertname') || found.by.id} fires`, place: found.place };
}
