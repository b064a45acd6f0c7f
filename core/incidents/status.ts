/** Status updates: what to say, drafted from the log in the form conditions, actions, needs, and as text to paste elsewhere. */
import { formatDuration, formatTime, severities, type Incident, type IncidentEvent, type StatusUpdate, type UnixMs } from '#core/model/index.ts';
import { commanderRole } from './roles.ts';
import { visible } from './text.ts';

type Audience = 'internal' | 'public';

interface UpdateDraft {
  readonly conditions: string;
  readonly actions: string;
  readonly needs: string;
}

const noteCharsMax = 200;

/** A first draft of the next update, for a person to change: how it stands, what was done since the last one, who is missing. */
export function draftUpdate(incident: Incident, events: readonly IncidentEvent[], nowMs: UnixMs): UpdateDraft {
  const lastUpdateSeq = events.findLast(({ what }) => what.kind === 'update')?.seq ?? 0;
  const since = events.filter(({ seq }) => seq > lastUpdateSeq);
  const means = severities.find(({ sev }) => sev === incident.sev)!.means;
  const lasted = formatDuration(Math.max(0, Math.round((nowMs - incident.startedMs) / 60_000) * 60_000));
  const state = { open: `going on for ${lasted}`, mitigated: 'mitigated, and watched', resolved: 'resolved' }[incident.status];
  return {
    conditions: `${incident.title}: SEV-${incident.sev} (${means}), ${state}.`,
    actions: since.flatMap(actionOf).join('\n'),
    needs: needsOf(incident),
  };
}

function actionOf({ what }: IncidentEvent): readonly string[] {
  if (what.kind === 'mitigated' || what.kind === 'resolved') return what.how === '' ? [] : [what.how];
  if (what.kind === 'note') return [what.text.split('\n')[0]!.slice(0, noteCharsMax)];
  if (what.kind !== 'step' || what.event.kind !== 'checked') return [];
  return [`${what.event.title}: ${what.event.evidence.sentence}`];
}

function needsOf(incident: Incident): string {
  const commanded = incident.roles.some(({ role }) => role === commanderRole);
  return commanded || incident.sev > 2 || incident.status === 'resolved' ? '' : 'An incident commander.';
}

/**
 * An update as plain text to paste into a channel or a status page. The public one says what users see and when to look again;
 * needs, names and SEV stay inside.
 */
export function statusText(incident: Incident, update: Omit<StatusUpdate, 'kind'>, audience: Audience, atMs: UnixMs): string {
  const lines = audience === 'public' ? publicLines(incident, update) : internalLines(incident, update, atMs);
  const next = update.nextMs === undefined ? [] : [`Next update by ${minute(update.nextMs)} UTC.`];
  return [...lines, ...next].map((line) => visible(line, true)).join('\n');
}

function internalLines(incident: Incident, { conditions, actions, needs }: Omit<StatusUpdate, 'kind'>, atMs: UnixMs): readonly string[] {
  const commander = incident.roles.find(({ role }) => role === commanderRole)?.who ?? 'nobody yet';
  return [
    `Incident ${incident.id}, SEV-${incident.sev}, ${incident.status}: ${incident.title} (${minute(atMs)} UTC)`,
    `Conditions: ${conditions}`,
    `Actions: ${actions === '' ? 'none yet' : actions}`,
    `Needs: ${needs === '' ? 'nothing' : needs}`,
    `Incident commander: ${commander}`,
  ];
}

function publicLines(incident: Incident, { conditions }: Omit<StatusUpdate, 'kind'>): readonly string[] {
  const state = { open: 'We are working on it', mitigated: 'The worst is over and we are watching', resolved: 'This is resolved' }[incident.status];
  return [`${state}. ${conditions}`, `It began at ${minute(incident.startedMs)} UTC on ${formatTime(incident.startedMs).slice(0, 10)}.`];
}

/** `03:16` in UTC. */
function minute(timeMs: UnixMs): string {
  return formatTime(timeMs).slice(11, 16);
}
