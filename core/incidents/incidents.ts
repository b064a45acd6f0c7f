import { EngineError, keepLabels, labelsKey, labelValue } from '#core/model/index.ts';
import type { Ack, ActionItem, Alert, Incident, IncidentEvent, Labels, RunbookEvent, Sev, UnixMs } from '#core/model/index.ts';
import type { RunRecord } from '#core/runbooks/index.ts';
import type { Folded } from './fold.ts';
import { IncidentLog, type Entry, type LogOptions } from './log.ts';
import { updateDue } from './severity.ts';
import { similarIncidents, type Similar } from './similar.ts';

export interface IncidentsOptions extends LogOptions {
  /**
   * Labels that say which alerts are of one kind: a firing alert with the same values as one already in an open incident joins
   * it. The usual list keeps another instance of the same rule and service together and leaves other rules to the person.
   */
  readonly groupBy?: readonly string[] | undefined;
}

interface DeclareInput {
  readonly title: string;
  readonly sev: Sev;
  /** Why this SEV: what was suggested, or the person's own words. */
  readonly why: string;
  /** The alerts it is declared from, the first the one that was acted on; possibly none. */
  readonly alerts?: readonly Alert[] | undefined;
  /** When the acted-on alert was taken, if it was. */
  readonly ack?: Ack | undefined;
  /** When users began to be hurt; by default when the first alert's condition first held, else now. */
  readonly startedMs?: UnixMs | undefined;
  readonly by: string;
}

/** A status update; `nextMs` is the next one's time as promised, by default by the rhythm of the SEV. */
interface UpdateInput {
  readonly conditions: string;
  readonly actions: string;
  readonly needs: string;
  readonly nextMs?: UnixMs | undefined;
  readonly by: string;
}

interface OpenAction {
  readonly incident: number;
  /** The incident's. */
  readonly title: string;
  readonly action: ActionItem;
  readonly overdue: boolean;
}

const engineName = 'signalbox';
const usualGroupBy = ['alertname', 'cluster', 'namespace', 'service', 'job'];
const titleCharsMax = 500;
const textCharsMax = 20_000;

/**
 * Incidents in the journal. Every act answers with the incident as it then stands, committed. All throw EngineError:
 * `not-found`, `conflict` when its state does not allow the act, `invalid` when the words or times given cannot be.
 */
export class Incidents {
  readonly #log: IncidentLog;
  readonly #options: IncidentsOptions;
  readonly #groupBy: ReadonlySet<string>;

  constructor(options: IncidentsOptions) {
    this.#options = options;
    this.#log = new IncidentLog(options);
    this.#groupBy = new Set(options.groupBy ?? usualGroupBy);
  }

  /** The newest first. */
  list(): readonly Incident[] {
    return this.#log.all().map(({ incident }) => incident);
  }

  get(id: number): Incident {
    return this.#log.read(id).incident;
  }

  /** The log as it was written, by `seq`. */
  events(id: number): readonly IncidentEvent[] {
    return this.#log.events(id);
  }

  /** Action items not yet done or dropped, of all incidents: the overdue first, then by date, those without a date last. */
  openActions(): readonly OpenAction[] {
    const nowMs = this.#options.clock.now();
    const dueOf = ({ action }: OpenAction): number => action.dueMs ?? Number.POSITIVE_INFINITY;
    return this.list()
      .flatMap(({ id, title, actions }) =>
        actions.map((action) => ({ incident: id, title, action, overdue: action.dueMs !== undefined && action.dueMs < nowMs })),
      )
      .filter(({ action }) => action.state === 'open')
      .sort((a, b) => (dueOf(a) === dueOf(b) ? a.incident - b.incident || a.action.id - b.action.id : dueOf(a) - dueOf(b)));
  }

