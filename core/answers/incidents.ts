import type { Handlers, IncidentView, SignalboxContract, Suggestion } from '#core/contract/index.ts';
import {
  draftUpdate,
  durations,
  postmortem,
  postmortemFileName,
  readTemplate,
  roleCards,
  statusText,
  suggestSev,
  suggestTitle,
  type ChartData,
} from '#core/incidents/index.ts';
import { labelValue, EngineError, messageOf, noLabels, type Alert, type Incident, type IncidentEvent, type UnixMs } from '#core/model/index.ts';
import { overloadNote } from './overload-note.ts';
import type { Parts } from './parts.ts';
import { thresholdFree } from './threshold.ts';
import { remembered, Watched } from './watch.ts';

type Names = Extract<keyof SignalboxContract, `incident${string}`>;

/** A chart of a post-mortem begins this long before the incident, so that normal is on it too. */
const chartLeadMs = 15 * 60_000;
/** And has about this many points: enough to see the shape, few enough to read as figures. */
const chartPoints = 120;
const chartsMax = 5;

/** Incidents: what people do in them, and the readings of their logs. */
export class IncidentDesk {
  readonly #parts: Parts;
  readonly #all: Watched<readonly Incident[]>;
  readonly #views = new Map<number, Watched<IncidentView>>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#all = new Watched(parts.clock, parts.report, () => parts.incidents.list());
  }

  /** An incident's log has grown. */
  changed(id: number): void {
    this.#all.changed();
    this.#views.get(id)?.changed();
  }

  /** The level of overload has changed from `before`: timelines tell from when to when not everything was seen. */
  overloadChanged(before: number): void {
    const { overload, incidents, report } = this.#parts;
    const told = overloadNote(overload(), before);
    try {
      if (told !== undefined) incidents.noteUnresolved(told);
    } catch (error) {
      report(`open incidents could not be told of the overload: ${messageOf(error)}`);
    }
  }

  handlers(): Pick<Handlers<SignalboxContract>, Names> {
    const { incidents, clock } = this.#parts;
    return {
      'incidents.watch': (_input, emit) => this.#all.open(emit),
      'incident.watch': ({ incident }, emit) => this.#watchIncident(incident).open(emit),
      'incidents.suggest': ({ alert }) => this.#suggest(alert),
      'incidents.declare': (input) => this.#declare(input),
      'incidents.sev': ({ incident, sev, why, by }) => done(incidents.setSev(incident, sev, why, by)),
      'incidents.role': ({ incident, role, who, by }) => done(incidents.setRole(incident, role, who, by)),
      'incidents.roleCards': () => roleCards,
      'incidents.title': ({ incident, title, by }) => done(incidents.setTitle(incident, title, by)),
      'incidents.start': ({ incident, startedMs, why, by }) => done(incidents.setStart(incident, startedMs, why, by)),
      'incidents.attach': ({ incident, alert }) => done(incidents.attach(incident, this.#alert(alert))),
      'incidents.detach': ({ incident, alert, why, by }) => done(incidents.detach(incident, alert, why, by)),
      'incidents.draft': ({ incident }) => draftUpdate(incidents.get(incident), incidents.events(incident), clock.now()),
      'incidents.update': ({ incident, ...update }) => done(incidents.update(incident, update)),
      'incidents.updateText': ({ incident, audience, nextMs, ...update }) => ({
        text: statusText(incidents.get(incident), { ...update, nextMs }, audience, clock.now()),
      }),
      'incidents.action': ({ incident, by, dueMs, ...action }) => done(incidents.setAction(incident, { ...action, dueMs }, by)),
      'incidents.openActions': () => incidents.openActions(),
      'incidents.similar': ({ incident }) => incidents.similar(incident),
      'incidents.note': ({ incident, text, atMs, by }) => done(incidents.note(incident, text, by, atMs)),
      'incidents.mitigate': ({ incident, how, atMs, by }) => done(incidents.mitigate(incident, how, by, atMs)),
      'incidents.resolve': ({ incident, how, atMs, by }) => done(incidents.resolve(incident, how, by, atMs)),
      'incidents.reopen': ({ incident, why, by }) => done(incidents.reopen(incident, why, by)),
      'incidents.postmortem': ({ incident, template }, { signal }) => this.#postmortem(incident, template, signal),
      'incidents.templates': () => [...this.#parts.runbooks.templates()].map(([id, text]) => ({ id, title: readTemplate(text).title })),
    };
  }

  #watchIncident(id: number): Watched<IncidentView> {
    this.#parts.incidents.get(id);
    return remembered(this.#views, id, () => new Watched(this.#parts.clock, this.#parts.report, () => this.#view(id)));
  }

  #view(id: number): IncidentView {
    const { incidents, runbooks, clock } = this.#parts;
    const incident = incidents.get(id);
    const events = incidents.events(id);
    return { incident, events, durations: durations(incident, events, clock.now()), runs: runbooks.runs({ incident: id }) };
  }

  async #suggest(id: string | undefined): Promise<Suggestion> {
    const alert = id === undefined ? undefined : this.#alert(id);
    const { share, why } = await this.#parts.usersAffected();
    const expr = this.#parts.config().settings.usersAffected;
    const suggested = suggestSev(share, expr, alert?.labels ?? noLabels);
    return {
      title: alert === undefined ? '' : suggestTitle(alert),
      sev: suggested.sev,
      why: share === undefined && expr !== '' ? `${suggested.why}: ${why}` : suggested.why,
      startedMs: alert?.activeAtMs ?? this.#parts.clock.now(),
    };
  }

  #declare(input: { alert?: string | undefined; title: string; sev: Incident['sev']; why: string; startedMs?: UnixMs | undefined; by: string }): {
    incident: number;
  } {
    const alert = input.alert === undefined ? undefined : this.#alert(input.alert);
    const ack = alert === undefined ? undefined : this.#parts.ackOf(alert.id);
    const incident = this.#parts.incidents.declare({
      title: input.title,
      sev: input.sev,
      why: input.why,
      by: input.by,
      ...(alert === undefined ? {} : { alerts: [alert, ...this.#kinOf(alert)] }),
      ...(ack === undefined ? {} : { ack }),
      ...(input.startedMs === undefined ? {} : { startedMs: input.startedMs }),
    });
    const strained = overloadNote(this.#parts.overload());
    if (strained !== undefined) this.#parts.incidents.note(incident.id, strained, 'signalbox');
    this.#parts.alertsChanged();
    return { incident: incident.id };
  }

  /** The other instances of the same rule that fire: they are one incident until somebody says otherwise. */
  #kinOf(alert: Alert): readonly Alert[] {
    const { incidents } = this.#parts;
    const name = labelValue(alert.labels, 'alertname');
    const same = (other: Alert): boolean => other.state === 'firing' && labelValue(other.labels, 'alertname') === name;
    return this.#parts.alerts().filter((other) => other.id !== alert.id && same(other) && incidents.incidentOf(other.id) === undefined);
  }

  #alert(id: string): Alert {
    const alert = this.#parts.alert(id);
    if (alert === undefined) throw new EngineError('not-found', `there is no alert ${id}; it may have been resolved a while ago`);
    return alert;
  }

  async #postmortem(id: number, template: string | undefined, signal: AbortSignal): Promise<{ fileName: string; markdown: string }> {
    const { incidents, runbooks, clock } = this.#parts;
    const incident = incidents.get(id);
    const events = incidents.events(id);
    const text = template === undefined ? undefined : runbooks.templates().get(template);
    if (template !== undefined && text === undefined) throw new EngineError('not-found', `there is no post-mortem template "${template}"`);
    const charts = await this.#charts(incident, events, signal);
    return {
      fileName: postmortemFileName(incident),
      markdown: postmortem({ incident, events, charts, nowMs: clock.now(), ...(text === undefined ? {} : { template: text }) }),
    };
  }

  async #charts(incident: Incident, events: readonly IncidentEvent[], signal: AbortSignal): Promise<readonly ChartData[]> {
    const startMs = incident.startedMs - chartLeadMs;
    const endMs = incident.resolvedMs ?? this.#parts.clock.now();
    const stepMs = Math.max(1000, Math.ceil((endMs - startMs) / chartPoints / 1000) * 1000);
    const titles = new Map(alertFacts(events).map((fact) => [thresholdFree(fact.expr), fact.summary === '' ? fact.expr : fact.summary]));
    const charts: ChartData[] = [];
    for (const [expr, title] of [...titles].slice(0, chartsMax)) {
      const { series } = await this.#parts.queries.range(expr, { startMs, endMs, stepMs }, { signal });
      charts.push({ title, expr, startMs, endMs, stepMs, series });
    }
    return charts;
  }
}

const done = (_incident: Incident): null => null;

export function alertFacts(events: readonly IncidentEvent[]): readonly Extract<IncidentEvent['what'], { kind: 'alert' }>[] {
  return events.flatMap(({ what }) => (what.kind === 'alert' ? [what] : []));
}
