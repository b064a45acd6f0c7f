import { labelValue, type IncidentEvent, type IncidentFact, type RunbookEvent } from '#core/model/index.ts';
import { IconAlert, IconBad, IconBranch, IconCheck, IconClock, IconEdit, IconFiring, IconGo, IconIncident, IconMitigate } from '../../ui/icons.ts';
import { IconNote, IconOk, IconPerson, IconReopen, IconReport, IconRunbook, IconSkip, IconSteps, IconUnknown, IconWarn } from '../../ui/icons.ts';
import type { Picture, Tone } from '../../ui/tone.ts';

/** A line of the timeline as the screen shows it. Texts are raw: whoever shows them makes them visible. */
export interface EventText {
  readonly icon: Picture;
  readonly tone: Tone;
  readonly text: string;
  /** Further words, below. */
  readonly more: string;
  readonly href?: string;
}

/** A line with the events that it tells: a step, and where its run went on to from there. */
export interface EventLine {
  readonly event: IncidentEvent;
  readonly is: EventText;
}

/** The lines of a log, by when things happened, the newest first. Where a run went on to is told with the step that it left. */
export function timelineLines(events: readonly IncidentEvent[]): readonly EventLine[] {
  const lines: EventLine[] = [];
  const inOrder = [...events].sort((a, b) => a.atMs - b.atMs || a.seq - b.seq);
  for (const [i, event] of inOrder.entries()) {
    const last = lines.at(-1);
    if (last !== undefined && leavesStep(inOrder[i - 1], event)) {
      const where = eventText(event).text;
      lines[lines.length - 1] = { ...last, is: { ...last.is, more: last.is.more === '' ? where : `${last.is.more}\n${where}` } };
    } else lines.push({ event, is: eventText(event) });
  }
  return lines.reverse();
}

function leavesStep(before: IncidentEvent | undefined, event: IncidentEvent): boolean {
  if (before?.what.kind !== 'step' || event.what.kind !== 'step' || event.what.event.kind !== 'went') return false;
  return before.what.run === event.what.run && before.seq + 1 === event.seq && 'step' in before.what.event;
}

function eventText({ what }: IncidentEvent): EventText {
  return what.kind === 'step' ? stepText(what.runbook, what.event) : factText(what);
}

const alertName = (fact: { readonly labels: readonly string[]; readonly alert: string }): string =>
  labelValue(fact.labels, 'alertname') || fact.alert;

function factText(fact: Exclude<IncidentFact, { kind: 'step' }>): EventText {
  switch (fact.kind) {
    case 'declared':
      return { icon: IconIncident, tone: 'bad', text: `Declared as SEV-${fact.sev}: ${fact.title}`, more: fact.why };
    case 'alert': {
      const href = `#/alerts/${fact.alert}`;
      const look =
        fact.to === 'resolved'
          ? { icon: IconOk, tone: 'ok' as const }
          : fact.to === 'firing'
            ? { icon: IconFiring, tone: 'bad' as const }
            : { icon: IconWarn, tone: 'warn' as const };
      return { ...look, text: `${alertName(fact)} ${fact.to === 'resolved' ? 'resolved' : fact.to}`, more: fact.summary, href };
    }
    case 'ack':
      return { icon: IconAlert, tone: 'info', text: `Took ${alertName(fact)}`, more: '', href: `#/alerts/${fact.alert}` };
    case 'sev':
      return {
        icon: fact.to < fact.from ? IconBad : IconWarn,
        tone: fact.to < fact.from ? 'bad' : 'warn',
        text: `SEV-${fact.from} became SEV-${fact.to}`,
        more: fact.why,
      };
    case 'role':
      return { icon: IconPerson, tone: 'info', text: fact.who === '' ? `Nobody is ${fact.role} now` : `${fact.who} is ${fact.role}`, more: '' };
    case 'note':
      return { icon: IconNote, tone: 'quiet', text: fact.text, more: '' };
    case 'mitigated':
      return { icon: IconMitigate, tone: 'ok', text: 'Mitigated', more: fact.how };
    case 'resolved':
      return { icon: IconOk, tone: 'ok', text: 'Resolved', more: fact.how };
    case 'reopened':
      return { icon: IconReopen, tone: 'bad', text: 'Reopened', more: fact.why };
    case 'started':
      return {
        icon: IconClock,
        tone: 'quiet',
        text: `Start set to ${new Date(fact.startedMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`,
        more: fact.why,
      };
    case 'title':
      return { icon: IconEdit, tone: 'quiet', text: `Renamed: ${fact.title}`, more: '' };
    case 'detached':
      return { icon: IconAlert, tone: 'quiet', text: 'An alert was taken out', more: fact.why, href: `#/alerts/${fact.alert}` };
    case 'update':
      return {
        icon: IconReport,
        tone: 'info',
        text: `Status update: ${fact.conditions}`,
        more: [fact.actions, fact.needs].filter((part) => part !== '').join('\n'),
      };
    case 'action':
      return {
        icon: IconSteps,
        tone: 'info',
        text: `Action item ${fact.action.id}, ${fact.action.state}: ${fact.action.text}`,
        more: fact.action.owner,
      };
  }
}

function stepText(runbook: string, event: RunbookEvent): EventText {
  switch (event.kind) {
    case 'started':
      return {
        icon: IconRunbook,
        tone: 'info',
        text: `Runbook begun: ${runbook}`,
        more: event.params.map(({ name, value }) => `${name} ${value}`).join(', '),
      };
    case 'checked': {
      const look = {
        pass: { icon: IconOk, tone: 'ok' as const },
        fail: { icon: IconBad, tone: 'bad' as const },
        unknown: { icon: IconUnknown, tone: 'warn' as const },
      }[event.state];
      return {
        ...look,
        text: `${event.title}: ${event.state === 'pass' ? 'passed' : event.state === 'fail' ? 'failed' : 'unknown'}`,
        more: event.evidence.sentence,
      };
    }
    case 'ticked': {
      const verdict = event.answer === undefined ? 'done' : event.answer === 'pass' ? 'passed' : 'failed';
      return {
        icon: event.answer === 'fail' ? IconBad : IconCheck,
        tone: event.answer === 'fail' ? 'bad' : 'ok',
        text: `${event.title}: ${verdict}`,
        more: event.note,
      };
    }
    case 'skipped':
      return { icon: IconSkip, tone: 'quiet', text: `${event.title}: skipped`, more: event.why };
    case 'went':
      return {
        icon: event.why === '' ? IconGo : IconBranch,
        tone: 'quiet',
        text: `On to ${event.to === 'end' ? 'the end' : event.title}`,
        more: event.why,
      };
    case 'finished':
      return { icon: IconOk, tone: 'ok', text: `Runbook finished: ${runbook}`, more: '' };
  }
}
