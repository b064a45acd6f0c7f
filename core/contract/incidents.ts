import * as v from 'valibot';
import type { ActionItem, Incident, IncidentEvent, Runbook, RunbookRun, Sev } from '#core/model/index.ts';
import { incidentId, line, named, nothing, person, sev, shortId, unixMs, words } from './inputs.ts';
import { procedure, stream } from './rpc.ts';

export interface Span {
  readonly name: string;
  /** Undefined when one of its ends has not happened or is not known; `why` then says so. */
  readonly ms: number | undefined;
  readonly why: string;
}

export interface IncidentView {
  readonly incident: Incident;
  readonly events: readonly IncidentEvent[];
  /** Time to detect, acknowledge, mitigate, resolve, and in each SEV. */
  readonly durations: readonly Span[];
  readonly runs: readonly RunbookRun[];
}

/** What declaring would say, for the person to confirm or change. */
export interface Suggestion {
  readonly title: string;
  readonly sev: Sev;
  /** Why that SEV: the share of users affected, or why it is not known. */
  readonly why: string;
  readonly startedMs: number;
}

/** The words of a status update: how things stand, what is being done, what is missing. */
export interface UpdateWords {
  readonly conditions: string;
  readonly actions: string;
  readonly needs: string;
}

/** An action item that waits, with the incident it came from. */
export interface OpenAction {
  readonly incident: number;
  /** The incident's. */
  readonly title: string;
  readonly action: ActionItem;
  readonly overdue: boolean;
}

/** A past incident that looks like this one. */
export interface SimilarIncident {
  readonly incident: Incident;
  /** 0..1; 1 is the same alerts on the same services with the same words. */
  readonly score: number;
  readonly shared: readonly string[];
  /** What helped then; empty when nobody wrote it down. */
  readonly helped: string;
}

export interface RoleCard {
  readonly role: string;
  readonly severalPeople: boolean;
  readonly purpose: string;
  readonly duties: readonly string[];
  readonly notTheirs: string;
}

/** What a runbook's checks name and the data does not have. */
export interface RunbookFinding {
  readonly runbook: string;
  readonly step: string;
  readonly sentence: string;
}

export interface RunbookSummary {
  readonly id: string;
  readonly title: string;
  readonly alerts: readonly string[];
  readonly stepCount: number;
  readonly problems: readonly string[];
}

const one = v.object({ incident: incidentId, by: person });
const updateWords = { conditions: words, actions: words, needs: words };
const step = v.object({ run: shortId, step: shortId, by: person });

export const incidentsContract = {
  'incidents.watch': stream<readonly Incident[]>()(nothing),
  'incident.watch': stream<IncidentView>()(v.object({ incident: incidentId })),
  'incidents.suggest': procedure<Suggestion>()(v.object({ alert: v.optional(shortId) })),
  'incidents.declare': procedure<{ readonly incident: number }>()(
    v.object({ alert: v.optional(shortId), title: line, sev, why: words, startedMs: v.optional(unixMs), by: person }),
  ),
  'incidents.sev': procedure<null>()(v.object({ ...one.entries, sev, why: words })),
  /** An empty name leaves the role free. */
  'incidents.role': procedure<null>()(v.object({ ...one.entries, role: line, who: v.pipe(v.string(), v.trim(), v.maxLength(100)) })),
  'incidents.roleCards': procedure<readonly RoleCard[]>()(nothing),
  'incidents.title': procedure<null>()(v.object({ ...one.entries, title: line })),
  /** Corrects when users began to be hurt. */
  'incidents.start': procedure<null>()(v.object({ ...one.entries, startedMs: unixMs, why: words })),
  'incidents.attach': procedure<null>()(v.object({ ...one.entries, alert: shortId })),
  'incidents.detach': procedure<null>()(v.object({ ...one.entries, alert: shortId, why: words })),
  /** A first draft of the next status update, from the log. */
  'incidents.draft': procedure<UpdateWords>()(v.object({ incident: incidentId })),
  'incidents.update': procedure<null>()(v.object({ ...one.entries, ...updateWords, nextMs: v.optional(unixMs) })),
  /** The update as text to paste: for the team, or for a status page. */
  'incidents.updateText': procedure<{ readonly text: string }>()(
    v.object({ incident: incidentId, ...updateWords, nextMs: v.optional(unixMs), audience: v.picklist(['internal', 'public']) }),
  ),
  /** With `id`, replaces that action item. */
  'incidents.action': procedure<null>()(
    v.object({
      ...one.entries,
      id: v.optional(incidentId),
      text: line,
      owner: v.pipe(v.string(), v.trim(), v.maxLength(100)),
      dueMs: v.optional(unixMs),
      state: v.picklist(['open', 'done', 'dropped']),
    }),
  ),
  'incidents.openActions': procedure<readonly OpenAction[]>()(nothing),
  'incidents.similar': procedure<readonly SimilarIncident[]>()(v.object({ incident: incidentId })),
  'incidents.note': procedure<null>()(v.object({ ...one.entries, text: v.pipe(words, v.trim(), v.minLength(1)), atMs: v.optional(unixMs) })),
  'incidents.mitigate': procedure<null>()(v.object({ ...one.entries, how: words, atMs: v.optional(unixMs) })),
  'incidents.resolve': procedure<null>()(v.object({ ...one.entries, how: words, atMs: v.optional(unixMs) })),
  'incidents.reopen': procedure<null>()(v.object({ ...one.entries, why: words })),
  /** With `template`, by that template of the runbooks folder. */
  'incidents.postmortem': procedure<{ readonly fileName: string; readonly markdown: string }>()(
    v.object({ incident: incidentId, template: v.optional(shortId) }),
  ),
  'incidents.templates': procedure<readonly { readonly id: string; readonly title: string }[]>()(nothing),
  'runbooks.list': procedure<readonly RunbookSummary[]>()(nothing),
  'runbooks.get': procedure<Runbook>()(v.object({ runbook: shortId })),
  'runbooks.lint': procedure<readonly RunbookFinding[]>()(nothing),
  /** Params not given are taken from the alert's labels, then from the runbook's defaults. */
  'runs.start': procedure<{ readonly run: string }>()(
    v.object({ runbook: shortId, incident: v.optional(incidentId), alert: v.optional(shortId), params: v.optional(named), by: person }),
  ),
  'run.watch': stream<RunbookRun>()(v.object({ run: shortId })),
  'runs.check': procedure<RunbookRun>()(step),
  /** Without `answer` the step is simply done. */
  'runs.tick': procedure<RunbookRun>()(v.object({ ...step.entries, note: words, answer: v.optional(v.picklist(['pass', 'fail'])) })),
  'runs.skip': procedure<RunbookRun>()(v.object({ ...step.entries, why: words })),
  'runs.finish': procedure<RunbookRun>()(v.object({ run: shortId, by: person })),
  /** The step's query with the run's params in it, to graph it. */
  'runs.query': procedure<{ readonly query: string }>()(v.object({ run: shortId, step: shortId })),
  'runs.go': procedure<RunbookRun>()(v.object({ ...step.entries, why: words })),
  /** Markdown to HTML, rendered where it can be killed. The screen still sanitises it. */
  'markdown.render': procedure<{ readonly html: string }>()(v.object({ text: v.pipe(v.string(), v.maxLength(262_144)) })),
};
