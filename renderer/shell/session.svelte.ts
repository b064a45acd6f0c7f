import { createContext } from 'svelte';
import { EngineError, messageOf, type Incident } from '#core/model/index.ts';
import type { AlertView } from '#core/contract/index.ts';
import type { Answer, Calls, Engine, Question } from '../client/engine.svelte.ts';
import { LiveQuery, LiveStream } from '../client/live.svelte.ts';
import { now } from '../ui/now.svelte.ts';
import { toasts } from '../ui/toasts.svelte.ts';
import { ViewClock } from './clock.svelte.ts';
import { Importing } from './import/importing.svelte.ts';
import { Keys } from './keys.svelte.ts';
import { holeOf } from './losses.ts';
import { Notices } from './notices.svelte.ts';
import { Person } from './person.svelte.ts';
import { Router } from './router.svelte.ts';

const datasetsEveryMs = 60_000;
/** Under overload of this level screens ask again this often at most (reliability, section 3). */
const readsLevel = 2;
const strainedRefreshMs = 60_000;

/** What every screen shares: the line to the engine, the place, the time, the keys, the person, and what the shell watches. */
export class Session {
  readonly engine: Engine;
  readonly router = new Router();
  readonly keys = new Keys();
  readonly person = new Person();
  readonly alerts: LiveStream<'alerts.watch'>;
  readonly incidents: LiveStream<'incidents.watch'>;
  readonly status: LiveStream<'system.watch'>;
  readonly settings: LiveStream<'settings.watch'>;
  readonly info: LiveQuery<Record<string, never>, Answer<'system.info'>>;
  readonly datasets: LiveQuery<{ readonly minute: number; readonly imports: number }, Answer<'datasets.list'>>;
  /** What overload turned away in the time range, the oldest first. */
  readonly losses: LiveQuery<Question<'system.losses'>, Answer<'system.losses'>>;
  readonly importing: Importing;
  readonly clock: ViewClock;
  readonly notices: Notices;
  paletteOpen = $state(false);
  helpOpen = $state(false);
  #minute = $derived(Math.floor(now.ms / datasetsEveryMs));
  /** Derived, so that the refresh begins anew only when it changes and not with every status. */
  #refreshMsMin = $derived.by(() => ((this.status.value?.overloadLevel ?? 0) >= readsLevel ? strainedRefreshMs : 0));

  constructor(engine: Engine) {
    this.engine = engine;
    this.importing = new Importing(engine);
    const nothing = (): Record<string, never> => ({});
    this.alerts = new LiveStream(engine, 'alerts.watch', nothing);
    this.incidents = new LiveStream(engine, 'incidents.watch', nothing);
    this.status = new LiveStream(engine, 'system.watch', nothing);
    this.settings = new LiveStream(engine, 'settings.watch', nothing);
    this.info = new LiveQuery(engine, { key: nothing, ask: (_key, signal) => engine.call('system.info', {}, signal) });
    this.datasets = new LiveQuery(engine, {
      key: () => ({ minute: this.#minute, imports: this.importing.endedCount }),
      ask: (_key, signal) => engine.call('datasets.list', {}, signal),
      sameMatter: () => true,
    });
    this.clock = new ViewClock(
      this.router,
      () => this.datasets.value?.find((one) => one.name === this.dataset),
      () => this.#refreshMsMin,
    );
    this.losses = new LiveQuery(engine, {
      key: () => ({ dataset: this.dataset, startMs: Math.floor(this.clock.bounds.startMs), endMs: Math.ceil(this.clock.bounds.endMs) }),
      ask: (key, signal) => engine.call('system.losses', key, signal),
      sameMatter: (before, after) => before.dataset === after.dataset,
    });
    this.notices = new Notices(engine, this.router);
    $effect(() => {
      const status = this.status.value;
      if (status !== undefined) now.follow(status.nowMs);
    });
    engine.host.onLink((link) => this.router.go(link));
  }

  /** The dataset on the screen: `live`, or a case's name. */
  get dataset(): string {
    return this.router.param('dataset') ?? 'live';
  }

  /** The same as charts show it. */
  readonly holes = $derived.by(() => (this.losses.value ?? []).map(holeOf));

  readonly firing = $derived.by((): readonly AlertView[] => (this.alerts.value ?? []).filter((alert) => alert.state === 'firing'));
  readonly openIncidents = $derived.by((): readonly Incident[] => (this.incidents.value ?? []).filter((incident) => incident.status !== 'resolved'));

  /**
   * Asks the engine to change something. What goes wrong is said in a toast and gives undefined; `done` is said when all went well.
   */
  async act<K extends Calls>(name: K, input: Question<K>, done?: string): Promise<Answer<K> | undefined> {
    try {
      const answer = await this.engine.call(name, input);
      if (done !== undefined) toasts.say('ok', done);
      return answer;
    } catch (error) {
      if (!(error instanceof EngineError && error.code === 'cancelled')) toasts.say('bad', sentence(messageOf(error)));
      return undefined;
    }
  }

  /** As `act`, with the person's name beside it; asks for the name first where it is not known. */
  async actAs<K extends Calls>(name: K, input: Omit<Question<K>, 'by'>, done?: string): Promise<Answer<K> | undefined> {
    const by = await this.person.ask();
    return by === undefined ? undefined : this.act(name, { ...input, by } as Question<K>, done);
  }
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

export const [getSession, setSession] = createContext<Session>();
