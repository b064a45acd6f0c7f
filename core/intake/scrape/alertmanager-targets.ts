import type { AlertmanagersConfig, HttpSettings, ScrapeConfig, TargetGroup } from '#core/formats/index.ts';
import { labelPairs, labelsFrom, labelValue, type Clock, type DurationMs, type Labels } from '#core/model/index.ts';
import { Discovery } from './discovery.ts';
import { FileTexts } from './file-texts.ts';
import { relabel } from './relabel.ts';

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
    const { http, timeoutMs } = this.#config.discovery;
    const urls = new Set(this.#resolved().flatMap(({ url }) => (url === '' ? [] : [url])));
    return [...urls].map((url) => ({ url, http, timeoutMs }));
  }

  /** Sources that cannot be asked now, and targets that make no address, a sentence each. */
  get problems(): readonly string[] {
    const wrong = this.#resolved().flatMap(({ problem }) => problem || []);
    return [...this.#discovery.problems, ...wrong].map((problem) => `alerting: ${problem}`);
  }

  #resolved(): readonly Resolved[] {
    const { discovery } = this.#config;
    return [...discovery.staticGroups, ...this.#found].flatMap(({ targets, labels }) =>
      targets.map((address) => resolve(discovery, address, labels)),
    );
  }

  stop(): Promise<void> {
    return this.#discovery.stop();
  }
}

/** Where alerts go once relabelling is done; without an address where it dropped the target, or with why there is none. */
interface Resolved {
  readonly url: string;
  readonly problem: string;
}

/** Relabelling sees what Prometheus shows it: address, scheme and `__alerts_path__`, and the group's labels over them. */
function resolve({ scheme, metricsPath, relabel: rules }: ScrapeConfig, address: string, group: Labels): Resolved {
  const own = [
    ['__scheme__', scheme],
    ['__alerts_path__', metricsPath],
    ['__address__', address],
  ] as const;
  const labels = relabel(labelsFrom([...own, ...labelPairs(group)]), rules);
  if (labels === undefined) return { url: '', problem: '' };
  const at = labelValue(labels, '__address__');
  const url = `${labelValue(labels, '__scheme__')}://${at}/${labelValue(labels, '__alerts_path__').replace(/^\/+/, '')}`;
  const isGood = /^https?:/.test(url) && !/[/\s@?#]/.test(at) && at !== '' && URL.canParse(url);
  return isGood ? { url, problem: '' } : { url: '', problem: `relabelling left ${JSON.stringify(url)}, which is no address of an Alertmanager` };
}
