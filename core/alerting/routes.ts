/** The route tree with inheritance resolved: which routes an alert takes, and which group of each it joins. */
import { keepLabels, labelPairs, matchesLabels, noLabels, type DurationMs, type Labels, type Matcher } from '#core/model/index.ts';
import { formatMatchers, type AlertmanagerConfig, type Integration, type RouteConfig } from '#core/formats/index.ts';

export interface Route {
  /** Unique in the tree: the matchers from the root, with the index of each step. */
  readonly id: string;
  /** The matchers from the root; Alertmanager builds its group keys with it. */
  readonly key: string;
  /** FILE:LINE. */
  readonly place: string;
  readonly receiver: string;
  readonly integrations: readonly Integration[];
  readonly matchers: readonly Matcher[];
  readonly groupBy: ReadonlySet<string> | 'all';
  readonly groupWaitMs: DurationMs;
  readonly groupIntervalMs: DurationMs;
  readonly repeatIntervalMs: DurationMs;
  readonly muteIntervals: readonly string[];
  readonly activeIntervals: readonly string[];
  readonly continue: boolean;
  readonly routes: readonly Route[];
}

/** What the root starts from. Source: Alertmanager's configuration reference, `route`. */
const defaults = { groupWaitMs: 30_000, groupIntervalMs: 300_000, repeatIntervalMs: 14_400_000, groupBy: new Set<string>() };

type Inherited = Pick<Route, 'receiver' | 'groupBy' | 'groupWaitMs' | 'groupIntervalMs' | 'repeatIntervalMs'>;

export function buildRoutes(config: AlertmanagerConfig): Route {
  const integrations = new Map(config.receivers.map((receiver) => [receiver.name, receiver.integrations]));
  const build = (node: RouteConfig, above: Inherited, id: string, key: string): Route => {
    const own: Inherited = {
      receiver: node.receiver ?? above.receiver,
      groupBy: node.groupBy === undefined ? above.groupBy : node.groupBy === 'all' ? 'all' : new Set(node.groupBy),
      groupWaitMs: node.groupWaitMs ?? above.groupWaitMs,
      groupIntervalMs: node.groupIntervalMs ?? above.groupIntervalMs,
      repeatIntervalMs: node.repeatIntervalMs ?? above.repeatIntervalMs,
    };
    return {
      ...own,
      id,
      key,
      place: `${config.path}:${node.line}`,
      integrations: integrations.get(own.receiver) ?? [],
      matchers: node.matchers,
      muteIntervals: node.muteIntervals,
      activeIntervals: node.activeIntervals,
      continue: node.continue,
      routes: node.routes.map((child, i) => {
        const matchers = formatMatchers(child.matchers);
        return build(child, own, `${id}/${matchers}/${i}`, `${key}/${matchers}`);
      }),
    };
  };
  return build(config.route, { receiver: '', ...defaults }, '{}', '{}');
}

/** Depth first, left to right; a route without a matching child takes the alert itself. Empty only below the root. */
export function matchRoutes(route: Route, labels: Labels): Route[] {
  if (!matchesLabels(route.matchers, labels)) return [];
  const found: Route[] = [];
  for (const child of route.routes) {
    const below = matchRoutes(child, labels);
    found.push(...below);
    if (below.length > 0 && !child.continue) break;
  }
  return found.length > 0 ? found : [route];
}

/** The labels that name an alert's group under a route. */
export function groupLabels(route: Route, labels: Labels): Labels {
  if (route.groupBy === 'all') return labels;
  return route.groupBy.size === 0 ? noLabels : keepLabels(labels, route.groupBy);
}

/** Alertmanager's group key, `{}/{team="db"}:{alertname="Down"}`; receivers see it as `groupKey`. */
export function groupKey(route: Route, labels: Labels): string {
  const pairs = [...labelPairs(labels)].map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `${route.key}:{${pairs.join(', ')}}`;
}

/** A label set that nobody chose a route for, or that is told to nobody. */
export interface RoutingGap {
  readonly labels: Labels;
  readonly place: string;
  readonly why: string;
}

/** Which of the label sets only the root takes although there are other routes, and which end at a receiver that tells nobody. */
export function routingGaps(root: Route, labelSets: readonly Labels[]): RoutingGap[] {
  return labelSets.flatMap((labels) =>
    matchRoutes(root, labels).flatMap((route): RoutingGap[] => {
      if (route.integrations.length === 0)
        return [{ labels, place: route.place, why: `the receiver ${JSON.stringify(route.receiver)} has no way to tell anybody` }];
      if (route === root && root.routes.length > 0) return [{ labels, place: route.place, why: 'no route but the root matches these labels' }];
      return [];
    }),
  );
}
