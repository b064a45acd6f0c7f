/** The post-mortem: a reading of the incident's log as markdown, with prompts where only people know. */
import { formatTime, labelValue, severities, type Incident, type IncidentEvent, type UnixMs } from '#core/model/index.ts';
import { chartSection, type ChartData } from './chart-data.ts';
import { detection, durations, spanText } from './durations.ts';
import { code, inline } from './text.ts';
import { clockTime, stepSentence, timeline } from './timeline.ts';

export interface PostmortemInput {
  readonly incident: Incident;
  readonly events: readonly IncidentEvent[];
  readonly charts: readonly ChartData[];
  /** When it is written; what still runs counts up to here. */
  readonly nowMs: UnixMs;
}

type Section = (input: PostmortemInput) => string;

/** Order and wording of the document. Each entry is a heading and what stands below it. */
const sections: readonly (readonly [heading: string, write: Section])[] = [
  ['Summary', summary],
  ['Impact', impact],
  ['Detection', detectionSection],
  ['Timeline', timelineSection],
  ['Durations', durationsSection],
  ['Roles', roles],
  ['Runbooks', runbooks],
  [
    'Contributing factors',
    () => prompt('What had to come together? Name conditions, not people; there is rarely one cause. What made it worse, what kept it small?'),
  ],
  ['What went well', () => prompt('What helped, and should stay as it is?')],
  ['What did not go well', () => prompt('What was slow, missing or misleading? Ask how it made sense at the time.')],
  ['Where we got lucky', () => prompt('What would have made it much worse, and did not happen only by chance?')],
  ['Action items', actionItems],
  ['Data', data],
];

/** The whole document. Everything that came from elsewhere is neutralised: it shows as text and is never markup or a formula. */
export function postmortem(input: PostmortemInput): string {
  const body = sections.map(([heading, write]) => `## ${heading}\n\n${write(input)}`);
  return [`# Post-mortem: ${inline(input.incident.title)}`, facts(input), ...body].join('\n\n') + '\n';
}

/** A name for the file: `2026-01-05-incident-12-post-mortem.md`. */
export function postmortemFileName(incident: Incident): string {
  return `${formatTime(incident.startedMs).slice(0, 10)}-incident-${incident.id}-post-mortem.md`;
}

function facts({ incident, events, nowMs }: PostmortemInput): string {
  const sevs = events.flatMap(({ what }) => (what.kind === 'declared' ? [what.sev] : what.kind === 'sev' ? [what.to] : []));
  const worst = Math.min(incident.sev, ...sevs);
  const commander = incident.roles.find(({ role }) => role === 'Incident commander')?.who;
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
  return [
    `It began at ${clockTime(incident.startedMs)} UTC and was seen${took('Time to detect')}, by ${found.what}. ${end} ${alertCount} to it.`,
    prompt('Two or three sentences for somebody who was not there: what broke, whom it hurt, what ended it.'),
  ].join('\n\n');
}

function impact({ incident, events, nowMs }: PostmortemInput): string {
  const reasons = events.flatMap(({ atMs, what }) => {
    if (what.kind !== 'declared' && what.kind !== 'sev') return [];
    const [sev, when] = what.kind === 'declared' ? [what.sev, 'at the declaration'] : [what.to, `from ${clockTime(atMs)}`];
    return [`- SEV-${sev} ${when}${what.why === '' ? '' : `: ${inline(what.why)}`}`];
  });
  const times = durations(incident, events, nowMs).filter(({ name }) => name.startsWith('Time in SEV'));
  const levels = times.map((span) => {
    const means = severities.find(({ sev }) => span.name.endsWith(String(sev)))?.means ?? '';
    return [span.name.replace('Time in ', ''), means, spanText(span)];
  });
  return [
    table(['SEV', 'means', 'for'], levels),
    reasons.join('\n'),
    prompt('Exact figures: users and requests affected, data lost or late, what it cost in error budget or money, what customers said.'),
  ].join('\n\n');
}

