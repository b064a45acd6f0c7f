import { Forwarder, type ForwardState, type Http, type ReadSecret } from '#core/alerting/index.ts';
import type { Config } from '#core/config/index.ts';
import { tableLink } from '#core/formats/index.ts';
import { AlertmanagerTargets, relabel } from '#core/intake/index.ts';
import { labelPairs, labelsFrom, type Alert, type Clock, type Labels } from '#core/model/index.ts';

export interface ForwardingOptions {
  readonly clock: Clock;
  readonly http: Http;
  readonly readSecret: ReadSecret;
  readonly externalUrl: () => string;
}

/** Alerts on their way to the Alertmanagers that a prometheus.yml names, found anew whenever the configuration changes. */
export class Forwarding {
  readonly #options: ForwardingOptions;
  readonly #forwarder: Forwarder;
  #sources: readonly { readonly targets: AlertmanagerTargets; readonly prepare: (labels: Labels) => Labels | undefined }[] = [];
  #applied = '';

  constructor(options: ForwardingOptions) {
    this.#options = options;
    this.#forwarder = new Forwarder({
      ...options,
      targets: () => this.#sources.flatMap(({ targets, prepare }) => targets.targets.map((target) => ({ ...target, prepare }))),
      graphUrl: ({ expr }: Alert) => `${options.externalUrl()}${tableLink(expr)}`,
    });
  }

  get states(): readonly ForwardState[] {
    return this.#forwarder.states;
  }

  get problems(): readonly string[] {
    return this.#sources.flatMap(({ targets }) => targets.problems);
  }

  /** `folder` is where relative paths begin. */
  async apply({ settings }: Config, folder: string): Promise<void> {
    const { forwarding, externalLabels } = settings;
    const asked = JSON.stringify([forwarding, externalLabels, folder]);
    if (asked === this.#applied) return;
    this.#applied = asked;
    const before = this.#sources;
    this.#sources = forwarding.managers.map((manager) => ({
      targets: new AlertmanagerTargets(manager, this.#options.clock, folder),
      prepare: (labels) => relabel(withExternal(labels, externalLabels), [...forwarding.alertRelabel, ...manager.alertRelabel]),
    }));
    await Promise.all(before.map(({ targets }) => targets.stop()));
  }

  put(alerts: readonly Alert[]): void {
    this.#forwarder.put(alerts);
  }

  async stop(): Promise<void> {
    this.#forwarder.stop();
    await Promise.all(this.#sources.map(({ targets }) => targets.stop()));
  }
}

/** An alert's own labels win. */
function withExternal(labels: Labels, external: Labels): Labels {
  return external.length === 0 ? labels : labelsFrom([...labelPairs(external), ...labelPairs(labels)]);
}
