/** The post-mortem: a reading of the incident's log as markdown, with prompts where only people know. */
import { formatTime, labelValue, severities, type Incident, type IncidentEvent, type UnixMs } from '#core/model/index.ts';
import { chartSection, type ChartData } from './chart-data.ts';
import { detection, durations, spanText } from './durations.ts';
import { observations } from './observations.ts';
import { commanderRole } from './roles.ts';
import { fill, readTemplate, standardTemplate } from './template.ts';
import { code, inline } from './text.ts';
import { clockTime, stepSentence, timeline } from './timeline.ts';

interface PostmortemInput {
  readonly incident: Incident;
  /** The whole log, by `seq`. */
  readonly events: readonly IncidentEvent[];
  readonly charts: readonly ChartData[];
  /** When it is written; what still runs counts up to here. */
  readonly nowMs: UnixMs;
  /** Markdown with `{{section}}` where a reading of the log goes; the standard one when absent. */
  readonly template?: string | undefined;
}

type Section = (input: PostmortemInput) => string;

/** What a template may ask for. */
const sections: Readonly<Record<string, Section>> = {
  title: ({ incident }) => inline(incident.title),
  facts,
  summary,
  impact,
  detection: detectionSection,
  resolution,
  timeline: timelineSection,
  durations: durationsSection,
  roles,
  runbooks,
  updates,
  'went-well': (input) => bullets(observations(input.incident, input.events, input.nowMs).wentWell),
  'went-badly': (input) => bullets(observations(input.incident, input.events, input.nowMs).wentBadly),
  actions,
  data,
};

/** Names of the sections that a template may ask for. */
export const postmortemSections: readonly string[] = Object.keys(sections);

/** The whole document. Everything that came from elsewhere is neutralised: it shows as text and is never markup or a formula. */
export function postmortem(input: PostmortemInput): string {
  const { body } = readTemplate(input.template ?? standardTemplate);
  const writers = new Map(Object.entries(sections).map(([name, write]) => [name, () => write(input)]));
  return `${fill(body, writers)
    .replace(/\n{3,}/g, '\n\n')
    .trimEnd()}\n`;
}

/** A name for the file: `2026-01-05-incident-12-post-mortem.md`. */
export function postmortemFileName(incident: Incident): string {
  return `${formatTime(incident.startedMs).slice(0, 10)}-incident-${incident.id}-post-mortem.md`;
}

function facts({ incident, events, nowMs }: PostmortemInput): string {
  const sevs = events.flatMap(({ what }) => (what.kind === 'declared' ? [what.sev] : what.kind === 'sev' ? [what.to] : []));
  const worst = Math.min(incident.sev, ...sevs);
  const commander = incident.roles.find(({ role }) => role === commanderRole)?.who;
  return table(
    ['', ''],
    [
      ['Incident', String(incident.id)],
      ['SEV', `SEV-${incident.sev}${worst < incident.sev ? `, at its worst SEV-${worst}` : ''}`],
      ['Status', incident.status],
      ['Started', `${clockTime(incident.startedMs)} UTC`],
      ['Resolved', incident.resolvedMs === undefined ? 'not yet' : `${clockTime(incident.resolvedMs)} UTC`],
      ['Incident commander', commander === undefined ? 'nobody named' : inline(commander)],
      ['Written', `${clockTime(nowMs)} UTC, from the incident's log; all times are UTC`],
    ],
  );
}

function summary(input: PostmortemInput): string {
  const { incident, events } = input;
  const found = detection(incident, events);
  const spans = durations(incident, events, input.nowMs);
  const took = (name: string): string => {
    const span = spans.find((each) => each.name === name);
    return span?.ms === undefined ? '' : ` after ${spanText(span)}`;
  };
  const end =
    incident.resolvedMs === undefined
      ? `It is ${incident.status}.`
      : `It was mitigated${took('Time to mitigate')} and resolved${took('Time to resolve')}.`;
  const alertCount = incident.alerts.length === 1 ? '1 alert belongs' : `${incident.alerts.length} alerts belong`;
  return `It began at ${clockTime(incident.startedMs)} UTC and was seen${took('Time to detect')}, by ${found.what}. ${end} ${alertCount} to it.`;
}

function impact({ incident, events, nowMs }: PostmortemInput): string {
  const reasons = events.flatMap(({ atMs, what }) => {
    if (what.kind !== 'declared' && what.kind !== 'sev') return [];
    const [sev, when] = what.kind === 'declared' ? [what.sev, 'at the declaration'] : [what.to, `from ${clockTime(atMs)}`];
    return [`SEV-${sev} ${when}${what.why === '' ? '' : `: ${what.why}`}`];
  });
  const levels = durations(incident, events, nowMs)
    .filter(({ name }) => name.startsWith('Time in SEV'))
    .map((span) => [span.name.replace('Time in ', ''), severities.find(({ sev }) => span.name.endsWith(String(sev)))?.means ?? '', spanText(span)]);
  return `${table(['SEV', 'means', 'for'], levels)}\n\n${bullets(reasons)}`;
}

