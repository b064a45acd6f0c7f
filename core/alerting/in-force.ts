import { assert } from '#core/model/index.ts';
import type { AlertmanagerConfig, NamedInterval } from '#core/formats/index.ts';
import { Groups, type GroupsOptions } from './groups.ts';
import { createInhibitor, type Inhibitor } from './inhibit.ts';
import type { Channel, Recipient } from './notification.ts';
import { buildRoutes, type Route } from './routes.ts';
import type { Turns } from './turns.ts';

export interface InForceOptions extends Omit<GroupsOptions, 'root'> {
  readonly config: AlertmanagerConfig;
  readonly turns: Turns;
}

/** What follows from one configuration, replaced whole by the next: its routes, its inhibitions, and the groups that the held alerts form under it. */
export class InForce {
  readonly config: AlertmanagerConfig;
  readonly root: Route;
  readonly inhibitor: Inhibitor;
  readonly groups: Groups;
  readonly #intervals: ReadonlyMap<string, NamedInterval>;

  constructor({ config, ...options }: InForceOptions) {
    const { held, turns } = options;
    this.config = config;
    this.root = buildRoutes(config);
    this.inhibitor = createInhibitor(config, held);
    this.groups = new Groups({ ...options, root: this.root });
    this.#intervals = new Map(config.intervals.map((interval) => [interval.name, interval]));
    for (const alert of held.values()) this.inhibitor.add(alert);
    for (const alert of [...held.values()].toSorted((a, b) => a.firstMs - b.firstMs)) this.groups.add(alert, true);
    turns.keepOnly(this.groups.list().map(({ route, key }) => [route.id, key]));
  }

  interval(name: string): NamedInterval {
    const interval = this.#intervals.get(name);
    assert(interval !== undefined, `the time interval ${name} was checked when the configuration was read`);
    return interval;
  }

  /** Who is told through a channel; undefined when this configuration no longer has its receiver or integration. */
  recipientOf({ receiver: name, integration: key }: Channel): Recipient | undefined {
    const receiver = this.config.receivers.find((one) => one.name === name);
    const integration = receiver?.integrations.find(({ kind, index }) => `${kind}/${index}` === key);
    return integration === undefined ? undefined : { receiver: name, integration };
  }
}
