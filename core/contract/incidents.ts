import * as v from 'valibot';
import type { Incident, IncidentEvent, Runbook, RunbookRun, Sev } from '#core/model/index.ts';
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

export interface RunbookSummary {
  readonly id: string;
  readonly title: string;
  readonly alerts: readonly string[];
  readonly stepCount: number;
  readonly problems: readonly string[];
}

const one = v.object({ incident: incidentId, by: person });
const step = v.object({ run: shortId, step: shortId, by: person });

export const incidentsContract = {
  'incidents.watch': stream<readonly Incident[]>()(nothing),
  'incident.watch': stream<IncidentView>()(v.object({ incident: incidentId })),
  'incidents.suggest': procedure<Suggestion>()(v.object({ alert: v.optional(shortId) })),
  'incidents.declare': procedure<{ readonly incident: number }>()(
    v.object({ alert: v.optional(shortId), title: line, sev, why: words, startedMs: v.optional(unixMs), by: person }),
  ),
  'incidents.sev': procedure<null>()(v.object({ ...one.entries, sev, why: words })),
  'incidents.role': procedure<null>()(v.object({ ...one.entries, role: line, who: person })),
  'incidents.note': procedure<null>()(v.object({ ...one.entries, text: v.pipe(words, v.trim(), v.minLength(1)), atMs: v.optional(unixMs) })),
  'incidents.mitigate': procedure<null>()(v.object({ ...one.entries, how: words, atMs: v.optional(unixMs) })),
  'incidents.resolve': procedure<null>()(v.object({ ...one.entries, how: words, atMs: v.optional(unixMs) })),
  'incidents.reopen': procedure<null>()(v.object({ ...one.entries, why: words })),
  'incidents.postmortem': procedure<{ readonly fileName: string; readonly markdown: string }>()(v.object({ incident: incidentId })),
  'runbooks.list': procedure<readonly RunbookSummary[]>()(nothing),
  'runbooks.get': procedure<Runbook>()(v.object({ runbook: shortId })),
  /** Params not given are taken from the alert's labels, then from the runbook's defaults. */
  'runs.start': procedure<{ readonly run: string }>()(
    v.object({ runbook: shortId, incident: v.optional(incidentId), alert: v.optional(shortId), params: v.optional(named), by: person }),
  ),
  'run.watch': stream<RunbookRun>()(v.object({ run: shortId })),
  'runs.check': procedure<RunbookRun>()(step),
  /** Without `answer` the step is simply done. */
  'runs.tick': procedure<RunbookRun>()(v.object({ ...step.entries, note: words, answer: v.optional(v.picklist(['pass', 'fail'])) })),
  'runs.skip': procedure<RunbookRun>()(v.object({ ...step.entries, why: words })),
  'runs.go': procedure<RunbookRun>()(v.object({ ...step.entries, why: words })),
  /** Markdown to HTML, rendered where it can be killed. The screen still sanitises it. */
  'markdown.render': procedure<{ readonly html: string }>()(v.object({ text: v.pipe(v.string(), v.maxLength(262_144)) })),
};
