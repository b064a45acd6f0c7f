/** An incident is the fold of its events in order of `seq`. Times in it are the events' `atMs`, so a time set back counts. */
import { assert, type Alert, type Incident, type IncidentEvent, type Labels } from '#core/model/index.ts';
import { severalPeople } from './roles.ts';
import { updateDue } from './severity.ts';

/** An incident and what its log says of its alerts, which later alert changes are compared with. */
export interface Folded {
  readonly incident: Incident;
  /** Events folded so far; the `seq` of the last one. */
  readonly seq: number;
  readonly alerts: ReadonlyMap<string, { readonly labels: Labels; readonly state: Alert['state'] }>;
  /** Alerts that somebody took out; they are never attached again by themselves. */
  readonly detached: ReadonlySet<string>;
  /** How it was mitigated, or else resolved, in somebody's words; empty when nobody said. */
  readonly helped: string;
}

/** Folds further events onto what is known; the first event of all is `declared`. */
export function fold(before: Folded | undefined, events: readonly IncidentEvent[]): Folded | undefined {
  return events.reduce<Folded | undefined>(step, before);
}

function step(before: Folded | undefined, event: IncidentEvent): Folded {
  if (before === undefined) return declared(event);
  assert(event.seq === before.seq + 1, `event ${event.seq} of incident ${event.incident} follows ${before.seq}`);
  const alerts = alertsAfter(before, event);
  return { ...before, ...alerts, incident: incidentAfter(before.incident, event), helped: helpedAfter(before, event), seq: event.seq };
}

function declared({ incident, seq, atMs, what }: IncidentEvent): Folded {
  assert(what.kind === 'declared' && seq === 1, `the log of incident ${incident} begins with its declaration`);
  const dueMs = updateDue(what.sev, 'first');
  return {
    seq,
    alerts: new Map(),
    detached: new Set(),
    helped: '',
    incident: {
      id: incident,
      title: what.title,
      sev: what.sev,
      status: 'open',
      startedMs: what.startedMs,
      declaredMs: atMs,
      ackedMs: undefined,
      mitigatedMs: undefined,
      resolvedMs: undefined,
      roles: [],
      alerts: [],
      runs: [],
      nextUpdateMs: dueMs === undefined ? undefined : atMs + dueMs,
      actions: [],
    },
  };
}

function alertsAfter(before: Folded, { what }: IncidentEvent): Partial<Folded> {
  if (what.kind === 'alert') return { alerts: new Map(before.alerts).set(what.alert, { labels: what.labels, state: what.to }) };
  if (what.kind !== 'detached') return {};
  const alerts = new Map(before.alerts);
  alerts.delete(what.alert);
  return { alerts, detached: new Set(before.detached).add(what.alert) };
}

function helpedAfter({ helped }: Folded, { what }: IncidentEvent): string {
  if (what.kind === 'mitigated') return what.how || helped;
  return what.kind === 'resolved' ? helped || what.how : helped;
}

function incidentAfter(now: Incident, { atMs, what }: IncidentEvent): Incident {
  switch (what.kind) {
    case 'declared':
    case 'note':
      return now;
    case 'alert':
      return now.alerts.includes(what.alert) ? now : { ...now, alerts: [...now.alerts, what.alert] };
    case 'detached':
      return { ...now, alerts: now.alerts.filter((id) => id !== what.alert) };
    case 'ack':
      return { ...now, ackedMs: Math.min(now.ackedMs ?? atMs, atMs) };
    case 'sev':
      return { ...now, sev: what.to, nextUpdateMs: dueAfterSev(now, what.to, atMs) };
    case 'role':
      return { ...now, roles: rolesAfter(now, what.role, what.who) };
    case 'step':
      return what.event.kind === 'started' ? { ...now, runs: [...now.runs, what.run] } : now;
    case 'mitigated':
      return { ...now, status: 'mitigated', mitigatedMs: atMs };
    case 'resolved':
      return { ...now, status: 'resolved', resolvedMs: atMs, nextUpdateMs: undefined };
    case 'reopened': {
      const dueMs = updateDue(now.sev, 'first');
      const nextUpdateMs = dueMs === undefined ? undefined : atMs + dueMs;
      return { ...now, status: 'open', mitigatedMs: undefined, resolvedMs: undefined, nextUpdateMs };
    }
    case 'started':
      return { ...now, startedMs: what.startedMs };
    case 'title':
      return { ...now, title: what.title };
    case 'update':
      return { ...now, nextUpdateMs: now.status === 'resolved' ? undefined : what.nextMs };
    case 'action':
      return { ...now, actions: [...now.actions.filter(({ id }) => id !== what.action.id), what.action].sort((a, b) => a.id - b.id) };
  }
}

/** A worse SEV never puts an update off; a milder one gives it its own time. */
function dueAfterSev(now: Incident, sev: Incident['sev'], atMs: number): number | undefined {
  const dueMs = updateDue(sev, 'first');
  if (dueMs === undefined || now.status === 'resolved') return undefined;
  return sev < now.sev ? Math.min(now.nextUpdateMs ?? Number.POSITIVE_INFINITY, atMs + dueMs) : (now.nextUpdateMs ?? atMs + dueMs);
}

/** A role is held by one person, or by several where that is its nature; nobody (an empty name) leaves it free. */
function rolesAfter(now: Incident, role: string, who: string): Incident['roles'] {
  const others = now.roles.filter((held) => held.role !== role || (severalPeople(role) && who !== '' && held.who !== who));
  return who === '' ? others : [...others, { role, who }];
}
