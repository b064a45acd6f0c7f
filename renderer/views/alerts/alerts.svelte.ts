import { untrack } from 'svelte';
import type { AlertState } from '#core/model/index.ts';
import type { AlertGroupView, AlertView, RuleView } from '#core/contract/index.ts';
import { LiveStream } from '../../client/live.svelte.ts';
import { formatLink } from '../../shell/link.ts';
import type { Session } from '../../shell/session.svelte.ts';
import { whenIdle } from '../../ui/idle.ts';
import { now } from '../../ui/now.svelte.ts';
import { byName, byRoute, countAlerts, filterGroups, groupAlerts, groupRows, headKey, sameMembers } from './filter.ts';
import { stormOf } from './storm.ts';

const states: readonly (AlertState | 'all')[] = ['all', 'firing', 'pending', 'resolved'];

const stormEveryMs = 15_000;

/** What the engine told: alerts and the groups they are in. Undefined until it did. */
interface Told {
  readonly alerts: readonly AlertView[] | undefined;
  readonly groups: readonly AlertGroupView[] | undefined;
}

/** The alert list: what is wanted is in the address, what is chosen too. */
export class AlertsState {
  readonly session: Session;
  readonly rules: LiveStream<'rules.watch'>;
  readonly groups: LiveStream<'alerts.groups'>;
  opened = $state.raw<ReadonlyMap<string, boolean>>(new Map());
  #chosen: () => string | undefined;
  /** What keys asked for before the groups were there, which put the list in another order: done in turn once it is in its own. */
  #waiting = $state.raw<readonly (() => void)[]>([]);
  readonly #settled = $derived.by(() => this.by === 'name' || this.#shown.groups !== undefined || this.groups.error !== undefined);
  /** What the list is made of. News is taken over while the page is idle, so that no key waits for thousands of rows. */
  #shown = $state.raw<Told>({ alerts: undefined, groups: undefined });
  #news: Told = this.#shown;
  #callOff: (() => void) | undefined;

  constructor(session: Session, chosen: () => string | undefined) {
    this.session = session;
    this.#chosen = chosen;
    this.rules = new LiveStream(session.engine, 'rules.watch', () => ({}));
    this.groups = new LiveStream(session.engine, 'alerts.groups', () => (this.by === 'route' ? {} : undefined));
    $effect(() => this.#hear({ alerts: session.alerts.value, groups: this.groups.value }));
    $effect(() => () => this.#callOff?.());
    $effect(() => {
      const acts = this.#waiting;
      if (acts.length === 0 || !this.#settled) return;
      this.#waiting = [];
      untrack(() => acts.forEach((act) => act()));
    });
  }

  /** Whether it is known which alerts there are. */
  get isKnown(): boolean {
    return this.#shown.alerts !== undefined;
  }

  get all(): readonly AlertView[] {
    return this.#shown.alerts ?? [];
  }

  #hear(news: Told): void {
    this.#news = news;
    const shown = untrack(() => this.#shown);
    if (shown.alerts === undefined || (shown.groups === undefined) !== (news.groups === undefined)) this.#shown = news;
    else
      this.#callOff ??= whenIdle(() => {
        this.#callOff = undefined;
        this.#shown = this.#news;
      });
  }

  get state(): AlertState | 'all' {
    return states.find((one) => one === this.session.router.param('state')) ?? 'all';
  }

  get untaken(): boolean {
    return this.session.router.param('untaken') === '1';
  }

  get quiet(): boolean {
    return this.session.router.param('quiet') === '1';
  }

  /** Under their names, or in the groups in which they are told. */
  readonly by: 'name' | 'route' = $derived.by(() => (this.session.router.param('by') === 'name' ? 'name' : 'route'));

  get text(): string {
    return this.session.router.param('filter') ?? '';
  }

  /** The group of the chosen alert is open, so that it is seen. */
  readonly #openedNow = $derived.by(() => {
    const key = this.chosen === undefined ? undefined : this.#headsOf(this.chosen)[0]?.key;
    return key === undefined || this.opened.has(key) ? this.opened : new Map(this.opened).set(key, true);
  });
  #membersBefore: readonly AlertGroupView[] = [];
  /** The groups as they were when one last gained or lost an alert. */
  readonly #members = $derived.by(() => {
    const groups = this.#shown.groups ?? [];
    if (!sameMembers(this.#membersBefore, groups)) this.#membersBefore = groups;
    return this.#membersBefore;
  });
  readonly #headsOf = $derived.by(() =>
    this.by === 'name' || this.#members.every(({ labels }) => labels.length === 0) ? byName : byRoute(this.#members),
  );
  readonly #nextTurns = $derived.by(() => new Map(this.#shown.groups?.map((group) => [headKey(group), group.nextMs])));
  readonly #grouped = $derived.by(() => groupAlerts(this.all, this.#headsOf));
  readonly #found = $derived.by(() =>
    filterGroups(this.#grouped, {
      state: this.state,
      untaken: this.untaken,
      quiet: this.quiet,
      silence: this.session.router.param('silence'),
      receiver: this.session.router.param('receiver'),
      text: this.text,
    }),
  );
  readonly rows = $derived.by(() => groupRows(this.#found, this.#openedNow));
  /** All alerts are looked through for it: not each second. */
  readonly #stormTurn = $derived(Math.floor(now.ms / stormEveryMs));
  readonly storm = $derived.by(() => stormOf(this.all, (this.#stormTurn + 1) * stormEveryMs));
  readonly counts = $derived.by(() => countAlerts(this.all));
  readonly chosen = $derived.by(() => {
    const id = this.#chosen();
    return id === undefined ? undefined : this.all.find((alert) => alert.id === id);
  });
  readonly chosenRow = $derived.by(() => {
    const id = this.#chosen();
    return id === undefined ? -1 : this.rows.findIndex((row) => row.kind === 'alert' && row.alert.id === id);
  });

  /** When the alerts under a head are told next; undefined for what no group holds. */
  nextTurnMs(key: string): number | undefined {
    return this.#nextTurns.get(key);
  }

  ruleOf(alert: AlertView): RuleView | undefined {
    const group = this.rules.value?.groups.find((one) => one.name === alert.group && one.file === alert.ruleFile);
    return group?.rules.find((rule) => rule.kind === 'alerting' && rule.expr === alert.expr);
  }

  linkTo(alert: AlertView): string {
    return formatLink(['alerts', alert.id], this.session.router.place.params);
  }

  setOpen(key: string, open: boolean): void {
    this.opened = new Map(this.opened).set(key, open);
  }

  /** The alert `by` places further in the list; once the list is in its order. */
  step(by: 1 | -1): void {
    this.#inOrder(() => this.#go(by));
  }

  /** Acts on the chosen alert, after the steps that led to it. */
  onChosen(act: (alert: AlertView) => void): void {
    this.#inOrder(() => this.chosen !== undefined && act(this.chosen));
  }

  #inOrder(act: () => void): void {
    if (this.#settled && this.#waiting.length === 0) act();
    else this.#waiting = [...this.#waiting, act];
  }

  #go(by: 1 | -1): void {
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
