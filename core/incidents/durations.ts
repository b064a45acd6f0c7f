/** How long the parts of an incident took. Every figure says from where to where it was measured, or why there is none. */
import { formatDuration, formatTime, type DurationMs, type Incident, type IncidentEvent, type Sev, type UnixMs } from '#core/model/index.ts';

interface Span {
  readonly name: string;
  /** Undefined when one of its ends has not happened or is not known; `why` then says so. */
  readonly ms: DurationMs | undefined;
  readonly why: string;
}

interface Mark {
  readonly atMs: UnixMs;
  readonly what: string;
}

/** Time to detect, acknowledge, mitigate and resolve, then the time in each SEV that the incident had. */
export function durations(incident: Incident, events: readonly IncidentEvent[], nowMs: UnixMs): readonly Span[] {
  const start: Mark = { atMs: incident.startedMs, what: 'the start' };
  const detected = detection(incident, events);
  const acked: Mark =
    incident.ackedMs === undefined || incident.ackedMs > incident.declaredMs
      ? { atMs: incident.declaredMs, what: 'the declaration, as nobody acknowledged before it' }
      : { atMs: incident.ackedMs, what: 'the first acknowledgement' };
  const mitigated = markOf(incident.mitigatedMs, 'the mitigation') ?? markOf(incident.resolvedMs, 'the resolution, as no mitigation was logged');
  return [
    between('Time to detect', start, detected, ''),
    between('Time to acknowledge', detected, acked, ''),
    between('Time to mitigate', start, mitigated, 'not mitigated yet'),
    between('Time to resolve', start, markOf(incident.resolvedMs, 'the resolution'), 'not resolved yet'),
    ...timeInSevs(incident, events, nowMs),
  ];
}

/** The first sign that anybody, or anything, saw it: an alert firing, an acknowledgement, the declaration. */
export function detection(incident: Incident, events: readonly IncidentEvent[]): Mark {
  const signs = events.flatMap(({ atMs, what }): Mark[] => {
    if (what.kind === 'alert' && what.to === 'firing') return [{ atMs, what: 'the first alert firing' }];
    return what.kind === 'ack' ? [{ atMs, what: 'the first acknowledgement' }] : [];
  });
  return signs.reduce((first, sign) => (sign.atMs < first.atMs ? sign : first), { atMs: incident.declaredMs, what: 'the declaration' });
}

function markOf(atMs: UnixMs | undefined, what: string): Mark | undefined {
  return atMs === undefined ? undefined : { atMs, what };
}

function between(name: string, from: Mark, to: Mark | undefined, missing: string): Span {
  if (to === undefined) return { name, ms: undefined, why: missing };
  const why = `from ${from.what} (${formatTime(from.atMs)}) to ${to.what} (${formatTime(to.atMs)})`;
  if (to.atMs < from.atMs) return { name, ms: undefined, why: `${why}: that ends before it begins; correct the times` };
  return { name, ms: to.atMs - from.atMs, why };
}

/** The first SEV counts from the start, the last until the resolution, or until now; the time between resolved and reopened counts for none. */
function timeInSevs(incident: Incident, events: readonly IncidentEvent[], nowMs: UnixMs): readonly Span[] {
  const spentMs = new Map<Sev, DurationMs>();
  const inOrder = [...events].sort((a, b) => a.atMs - b.atMs || a.seq - b.seq);
  let current = firstSev(incident, events);
  let sinceMs: UnixMs | undefined = incident.startedMs;
  const settle = (atMs: UnixMs): void => {
    spentMs.set(current, (spentMs.get(current) ?? 0) + (sinceMs === undefined ? 0 : Math.max(0, atMs - sinceMs)));
    if (sinceMs !== undefined) sinceMs = Math.max(sinceMs, atMs);
  };
  for (const { atMs, what } of inOrder) {
    if (what.kind === 'sev') {
      settle(atMs);
      current = what.to;
    } else if (what.kind === 'resolved') {
      settle(atMs);
      sinceMs = undefined;
    } else if (what.kind === 'reopened') sinceMs = atMs;
  }
  if (sinceMs !== undefined) settle(nowMs);
  const soFar = incident.status === 'resolved' ? '' : `, so far (${formatTime(nowMs)})`;
  return [...spentMs.entries()]
    .sort(([a], [b]) => a - b)
    .map(([level, ms]) => ({ name: `Time in SEV-${level}`, ms, why: `from the start, without the time it was resolved${soFar}` }));
}

function firstSev(incident: Incident, events: readonly IncidentEvent[]): Sev {
  for (const { what } of events) if (what.kind === 'declared') return what.sev;
  return incident.sev;
}

/** `12m30s`, or a dash for what is not known. */
export function spanText(span: Span): string {
  return span.ms === undefined ? '–' : formatDuration(Math.round(span.ms / 1000) * 1000);
}
