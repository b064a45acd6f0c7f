import { untrack } from 'svelte';
import type { Sev } from '#core/model/index.ts';
import type { RunbookSummary } from '#core/contract/index.ts';
import { LiveQuery, LiveStream } from '../../client/live.svelte.ts';
import type { Session } from '../../shell/session.svelte.ts';
import { look } from '../../ui/look.svelte.ts';
import { now } from '../../ui/now.svelte.ts';
import { parseNote } from './note.ts';

/** The roles that the field knows, the first of them the one that must be held. */
export const roleNames = ['Incident commander', 'Deputy', 'Scribe', 'Subject matter expert', 'Customer liaison', 'Internal liaison'] as const;

/** One incident on the screen. */
export class IncidentState {
  readonly session: Session;
  readonly id: number;
  readonly stream: LiveStream<'incident.watch'>;
  readonly runbooks: LiveQuery<Record<string, never>, readonly RunbookSummary[]>;
  note = $state('');

  constructor(session: Session, id: number) {
    this.session = session;
    this.id = id;
    this.stream = new LiveStream(session.engine, 'incident.watch', () => ({ incident: id }));
    this.runbooks = new LiveQuery(session.engine, { key: () => ({}), ask: (_key, signal) => session.engine.call('runbooks.list', {}, signal) });
  }

  readonly view = $derived.by(() => this.stream.value);
  /** When that was heard: durations that still run have grown since. */
  readonly heardMs = $derived.by(() => (this.stream.value === undefined ? 0 : untrack(() => now.ms)));
  readonly incident = $derived.by(() => this.view?.incident);
  readonly alerts = $derived.by(() => (this.session.alerts.value ?? []).filter((alert) => this.incident?.alerts.includes(alert.id)));
  /** Runbooks that are for its alerts, the best fit first. */
  readonly fitting = $derived.by(() => [
    ...new Map(this.alerts.flatMap((alert) => alert.runbooks.map((runbook) => [runbook.id, runbook] as const))).values(),
  ]);
  /** The run on the screen: the one in the address, else the newest. */
  readonly run = $derived.by(() => {
    const runs = this.view?.runs ?? [];
    return runs.find((run) => run.id === this.session.router.param('run')) ?? runs.at(-1);
  });

  async writeNote(): Promise<void> {
    const { text, atMs } = parseNote(this.note, now.ms, look.zone);
    if (text === '') return;
    const said = await this.session.actAs('incidents.note', { incident: this.id, text, ...(atMs === undefined ? {} : { atMs: Math.round(atMs) }) });
    if (said !== undefined) this.note = '';
  }

  setSev(sev: Sev, why: string): Promise<unknown> {
    return this.session.actAs('incidents.sev', { incident: this.id, sev, why });
  }

  setRole(role: string, who: string): Promise<unknown> {
    return this.session.actAs('incidents.role', { incident: this.id, role, who });
  }

  /** Takes every alert of it that nobody has. */
  async ack(): Promise<void> {
    for (const alert of this.alerts)
      if (alert.ack === undefined && (await this.session.actAs('alerts.ack', { alert: alert.id })) === undefined) return;
  }

  async start(runbook: string): Promise<void> {
    const alert = this.incident?.alerts[0];
    const begun = await this.session.actAs('runs.start', { runbook, incident: this.id, ...(alert === undefined ? {} : { alert }) });
    if (begun !== undefined) this.session.router.note({ run: begun.run });
  }
}
