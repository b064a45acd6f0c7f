import { LiveStream } from '../../client/live.svelte.ts';
import { Cursor } from '../../charts/cursor.svelte.ts';
import { now } from '../../ui/now.svelte.ts';
import type { Session } from '../../shell/session.svelte.ts';
import { overviewCharts } from './charts.ts';
import { nextStep, worstFirst } from './next-step.ts';

/** What the first screen knows. */
export class OverviewState {
  readonly session: Session;
  readonly stream: LiveStream<'overview.watch'>;
  readonly practice: LiveStream<'practice.watch'>;
  readonly cursor = new Cursor();

  constructor(session: Session) {
    this.session = session;
    this.stream = new LiveStream(session.engine, 'overview.watch', () => ({}));
    this.practice = new LiveStream(session.engine, 'practice.watch', () => ({}));
  }

  readonly overview = $derived.by(() => this.stream.value);
  readonly firing = $derived.by(() => worstFirst(this.session.firing));
  readonly step = $derived.by(() =>
    this.overview === undefined
      ? undefined
      : nextStep(this.overview, this.session.alerts.value ?? [], this.session.openIncidents, now.ms, this.session.settings.value?.problems),
  );
  readonly charts = $derived.by(() => (this.session.settings.value === undefined ? [] : overviewCharts(this.session.settings.value.usersAffected)));
  /** Nothing was configured yet: the built-in sources are watched. */
  readonly firstStart = $derived.by(() => this.session.settings.value?.file === '');
}
