/** What the log itself says of how an incident went: starting points for the talk, never verdicts on people. */
import { formatDuration, type DurationMs, type Incident, type IncidentEvent, type UnixMs } from '#core/model/index.ts';
import { durations } from './durations.ts';
import { fold } from './fold.ts';
import { commanderRole } from './roles.ts';

interface Observations {
  readonly wentWell: readonly string[];
  readonly wentBadly: readonly string[];
}

const minuteMs = 60_000;
/** A page is expected to be seen and taken within five minutes; the seeds' runbook plans in the same unit. */
const promptMs: DurationMs = 5 * minuteMs;
/** More alerts than this for one incident are noise while it lasts. */
const alertsMax = 5;

export function observations(incident: Incident, events: readonly IncidentEvent[], nowMs: UnixMs): Observations {
  const wentWell: string[] = [];
  const wentBadly: string[] = [];
  const say = (good: boolean, text: string): void => void (good ? wentWell : wentBadly).push(text);
  ofSpans(incident, events, nowMs, say);
  ofUpdates(incident, events, nowMs, say);
  ofPeople(incident, events, say);
  ofRunbooks(incident, events, say);
  ofAlerts(incident, events, say);
  return { wentWell, wentBadly };
}

type Say = (good: boolean, text: string) => void;
const text = (ms: DurationMs): string => formatDuration(Math.round(ms / 1000) * 1000);

function ofSpans(incident: Incident, events: readonly IncidentEvent[], nowMs: UnixMs, say: Say): void {
  const [detect, acknowledge] = durations(incident, events, nowMs);
  if (detect?.ms !== undefined) {
    say(
      detect.ms <= promptMs,
      detect.ms <= promptMs ? `It was seen within ${text(detect.ms)}.` : `It went on for ${text(detect.ms)} before anything or anybody saw it.`,
    );
  }
  if (acknowledge?.ms !== undefined && acknowledge.ms > promptMs)
    say(false, `It took ${text(acknowledge.ms)} from the first sign until somebody took it.`);
  for (const { what, atMs } of events) {
    if (what.kind === 'sev' && what.to < what.from)
      say(false, `The SEV was raised from ${what.from} to ${what.to} after ${text(atMs - incident.declaredMs)}; was the first one too mild?`);
    if (what.kind === 'reopened') say(false, `It was reopened after it had been called ${incidentStateBefore(events, atMs)}.`);
  }
}

function incidentStateBefore(events: readonly IncidentEvent[], atMs: UnixMs): string {
  const last = events.findLast(({ what, atMs: thenMs }) => thenMs <= atMs && (what.kind === 'resolved' || what.kind === 'mitigated'));
  return last?.what.kind ?? 'over';
}

/** Replays the log and compares when each update came with when it was owed. */
function ofUpdates(incident: Incident, events: readonly IncidentEvent[], nowMs: UnixMs, say: Say): void {
  let late = 0;
  let worstMs: DurationMs = 0;
  let given = 0;
  let state = fold(undefined, events.slice(0, 1));
  for (const event of events.slice(1)) {
    const dueMs = state?.incident.nextUpdateMs;
    const isUpdate = event.what.kind === 'update';
    if (isUpdate) given++;
    if (dueMs !== undefined && (isUpdate || event.what.kind === 'resolved') && event.atMs > dueMs) {
      late++;
      worstMs = Math.max(worstMs, event.atMs - dueMs);
    }
    state = fold(state, [event]);
  }
  if (incident.nextUpdateMs !== undefined && nowMs > incident.nextUpdateMs)
    say(false, `A status update has been owed for ${text(nowMs - incident.nextUpdateMs)}.`);
  if (given === 0 && late > 0) say(false, 'No status update was given, though one was owed.');
  else if (late > 0) say(false, `${late === 1 ? 'One status update was' : `${late} status updates were`} late, the worst by ${text(worstMs)}.`);
  else if (given > 0) say(true, given === 1 ? 'The status update came on time.' : `All ${given} status updates came on time.`);
}

function ofPeople(incident: Incident, events: readonly IncidentEvent[], say: Say): void {
  const worst = Math.min(
    incident.sev,
    ...events.flatMap(({ what }) => (what.kind === 'declared' ? [what.sev] : what.kind === 'sev' ? [what.to] : [])),
  );
  if (worst > 2) return;
  const named = events.find(({ what }) => what.kind === 'role' && what.role === commanderRole && what.who !== '');
  const afterMs = named === undefined ? undefined : named.atMs - incident.declaredMs;
  if (afterMs === undefined) say(false, 'Nobody was named incident commander.');
  else if (afterMs > promptMs) say(false, `An incident commander was named only after ${text(afterMs)}.`);
  else say(true, afterMs < minuteMs ? 'An incident commander was named at once.' : `An incident commander was named within ${text(afterMs)}.`);
}

function ofRunbooks(incident: Incident, events: readonly IncidentEvent[], say: Say): void {
  if (incident.runs.length === 0) say(false, 'No runbook was opened; is there one that fits, and would it have been found?');
  for (const { what } of events) {
    if (what.kind !== 'step') continue;
    const { event, runbook } = what;
    if (event.kind === 'skipped') say(false, `"${event.title}" of ${runbook} was skipped: ${event.why}`);
    if (event.kind === 'checked' && event.state === 'unknown')
      say(false, `"${event.title}" of ${runbook} could not tell: ${event.evidence.sentence}`);
    if (event.kind === 'checked' && event.state === 'fail') say(true, `"${event.title}" of ${runbook} found something: ${event.evidence.sentence}`);
  }
}

function ofAlerts(incident: Incident, events: readonly IncidentEvent[], say: Say): void {
  if (incident.alerts.length > alertsMax)
    say(false, `${incident.alerts.length} alerts fired for this one incident; could they be grouped or inhibited?`);
  const fired = events.some(({ what }) => what.kind === 'alert' && what.to === 'firing');
  if (!fired) say(false, 'No alert fired; people found it.');
}
