/** The incident's log as sentences in markdown, in order of when things happened. */
import { formatDuration, formatTime, labelValue, type IncidentEvent, type IncidentFact, type RunbookEvent } from '#core/model/index.ts';
import { codeCell, inline } from './text.ts';

export interface TimelineRow {
  /** `2026-01-05 03:12:07` in UTC. */
  readonly time: string;
  readonly by: string;
  readonly text: string;
}

/** Written down this much later than it happened, a line says so. */
const lateMs = 60_000;

/** In order of time; going on from a step is told with the step. Texts fit into a table's cell. */
export function timeline(events: readonly IncidentEvent[]): readonly TimelineRow[] {
  const rows: TimelineRow[] = [];
  let before: IncidentEvent | undefined;
  for (const event of [...events].sort((a, b) => a.atMs - b.atMs || a.seq - b.seq)) {
    const { what } = event;
    const last = rows.at(-1);
    if (last !== undefined && what.kind === 'step' && what.event.kind === 'went' && leaves(before, event)) {
      rows[rows.length - 1] = { ...last, text: `${last.text} → ${inline(what.event.title)}` };
    } else rows.push({ time: clockTime(event.atMs), by: inline(event.by), text: sentence(what) + lateness(event) });
    before = event;
  }
  return rows;
}

/** Whether `event` is how its run left the step that `before` is about. */
function leaves(before: IncidentEvent | undefined, event: IncidentEvent): boolean {
  if (before?.what.kind !== 'step' || event.what.kind !== 'step' || before.what.run !== event.what.run) return false;
  return before.seq + 1 === event.seq && before.atMs === event.atMs && 'step' in before.what.event;
}

/** A time in UTC as tables show it. */
export function clockTime(timeMs: number): string {
  return formatTime(Math.floor(timeMs / 1000) * 1000)
    .replace('T', ' ')
    .replace('Z', '');
}

function lateness({ atMs, loggedMs, what }: IncidentEvent): string {
  const byHand = what.kind === 'note' || what.kind === 'mitigated' || what.kind === 'resolved';
  if (!byHand || loggedMs - atMs < lateMs) return '';
  return ` (written down ${formatDuration(Math.round((loggedMs - atMs) / 60_000) * 60_000)} later)`;
}

function sentence(what: IncidentFact): string {
  switch (what.kind) {
    case 'declared':
      return `**Declared as SEV-${what.sev}**: ${inline(what.title)}${because(what.why)}`;
    case 'alert':
      return `Alert ${codeCell(labelValue(what.labels, 'alertname') || what.alert)} is ${what.to}${because(what.summary)}`;
    case 'ack':
      return `Alert ${codeCell(labelValue(what.labels, 'alertname') || what.alert)} acknowledged`;
    case 'sev':
      return `**SEV-${what.from} → SEV-${what.to}**${because(what.why)}`;
    case 'role':
      return what.who === '' ? `${inline(what.role)}: nobody` : `${inline(what.role)}: **${inline(what.who)}**`;
    case 'note':
      return inline(what.text);
    case 'step':
      return `_${inline(what.runbook)}_: ${stepSentence(what.event)}`;
    case 'mitigated':
      return `**Mitigated**${because(what.how)}`;
    case 'resolved':
      return `**Resolved**${because(what.how)}`;
    case 'reopened':
      return `**Reopened**${because(what.why)}`;
    case 'started':
      return `Start corrected to ${clockTime(what.startedMs)}${because(what.why)}`;
    case 'title':
      return `Renamed: ${inline(what.title)}`;
    case 'detached':
      return `Alert ${codeCell(what.alert)} taken out${because(what.why)}`;
    case 'update':
      return `**Status update**: ${inline([what.conditions, what.actions, what.needs].filter((part) => part !== '').join('\n'))}`;
    case 'action':
      return `Action item ${what.action.id} (${what.action.state}): ${inline(what.action.text)}`;
  }
}

/** What a runbook event says, with its evidence. */
export function stepSentence(event: RunbookEvent): string {
  switch (event.kind) {
    case 'started':
      return `started${given(event.params)}`;
    case 'checked':
      return `${inline(event.title)} – **${event.state}**: ${inline(event.evidence.sentence)}`;
    case 'ticked':
      return `${inline(event.title)} – ${event.answer === undefined ? 'done' : `**${event.answer}**, said by hand`}${because(event.note)}`;
    case 'skipped':
      return `${inline(event.title)} – skipped${because(event.why)}`;
    case 'went':
      return `went to ${inline(event.title)}${because(event.why)}`;
    case 'finished':
      return 'finished';
  }
}

function given(params: readonly { readonly name: string; readonly value: string }[]): string {
  const filled = params.filter(({ value }) => value !== '').map(({ name, value }) => codeCell(`${name}=${value}`));
  return filled.length === 0 ? '' : ` with ${filled.join(', ')}`;
}

function because(why: string): string {
  return why === '' ? '' : `: ${inline(why)}`;
}
