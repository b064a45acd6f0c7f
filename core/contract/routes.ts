import * as v from 'valibot';
import { named, nothing, unixMs } from './inputs.ts';
import { procedure } from './rpc.ts';

/** A route of the tree, with what it inherits filled in. */
export interface RouteView {
  readonly id: string;
  /** FILE:LINE. */
  readonly place: string;
  readonly matchers: string;
  readonly receiver: string;
  /** Kinds of its receiver's integrations; none tells nobody. */
  readonly integrations: readonly string[];
  /** `...` alone: by every label. */
  readonly groupBy: readonly string[];
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
  readonly muteIntervals: readonly string[];
  readonly activeIntervals: readonly string[];
  readonly continue: boolean;
  /** Alerts that it tells of now. */
  readonly alertCount: number;
  readonly routes: readonly RouteView[];
}

export interface InhibitionView {
  readonly place: string;
  readonly source: string;
  readonly target: string;
  readonly equal: readonly string[];
}

/** Another Alertmanager that gets our alerts too. */
export interface ForwardedView {
  readonly url: string;
  readonly sentCount: number;
  readonly failedCount: number;
  readonly lastError: string;
}

export interface RoutesView {
  /** Empty: nothing is configured and everything goes to the desktop. */
  readonly file: string;
  readonly root: RouteView;
  readonly inhibitions: readonly InhibitionView[];
  readonly forwarded: readonly ForwardedView[];
  /** What is wrong with finding them, a sentence each. */
  readonly forwardProblems: readonly string[];
}

/** One route that a label set would take, from the root on. */
export interface RouteTaken {
  /** Ids from the root to the route. */
  readonly path: readonly string[];
  readonly route: Omit<RouteView, 'routes'>;
  readonly groupKey: string;
  /** Mute and active intervals that would keep it quiet at that time. */
  readonly mutedBy: readonly string[];
}

export interface RouteTest {
  readonly taken: readonly RouteTaken[];
  readonly inhibitedBy: { readonly name: string; readonly alert: string; readonly place: string } | undefined;
  readonly silencedBy: readonly string[];
}

export const routesContract = {
  'routes.tree': procedure<RoutesView>()(nothing),
  'routes.test': procedure<RouteTest>()(v.object({ labels: named, timeMs: v.optional(unixMs) })),
};
