import type { Handlers, IncidentView, RunbookSummary, SignalboxContract, Suggestion } from '#core/contract/index.ts';
import { durations, postmortem, postmortemFileName, suggestSev, suggestTitle, type ChartData } from '#core/incidents/index.ts';
import {
  EngineError,
  noLabels,
  type Alert,
  type Incident,
  type IncidentEvent,
  type Runbook,
  type RunbookRun,
  type UnixMs,
} from '#core/model/index.ts';
import type { Parts } from './parts.ts';
import { thresholdFree } from './threshold.ts';
import { Watched } from './watch.ts';

type Names = Extract<keyof SignalboxContract, `incident${string}` | `run${string}` | `markdown.${string}`>;

/** A chart of a post-mortem begins this long before the incident, so that normal is on it too. */
const chartLeadMs = 15 * 60_000;
/** And has about this many points: enough to see the shape, few enough to read as figures. */
const chartPoints = 120;
const chartsMax = 5;

/** Incidents, runbooks and their runs. */
export class IncidentDesk {
  readonly #parts: Parts;
  readonly #all: Watched<readonly Incident[]>;
  readonly #views = new Map<number, Watched<IncidentView>>();
  readonly #runs = new Map<string, Watched<RunbookRun>>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#all = new Watched(parts.clock, parts.report, () => parts.incidents.list());
  }

  /** An incident's log has grown. */
  changed(id: number): void {
    this.#all.changed();
    this.#views.get(id)?.changed();
  }

  runChanged(run: RunbookRun): void {
    this.#runs.get(run.id)?.changed();
    if (run.incident !== undefined) this.changed(run.incident);
  }

  handlers(): Pick<Handlers<SignalboxContract>, Names> {
    const { incidents, runbooks } = this.#parts;
    return {
      'incidents.watch': (_input, emit) => this.#all.open(emit),
      'incident.watch': ({ incident }, emit) => this.#watchIncident(incident).open(emit),
      'incidents.suggest': ({ alert }) => this.#suggest(alert),
      'incidents.declare': (input) => this.#declare(input),
      'incidents.sev': ({ incident, sev, why, by }) => done(incidents.setSev(incident, sev, why, by)),
      'incidents.role': ({ incident, role, who, by }) => done(incidents.setRole(incident, role, who, by)),
      'incidents.note': ({ incident, text, atMs, by }) => done(incidents.note(incident, text, by, atMs)),
      'incidents.mitigate': ({ incident, how, atMs, by }) => done(incidents.mitigate(incident, how, by, atMs)),
      'incidents.resolve': ({ incident, how, atMs, by }) => done(incidents.resolve(incident, how, by, atMs)),
      'incidents.reopen': ({ incident, why, by }) => done(incidents.reopen(incident, why, by)),
      'incidents.postmortem': ({ incident }, { signal }) => this.#postmortem(incident, signal),
      'runbooks.list': () => runbooks.list().map(summaryOf),
      'runbooks.get': ({ runbook }) => runbooks.get(runbook),
      'runs.start': (input) => this.#start(input),
      'run.watch': ({ run }, emit) => this.#watchRun(run).open(emit),
      'runs.check': ({ run, step, by }) => runbooks.check(run, step, by),
      'runs.tick': ({ run, step, note, answer, by }) => runbooks.tick(run, step, note, by, answer),
      'runs.skip': ({ run, step, why, by }) => runbooks.skip(run, step, why, by),
      'runs.go': ({ run, step, why, by }) => runbooks.goTo(run, step, why, by),
      'markdown.render': async ({ text }) => ({ html: await this.#parts.renderMarkdown(text) }),
    };
  }

  #watchIncident(id: number): Watched<IncidentView> {
    this.#parts.incidents.get(id);
    return remembered(this.#views, id, () => new Watched(this.#parts.clock, this.#parts.report, () => this.#view(id)));
  }

  #watchRun(id: string): Watched<RunbookRun> {
    this.#parts.runbooks.run(id);
    return remembered(this.#runs, id, () => new Watched(this.#parts.clock, this.#parts.report, () => this.#parts.runbooks.run(id)));
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
      ...(alert === undefined ? {} : { alerts: [alert] }),
      ...(ack === undefined ? {} : { ack }),
      ...(input.startedMs === undefined ? {} : { startedMs: input.startedMs }),
    });
    this.#parts.alertsChanged();
    return { incident: incident.id };
  }

  #start(input: {
    runbook: string;
    incident?: number | undefined;
    alert?: string | undefined;
    params?: readonly { name: string; value: string }[] | undefined;
    by: string;
  }): { run: string } {
    const alertId = input.alert ?? (input.incident === undefined ? undefined : this.#parts.incidents.get(input.incident).alerts[0]);
    const labels = alertId === undefined ? undefined : this.#labelsOf(alertId, input.incident);
    const run = this.#parts.runbooks.start({
      runbook: input.runbook,
      by: input.by,
      ...(input.incident === undefined ? {} : { incident: input.incident }),
      ...(labels === undefined ? {} : { labels }),
      ...(input.params === undefined ? {} : { params: input.params }),
    });
    return { run: run.id };
  }

  /** An alert that is over is no longer known to the rules, but the incident's log still names its labels. */
  #labelsOf(alertId: string, incident: number | undefined): Alert['labels'] | undefined {
    const known = this.#parts.alert(alertId)?.labels;
    if (known !== undefined || incident === undefined) return known;
    return alertFacts(this.#parts.incidents.events(incident)).find((fact) => fact.alert === alertId)?.labels;
  }

  #alert(id: string): Alert {
    const alert = this.#parts.alert(id);
    if (alert === undefined) throw new EngineError('not-found', `there is no alert ${id}; it may have been resolved a while ago`);
    return alert;
  }

  async #postmortem(id: number, signal: AbortSignal): Promise<{ fileName: string; markdown: string }> {
    const { incidents, clock } = this.#parts;
    const incident = incidents.get(id);
    const events = incidents.events(id);
    const charts = await this.#charts(incident, events, signal);
    return { fileName: postmortemFileName(incident), markdown: postmortem({ incident, events, charts, nowMs: clock.now() }) };
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

function remembered<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

function alertFacts(events: readonly IncidentEvent[]): readonly Extract<IncidentEvent['what'], { kind: 'alert' }>[] {
  return events.flatMap(({ what }) => (what.kind === 'alert' ? [what] : []));
}

function summaryOf(runbook: Runbook): RunbookSummary {
  return { id: runbook.id, title: runbook.title, alerts: runbook.alerts, stepCount: runbook.steps.length, problems: runbook.problems };
}