function detectionSection({ incident, events, nowMs }: PostmortemInput): string {
  const first = events.filter(({ what }) => what.kind === 'alert' && what.to === 'firing').sort((a, b) => a.atMs - b.atMs || a.seq - b.seq)[0];
  const toDetect = durations(incident, events, nowMs)[0]!;
  const measured = `Time to detect: ${spanText(toDetect)}, ${inline(toDetect.why)}.`;
  if (first?.what.kind !== 'alert') return [`No alert found it; a person did. ${measured}`, prompt('Which alert should have found it?')].join('\n\n');
  const { labels, expr } = first.what;
  const name = code(labelValue(labels, 'alertname') || first.what.alert);
  const rule = expr === '' ? '' : ` Its rule: ${code(expr)}`;
  return [`${name} fired at ${clockTime(first.atMs)} UTC. ${measured}${rule}`, prompt('Could it have been seen sooner, or by fewer pages?')].join(
    '\n\n',
  );
}

function timelineSection({ events }: PostmortemInput): string {
  return table(
    ['Time (UTC)', 'Who', 'What'],
    timeline(events.filter(({ what }) => what.kind !== 'action')).map(({ time, by, text }) => [time, by, text]),
  );
}

function durationsSection({ incident, events, nowMs }: PostmortemInput): string {
  return table(
    ['Measure', 'Duration', 'How it is measured'],
    durations(incident, events, nowMs).map((span) => [span.name, spanText(span), inline(span.why)]),
  );
}

function roles({ incident, events }: PostmortemInput): string {
  const changes = events.flatMap(({ atMs, what }) =>
    what.kind === 'role' && what.who !== '' ? [[inline(what.role), inline(what.who), clockTime(atMs)]] : [],
  );
  const people = [...new Set(events.map(({ by }) => by))].filter((by) => by !== 'signalbox').map(inline);
  const others = people.length === 0 ? '' : `\n\nIn the log: ${people.join(', ')}.`;
  return (changes.length === 0 ? `Nobody was named for incident ${incident.id}.` : table(['Role', 'Who', 'Since'], changes)) + others;
}

function runbooks({ incident, events }: PostmortemInput): string {
  const runs = incident.runs.map((run) => {
    const own = events.flatMap(({ what }) => (what.kind === 'step' && what.run === run ? [what] : []));
    const lines = own.filter(({ event }) => 'step' in event).map(({ event }) => `- ${stepSentence(event)}${queryOf(event)}`);
    return `### ${inline(own[0]!.runbook)}\n\n${lines.length === 0 ? 'No step was done.' : lines.join('\n')}`;
  });
  return runs.length === 0 ? 'No runbook was opened.' : runs.join('\n\n');
}

function queryOf(event: Parameters<typeof stepSentence>[0]): string {
  return event.kind === 'checked' ? `<br>${code(event.evidence.query)} at ${clockTime(event.evidence.atMs)}` : '';
}

function actionItems({ incident }: PostmortemInput): string {
  const rows = incident.actions.map(({ id, text, owner, dueMs, state }) => [
    String(id),
    inline(text),
    owner === '' ? 'nobody yet' : inline(owner),
    dueMs === undefined ? 'no date' : formatTime(dueMs).slice(0, 10),
    state,
  ]);
  const none =
    rows.length === 0
      ? [prompt('Few, each with one owner and a date: what prevents it, what finds it sooner, what makes it hurt less. Which runbook to mend?')]
      : [];
  return [table(['#', 'What', 'Owner', 'Due', 'State'], rows.length === 0 ? [['1', '', '', '', 'open']] : rows), ...none].join('\n\n');
}

const chartsMax = 10;

function data({ charts }: PostmortemInput): string {
  if (charts.length === 0) return 'No chart was kept.';
  const left = charts.length > chartsMax ? [`${charts.length - chartsMax} more charts are left out.`] : [];
  return [...charts.slice(0, chartsMax).map(chartSection), ...left].join('\n\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** A question to the people, in a form that is easily found and replaced. */
function prompt(question: string): string {
  return `_${question}_`;
}