function detectionSection({ incident, events, nowMs }: PostmortemInput): string {
  const first = events.filter(({ what }) => what.kind === 'alert' && what.to === 'firing').sort((a, b) => a.atMs - b.atMs || a.seq - b.seq)[0];
  const toDetect = durations(incident, events, nowMs)[0]!;
  const measured = `Time to detect: ${spanText(toDetect)}, ${inline(toDetect.why)}.`;
  if (first?.what.kind !== 'alert') return `No alert found it; a person did. ${measured}`;
  const { alert, labels, expr } = first.what;
  const rule = expr === '' ? '' : ` Its rule: ${code(expr)}`;
  return `${code(labelValue(labels, 'alertname') || alert)} fired at ${clockTime(first.atMs)} UTC. ${measured}${rule}`;
}

function resolution({ events }: PostmortemInput): string {
  const lines = events.flatMap(({ atMs, what }) => {
    if (what.kind !== 'mitigated' && what.kind !== 'resolved' && what.kind !== 'reopened') return [];
    const how = what.kind === 'reopened' ? what.why : what.how;
    return [`${clockTime(atMs)} ${what.kind}${how === '' ? '' : `: ${how}`}`];
  });
  return lines.length === 0 ? 'It is not over yet.' : bullets(lines);
}

/** Half from the beginning and half from the end; a log this long is one of flapping alerts. */
const timelineRowsMax = 1_000;

function timelineSection({ events }: PostmortemInput): string {
  const rows = timeline(events.filter(({ what }) => what.kind !== 'action')).map(({ time, by, text }) => [time, by, text]);
  const half = timelineRowsMax / 2;
  const leftOutCount = rows.length - timelineRowsMax;
  if (leftOutCount > 0) rows.splice(half, leftOutCount, ['…', '', `${leftOutCount} lines are left out here; the incident's log has them all.`]);
  return table(['Time (UTC)', 'Who', 'What'], rows);
}

function durationsSection({ incident, events, nowMs }: PostmortemInput): string {
  return table(
    ['Measure', 'Duration', 'How it is measured'],
    durations(incident, events, nowMs).map((span) => [span.name, spanText(span), inline(span.why)]),
  );
}

function roles({ events }: PostmortemInput): string {
  const named = events.flatMap(({ atMs, what }) =>
    what.kind === 'role' && what.who !== '' ? [[inline(what.role), inline(what.who), clockTime(atMs)]] : [],
  );
  const people = [...new Set(events.map(({ by }) => by))].filter((by) => by !== 'signalbox').map(inline);
  const others = people.length === 0 ? '' : `\n\nIn the log: ${people.join(', ')}.`;
  return (named.length === 0 ? 'Nobody was named for a role.' : table(['Role', 'Who', 'Since'], named)) + others;
}

function runbooks({ incident, events }: PostmortemInput): string {
  const runs = incident.runs.map((run) => {
    const own = events.flatMap(({ what }) => (what.kind === 'step' && what.run === run ? [what] : []));
    const lines = own.filter(({ event }) => 'step' in event).map(({ event }) => `- ${stepSentence(event)}${askedBy(event)}`);
    return `### ${inline(own[0]!.runbook)}\n\n${lines.length === 0 ? 'No step was done.' : lines.join('\n')}`;
  });
  return runs.length === 0 ? 'No runbook was opened.' : runs.join('\n\n');
}

function askedBy(event: Parameters<typeof stepSentence>[0]): string {
  return event.kind === 'checked' ? `\n  - ${code(event.evidence.query)} at ${clockTime(event.evidence.atMs)}` : '';
}

function updates({ events }: PostmortemInput): string {
  const given = events.flatMap(({ atMs, by, what }) =>
    what.kind === 'update' ? [[clockTime(atMs), inline(by), inline(what.conditions), inline(what.actions), inline(what.needs)]] : [],
  );
  return given.length === 0 ? 'None was given.' : table(['Time (UTC)', 'By', 'Conditions', 'Actions', 'Needs'], given);
}

function actions({ incident }: PostmortemInput): string {
  const rows = incident.actions.map(({ id, text, owner, dueMs, state }) => [
    String(id),
    inline(text),
    owner === '' ? 'nobody yet' : inline(owner),
    dueMs === undefined ? 'no date' : formatTime(dueMs).slice(0, 10),
    state,
  ]);
  return table(['#', 'What', 'Owner', 'Due', 'State'], rows.length === 0 ? [['1', '', '', '', 'open']] : rows);
}

const chartsMax = 10;

function data({ charts }: PostmortemInput): string {
  if (charts.length === 0) return 'No chart was kept.';
  const left = charts.length > chartsMax ? [`${charts.length - chartsMax} more charts are left out.`] : [];
  return [...charts.slice(0, chartsMax).map(chartSection), ...left].join('\n\n');
}

/** Nothing at all for no lines. */
function bullets(lines: readonly string[]): string {
  return lines.map((line) => `- ${inline(line)}`).join('\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
