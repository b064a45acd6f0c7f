import type { AlertmanagersConfig, HttpSettings, TargetGroup } from '#core/formats/index.ts';
import type { Clock, DurationMs } from '#core/model/index.ts';
import { Discovery } from './discovery.ts';
import { FileTexts } from './file-texts.ts';
import { resolveGroup } from './target-labels.ts';

/** An Alertmanager that alerts are forwarded to. */
export interface AlertmanagerTarget {
  /** Where alerts are posted. */
  readonly url: string;
  readonly http: HttpSettings;
  readonly timeoutMs: DurationMs;
}

/** The Alertmanagers of one entry of `alertmanagers`: those written down, and those that files and answers name as they change. */
export class AlertmanagerTargets {
  readonly #config: AlertmanagersConfig;
  readonly #discovery: Discovery;
  #found: readonly TargetGroup[] = [];

  constructor(config: AlertmanagersConfig, clock: Clock, folder: string) {
    this.#config = config;
    const onGroups = (groups: readonly TargetGroup[]): void => void (this.#found = groups);
    this.#discovery = new Discovery({ config: config.discovery, clock, folder, files: new FileTexts(clock), onGroups }, new Map());
    this.#discovery.start();
  }

  /** Those that relabelling keeps, each once. */
  get targets(): readonly AlertmanagerTarget[] {
    const { discovery } = this.#config;
    const resolved = [...discovery.staticGroups, ...this.#found].flatMap((group) => resolveGroup(discovery, group));
    const urls = new Set(resolved.flatMap(({ target }) => (target === undefined ? [] : [target.url])));
    return [...urls].map((url) => ({ url, http: discovery.http, timeoutMs: discovery.timeoutMs }));
  }

  /** Sources that cannot be asked now, and targets that make no address, a sentence each. */
  get problems(): readonly string[] {
    const { discovery } = this.#config;
    const wrong = [...discovery.staticGroups, ...this.#found]
      .flatMap((group) => resolveGroup(discovery, group))
      .flatMap(({ problem }) => problem || []);
    return [...this.#discovery.problems, ...wrong].map((problem) => `alerting: ${problem}`);
  }

  stop(): Promise<void> {
    return this.#discovery.stop();
  }
}
