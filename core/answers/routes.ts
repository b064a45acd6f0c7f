import type { Route } from '#core/alerting/index.ts';
import type { Handlers, RoutesView, RouteTest, RouteView, SignalboxContract } from '#core/contract/index.ts';
import { formatMatchers } from '#core/formats/index.ts';
import { labelsFrom, labelValue, type UnixMs } from '#core/model/index.ts';
import type { Forwarding } from './forwarding.ts';
import type { Parts } from './parts.ts';

type Names = Extract<keyof SignalboxContract, `routes.${string}`>;

/** The route tree, and what it would do with a label set. */
export class RouteDesk {
  readonly #parts: Parts;
  readonly #forwarding: Forwarding;

  constructor(parts: Parts, forwarding: Forwarding) {
    this.#parts = parts;
    this.#forwarding = forwarding;
  }

  handlers(): Pick<Handlers<SignalboxContract>, Names> {
    return {
      'routes.tree': () => this.#tree(),
      'routes.test': ({ labels, timeMs }) =>
        this.#test(labelsFrom(labels.map(({ name, value }) => [name, value] as const)), timeMs ?? this.#parts.clock.now()),
    };
  }

  #tree(): RoutesView {
    const { root, config } = this.#parts.alerting;
    const counts = this.#counts();
    const view = (route: Route): RouteView => ({ ...routeView(route, counts), routes: route.routes.map(view) });
    return {
      file: config.path,
      root: view(root),
      inhibitions: config.inhibitRules.map(({ line, source, target, equal }) => ({
        place: `${config.path}:${line}`,
        source: formatMatchers(source),
        target: formatMatchers(target),
        equal,
      })),
      forwarded: this.#forwarding.states,
      forwardProblems: this.#forwarding.problems,
    };
  }

  /** Alerts in the groups of each route; the resolved ones, kept until their receivers were told, are none any more. */
  #counts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { route, alerts } of this.#parts.alerting.groups()) {
      const held = alerts.filter(({ state }) => state !== 'resolved').length;
      counts.set(route.id, (counts.get(route.id) ?? 0) + held);
    }
    return counts;
  }

  #test(labels: readonly string[], timeMs: UnixMs): RouteTest {
    const { alerting } = this.#parts;
    const counts = this.#counts();
    const { inhibitedBy, silences } = alerting.obstacles(labels, timeMs);
    return {
      taken: alerting.routesOf(labels).map(({ route, groupKey }) => ({
        path: pathTo(alerting.root, route) ?? [route.id],
        route: routeView(route, counts),
        groupKey,
        mutedBy: alerting.mutesOf(route, timeMs),
      })),
      inhibitedBy: inhibitedBy && { name: labelValue(inhibitedBy.by.labels, 'alertname'), alert: inhibitedBy.by.id, place: inhibitedBy.place },
      silencedBy: silences.map(({ id }) => id),
    };
  }
}

function routeView(route: Route, counts: ReadonlyMap<string, number>): Omit<RouteView, 'routes'> {
  const { id, place, receiver, groupWaitMs, groupIntervalMs, repeatIntervalMs, muteIntervals, activeIntervals } = route;
  return {
    id,
    place,
    matchers: formatMatchers(route.matchers),
    receiver,
    integrations: route.integrations.map(({ kind }) => kind),
    groupBy: route.groupBy === 'all' ? ['...'] : [...route.groupBy],
    groupWaitMs,
    groupIntervalMs,
    repeatIntervalMs,
    muteIntervals,
    activeIntervals,
    continue: route.continue,
    alertCount: counts.get(id) ?? 0,
  };
}

function pathTo(from: Route, wanted: Route): readonly string[] | undefined {
  if (from.id === wanted.id) return [from.id];
  for (const child of from.routes) {
    const below = pathTo(child, wanted);
    if (below !== undefined) return [from.id, ...below];
  }
  return undefined;
}
