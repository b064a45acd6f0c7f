import type { Config } from '#core/config/index.ts';
import type { Handlers, PracticeView, SignalboxContract } from '#core/contract/index.ts';
import { parseSignalboxConfig } from '#core/formats/index.ts';
import { EngineError, type Clock } from '#core/model/index.ts';
import {
  faults,
  practiceRules,
  practiceScrapes,
  practiceSlos,
  practiceStopped,
  practiceUsersAffected,
  services,
  usersDefault,
  type PracticeState,
  type PracticeWish,
} from '#core/practice/index.ts';
import { Watched } from './watch.ts';

/** Who runs the processes of the practice system. */
export interface PracticeRunner {
  readonly wish: (wish: PracticeWish) => void;
  /** One watcher; it hears of every change from now on. */
  readonly watch: (act: (state: PracticeState) => void) => void;
}

interface Options {
  readonly runner: PracticeRunner | undefined;
  readonly clock: Clock;
  readonly report: (problem: string) => void;
  /** What is scraped, or by which rules it is judged, has changed. */
  readonly onChange: () => void;
}

/** Where rules and objectives of the practice system say that they come from. */
const practicePath = 'practice system';

type Names = Extract<keyof SignalboxContract, `practice.${string}`>;

/** The practice system on the screen, and what it adds to the configuration while it runs. */
export class PracticeDesk {
  readonly #runner: PracticeRunner | undefined;
  readonly #view: Watched<PracticeView>;
  #state = practiceStopped;
  #scrapeConfigs: Config['settings']['scrapeConfigs'] = [];

  constructor({ runner, clock, report, onChange }: Options) {
    this.#runner = runner;
    this.#view = new Watched(clock, report, () => this.#viewNow());
    runner?.watch((state) => {
      const moved = state.running !== this.#state.running || JSON.stringify(state.ports) !== JSON.stringify(this.#state.ports);
      this.#state = state;
      if (moved) this.#scrapeConfigs = parseSignalboxConfig(practiceScrapes(state.ports), practicePath).scrapeConfigs;
      this.#view.changed();
      if (moved) onChange();
    });
  }

  /** The configuration, with what the practice system's owners would add to it while it runs. */
  onTop(config: Config): Config {
    if (!this.#state.running) return config;
    const { settings } = config;
    return {
      ...config,
      settings: {
        ...settings,
        scrapeConfigs: [...settings.scrapeConfigs, ...this.#scrapeConfigs],
        usersAffected: settings.usersAffected || practiceUsersAffected,
      },
      ruleFiles: [...config.ruleFiles, { path: practicePath, text: practiceRules, isBuiltIn: true }],
      sloFiles: [...config.sloFiles, { path: practicePath, text: practiceSlos, isBuiltIn: true }],
    };
  }

  handlers(): Pick<Handlers<SignalboxContract>, Names> {
    return {
      'practice.watch': (_input, emit) => this.#view.open(emit),
      'practice.start': ({ users }) => this.#wish({ k: 'start', users: users ?? usersDefault }),
      'practice.stop': () => this.#wish({ k: 'stop' }),
      'practice.fault': ({ name }) => {
        if (name !== '' && !faults.some((fault) => fault.name === name))
          throw new EngineError('not-found', `there is no fault "${name}"; there are ${faults.map((fault) => fault.name).join(', ')}`);
        if (!this.#state.running) throw new EngineError('conflict', 'the practice system does not run; start it first');
        return this.#wish({ k: 'fault', name });
      },
    };
  }

  #wish(wish: PracticeWish): null {
    if (this.#runner === undefined) throw new EngineError('unavailable', 'the practice system cannot be run here; open Signalbox with `npm start`');
    this.#runner.wish(wish);
    return null;
  }

  #viewNow(): PracticeView {
    const { running, users, fault, ports, restarts } = this.#state;
    return {
      available: this.#runner !== undefined,
      running,
      users,
      fault,
      restarts,
      services: services.map((name) => ({ name, up: ports[name] !== undefined })),
      faults: faults.map(({ name, title, does }) => ({ name, title, does })),
    };
  }
}