  /** Past incidents that look like this one and what helped then, the best first. */
  similar(id: number, limit = 5): readonly Similar[] {
    return similarIncidents(this.#log.read(id), this.#log.all(), limit);
  }

  /** Throws `conflict` when an open incident holds the acted-on alert already: two people pressed at once. */
  declare(input: DeclareInput): Incident {
    const nowMs = this.#options.clock.now();
    const alerts = input.alerts ?? [];
    const home = alerts[0] === undefined ? undefined : this.incidentOf(alerts[0].id);
    if (home !== undefined) throw new EngineError('conflict', `incident ${home} is open for this alert already; work there`);
    const startedMs = Math.round(input.startedMs ?? alerts[0]?.activeAtMs ?? nowMs);
    if (startedMs > nowMs) throw new EngineError('invalid', 'an incident cannot start in the future');
    const what = { kind: 'declared', title: titleOf(input.title), sev: input.sev, why: textOf(input.why), startedMs } as const;
    const acked = input.ack !== undefined && alerts[0] !== undefined ? [ackEntry(alerts[0].id, alerts[0].labels, input.ack)] : [];
    return this.#log.open([{ by: input.by, what }, ...alerts.map(alertEntry), ...acked]);
  }

  setSev(id: number, sev: Sev, why: string, by: string): Incident {
    return this.#log.append(id, ({ incident }) => {
      if (incident.sev === sev) throw new EngineError('conflict', `incident ${id} is SEV-${sev} already`);
      return [{ by, what: { kind: 'sev', from: incident.sev, to: sev, why: textOf(why) } }];
    });
  }

  /** Gives a role to a person; an empty name leaves it free. */
  setRole(id: number, role: string, who: string, by: string): Incident {
    return this.#add(id, { by, what: { kind: 'role', role: titleOf(role), who: who.trim().slice(0, 100) } });
  }

  /** `atMs` is when it happened, if that was earlier. */
  note(id: number, text: string, by: string, atMs?: UnixMs): Incident {
    if (text.trim() === '') throw new EngineError('invalid', 'the note is empty');
    return this.#add(id, { by, what: { kind: 'note', text: textOf(text) }, atMs: this.#past(atMs) });
  }

  /** Logs a sentence of the engine's own in every incident that is not resolved. */
  noteUnresolved(text: string): void {
    for (const { incident } of this.#unresolved()) this.#add(incident.id, { by: engineName, what: { kind: 'note', text: textOf(text) } });
  }

  setTitle(id: number, title: string, by: string): Incident {
    return this.#add(id, { by, what: { kind: 'title', title: titleOf(title) } });
  }

  /** Corrects when users began to be hurt. */
  setStart(id: number, startedMs: UnixMs, why: string, by: string): Incident {
    return this.#add(id, { by, what: { kind: 'started', startedMs: this.#past(startedMs)!, why: textOf(why) } });
  }

  mitigate(id: number, how: string, by: string, atMs?: UnixMs): Incident {
    return this.#log.append(id, ({ incident }) => {
      if (incident.status !== 'open') throw new EngineError('conflict', `incident ${id} is ${incident.status} already`);
      return [{ by, what: { kind: 'mitigated', how: textOf(how) }, atMs: this.#after(incident, atMs) }];
    });
  }

  resolve(id: number, how: string, by: string, atMs?: UnixMs): Incident {
    return this.#log.append(id, ({ incident }) => {
      if (incident.status === 'resolved') throw new EngineError('conflict', `incident ${id} is resolved already`);
      return [{ by, what: { kind: 'resolved', how: textOf(how) }, atMs: this.#after(incident, atMs) }];
    });
  }

  reopen(id: number, why: string, by: string): Incident {
    return this.#log.append(id, ({ incident }) => {
      if (incident.status === 'open') throw new EngineError('conflict', `incident ${id} is open`);
      return [{ by, what: { kind: 'reopened', why: textOf(why) } }];
    });
  }

  /** Records a status update that was given. */
  update(id: number, input: UpdateInput): Incident {
    if (input.conditions.trim() === '') throw new EngineError('invalid', 'an update says at least how things stand');
    return this.#log.append(id, ({ incident }) => {
      const dueMs = updateDue(incident.sev, 'then');
      const nextMs = input.nextMs ?? (dueMs === undefined || incident.status === 'resolved' ? undefined : this.#options.clock.now() + dueMs);
      const words = { conditions: textOf(input.conditions), actions: textOf(input.actions), needs: textOf(input.needs) };
      return [{ by: input.by, what: { kind: 'update', ...words, nextMs } }];
    });
  }

  /** Adds an action item, or replaces the one of that `id`. */
  setAction(id: number, action: Omit<ActionItem, 'id'> & { readonly id?: number | undefined }, by: string): Incident {
    return this.#log.append(id, ({ incident }) => {
      const last = incident.actions.at(-1)?.id ?? 0;
      if (action.id !== undefined && !incident.actions.some((known) => known.id === action.id)) {
        throw new EngineError('not-found', `incident ${id} has no action item ${action.id}`);
      }
      return [{ by, what: { kind: 'action', action: { ...action, id: action.id ?? last + 1, text: titleOf(action.text) } } }];
    });
  }

  /**
   * Takes every change of an alert (pending, firing, resolved). It is logged in the incident not yet resolved that holds
   * this very alert, else in the newest one that holds an alert of the same group, which a firing one then joins; answers
   * with that incident's number. Undefined when there is none. The same state told twice is logged once.
   */
  onAlert(alert: Alert): number | undefined {
    const home = this.#homeOf(alert);
    if (home === undefined) return undefined;
    if (home.alerts.get(alert.id)?.state !== alert.state) this.#add(home.incident.id, alertEntry(alert));
    return home.incident.id;
  }

  /** The open or mitigated incident that an alert belongs to. */
  incidentOf(alert: string): number | undefined {
    return this.#unresolved().find(({ alerts }) => alerts.has(alert))?.incident.id;
  }

  /** Puts an alert into an incident by hand. */
  attach(id: number, alert: Alert): Incident {
    return this.#log.append(id, (now) => {
      if (now.alerts.has(alert.id)) throw new EngineError('conflict', `incident ${id} has this alert already`);
      return [alertEntry(alert)];
    });
  }

  /** Takes an alert out that does not belong; it does not come back by itself. */
  detach(id: number, alert: string, why: string, by: string): Incident {
    return this.#log.append(id, (now) => {
      if (!now.alerts.has(alert)) throw new EngineError('not-found', `incident ${id} has no alert ${alert}`);
      return [{ by, what: { kind: 'detached', alert, why: textOf(why) } }];
    });
  }

  /** Logs that an alert was taken, if it belongs to an incident; answers with its number. */
  onAck(alert: string, labels: Labels, ack: Ack): number | undefined {
    const id = this.incidentOf(alert);
    if (id !== undefined) this.#add(id, ackEntry(alert, labels, ack));
    return id;
  }

  /** Logs an event of a runbook's run. Runs inside the caller's transaction and tells nobody: the caller does, after its commit. */
  recordStep(entry: RunRecord): void {
    const { run, runbook, event, by, atMs } = entry;
    this.#log.appendWithin(entry.incident, () => (isTold(event) ? [{ by, atMs, what: { kind: 'step', run, runbook, event } }] : []));
  }

  #add(id: number, entry: Entry): Incident {
    return this.#log.append(id, () => [entry]);
  }

  #unresolved(): readonly Folded[] {
    return this.#log.all().filter(({ incident }) => incident.status !== 'resolved');
  }

  #homeOf(alert: Alert): Folded | undefined {
    const open = this.#unresolved();
    const own = open.find(({ alerts }) => alerts.has(alert.id));
    if (own !== undefined || alert.state !== 'firing') return own;
    const group = this.#groupKey(alert.labels);
    return open.find(
      ({ alerts, detached }) => !detached.has(alert.id) && [...alerts.values()].some(({ labels }) => this.#groupKey(labels) === group),
    );
  }

  #groupKey(labels: Labels): string {
    return labelsKey(keepLabels(labels, this.#groupBy));
  }

  #past(atMs: UnixMs | undefined): UnixMs | undefined {
    if (atMs !== undefined && atMs > this.#options.clock.now()) throw new EngineError('invalid', 'the time given lies in the future');
    return atMs;
  }

  #after(incident: Incident, atMs: UnixMs | undefined): UnixMs | undefined {
    if (atMs !== undefined && atMs < incident.startedMs) {
      throw new EngineError('invalid', 'the time given lies before the start of the incident; correct the start first');
    }
    return this.#past(atMs);
  }
}

