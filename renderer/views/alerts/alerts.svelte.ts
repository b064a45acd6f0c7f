import { labelValue, type AlertState } from '#core/model/index.ts';
import type { AlertView, RuleView } from '#core/contract/index.ts';
import { LiveStream } from '../../client/live.svelte.ts';
import { formatLink } from '../../shell/link.ts';
import type { Session } from '../../shell/session.svelte.ts';
import { filterAlerts, groupRows } from './filter.ts';

const states: readonly (AlertState | 'all')[] = ['all', 'firing', 'pending', 'resolved'];

/** The alert list: what is wanted is in the address, what is chosen too. */
export class AlertsState {
  readonly session: Session;
  readonly rules: LiveStream<'rules.watch'>;
  opened = $state.raw<ReadonlyMap<string, boolean>>(new Map());
  #chosen: () => string | undefined;

  constructor(session: Session, chosen: () => string | undefined) {
    this.session = session;
    this.#chosen = chosen;
    this.rules = new LiveStream(session.engine, 'rules.watch', () => ({}));
  }

  get all(): readonly AlertView[] {
    return this.session.alerts.value ?? [];
  }

  get state(): AlertState | 'all' {
    return states.find((one) => one === this.session.router.param('state')) ?? 'all';
  }

  get untaken(): boolean {
    return this.session.router.param('untaken') === '1';
  }

  get text(): string {
    return this.session.router.param('filter') ?? '';
  }

  /** The group of the chosen alert is open, so that it is seen. */
  readonly #openedNow = $derived.by(() => {
    const name = this.chosen === undefined ? undefined : labelValue(this.chosen.labels, 'alertname');
    return name === undefined || this.opened.has(name) ? this.opened : new Map(this.opened).set(name, true);
  });
  readonly found = $derived.by(() => filterAlerts(this.all, { state: this.state, untaken: this.untaken, text: this.text }));
  readonly rows = $derived.by(() => groupRows(this.found, this.#openedNow));
  readonly counts = $derived.by(() => ({
    all: this.all.length,
    firing: this.all.filter((alert) => alert.state === 'firing').length,
    pending: this.all.filter((alert) => alert.state === 'pending').length,
    resolved: this.all.filter((alert) => alert.state === 'resolved').length,
    untaken: this.all.filter((alert) => alert.state === 'firing' && alert.ack === undefined).length,
  }));
  readonly chosen = $derived.by(() => this.all.find((alert) => alert.id === this.#chosen()));
  readonly chosenRow = $derived.by(() => this.rows.findIndex((row) => row.kind === 'alert' && row.alert.id === this.#chosen()));

  ruleOf(alert: AlertView): RuleView | undefined {
    const group = this.rules.value?.groups.find((one) => one.name === alert.group && one.file === alert.ruleFile);
    return group?.rules.find((rule) => rule.kind === 'alerting' && rule.expr === alert.expr);
  }

  linkTo(alert: AlertView): string {
    return formatLink(['alerts', alert.id], this.session.router.place.params);
  }

  setOpen(name: string, open: boolean): void {
    this.opened = new Map(this.opened).set(name, open);
  }

  /** The alert `by` places further in the list. */
  step(by: 1 | -1): void {
    const alerts = this.rows.flatMap((row) => (row.kind === 'alert' ? [row.alert] : []));
    const at = alerts.findIndex((alert) => alert.id === this.#chosen());
    const next = alerts[at === -1 ? 0 : Math.min(Math.max(at + by, 0), alerts.length - 1)];
    if (next !== undefined) this.session.router.go(this.linkTo(next));
  }

  async take(alerts: readonly AlertView[]): Promise<void> {
    const loose = alerts.filter((alert) => alert.state === 'firing' && alert.ack === undefined);
    for (const [i, alert] of loose.entries()) {
      const last = i === loose.length - 1;
      const answer = await this.session.actAs(
        'alerts.ack',
        { alert: alert.id },
        last ? (loose.length === 1 ? 'It is yours' : `${loose.length} alerts are yours`) : undefined,
      );
      if (answer === undefined) return;
    }
  }
}
