/** Our nouns as Alertmanager's API writes them. */
import { labelsToRecord, type UnixMs } from '#core/model/index.ts';
import type { AlertView, GroupView } from '../view.ts';
import { silenceState, type Silence } from '../silences.ts';

/** RFC 3339 with milliseconds, as Alertmanager writes times. */
function apiTime(timeMs: UnixMs): string {
  return new Date(timeMs).toISOString();
}

/** `untilMs` stands in for the end of an alert that has none: the API knows no open ends. */
export function alertJson(view: AlertView, untilMs: UnixMs): Record<string, unknown> {
  const { alert, receivers, silencedBy, inhibitedBy, mutedBy, state } = view;
  return {
    annotations: labelsToRecord(alert.annotations),
    endsAt: apiTime(alert.endsMs ?? untilMs),
    fingerprint: alert.id,
    receivers: receivers.map((name) => ({ name })),
    startsAt: apiTime(alert.startsMs),
    status: {
      inhibitedBy: inhibitedBy === undefined ? [] : [inhibitedBy.by.id],
      mutedBy,
      silencedBy,
      state: state === 'suppressed' ? 'suppressed' : 'active',
    },
    updatedAt: apiTime(alert.updatedMs),
    ...(alert.generatorUrl !== '' && { generatorURL: alert.generatorUrl }),
    labels: labelsToRecord(alert.labels),
  };
}

export function groupJson(group: GroupView, untilMs: UnixMs): Record<string, unknown> {
  return {
    alerts: group.alerts.map((view) => alertJson(view, untilMs)),
    labels: labelsToRecord(group.labels),
    receiver: { name: group.receiver },
  };
}

export function silenceJson(silence: Silence, nowMs: UnixMs): Record<string, unknown> {
  return {
    id: silence.id,
    status: { state: silenceState(silence, nowMs) },
    updatedAt: apiTime(silence.updatedMs),
    comment: silence.comment,
    createdBy: silence.createdBy,
    endsAt: apiTime(silence.endsMs),
    startsAt: apiTime(silence.startsMs),
    matchers: silence.matchers.map(({ name, op, value }) => ({
      isEqual: op === '=' || op === '=~',
      isRegex: op === '=~' || op === '!~',
      name,
      value,
    })),
  };
}