export function createIncidents(options: IncidentsOptions): Incidents {
  return new Incidents(options);
}

/** Going on to the next step is no news; a branch taken, or going back, is. */
function isTold(event: RunbookEvent): boolean {
  return event.kind !== 'went' || event.why !== '';
}

function alertEntry(alert: Alert): Entry {
  const atMs = { pending: alert.activeAtMs, firing: alert.firedAtMs, resolved: alert.resolvedAtMs }[alert.state];
  const summary = labelValue(alert.annotations, 'summary') || labelValue(alert.annotations, 'description');
  return {
    by: engineName,
    atMs,
    what: { kind: 'alert', alert: alert.id, labels: alert.labels, to: alert.state, summary: summary.slice(0, titleCharsMax), expr: alert.expr },
  };
}

function ackEntry(alert: string, labels: Labels, ack: Ack): Entry {
  return { by: ack.by, atMs: ack.atMs, what: { kind: 'ack', alert, labels } };
}

function titleOf(text: string): string {
  const title = text.trim().replace(/\s+/g, ' ');
  if (title === '') throw new EngineError('invalid', 'the text is empty');
  if (title.length > titleCharsMax) throw new EngineError('limit', `the text is longer than ${titleCharsMax} characters`);
  return title;
}

function textOf(text: string): string {
  if (text.length > textCharsMax) throw new EngineError('limit', `the text is longer than ${textCharsMax} characters`);
  return text.trim();
}
