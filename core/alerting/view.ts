/** An alert and a group as screens and the API show them. */
import type { Ack, Labels, UnixMs } from '#core/model/index.ts';
import { isResolved, type HeldAlert } from './alerts.ts';
import type { Group } from './groups.ts';
import type { Inhibition } from './inhibit.ts';
import type { Route } from './routes.ts';
import type { Silence } from './silences.ts';

/** An alert with all that is known of it now. */
export interface AlertView {
  readonly alert: HeldAlert;
  readonly state: 'active' | 'suppressed' | 'resolved';
  readonly receivers: readonly string[];
  readonly silencedBy: readonly string[];
  readonly inhibitedBy: Inhibition | undefined;
  /** Names of time intervals that mute every group it is in. */
  readonly mutedBy: readonly string[];
  readonly ack: Ack | undefined;
}

export interface GroupView {
  readonly key: string;
  readonly route: Route;
  readonly labels: Labels;
  readonly receiver: string;
  readonly alerts: readonly AlertView[];
  readonly nextMs: UnixMs;
}

/** What else is known of an alert at a moment. */
interface About {
  readonly groups: readonly Group[];
  readonly silences: readonly Silence[];
  readonly inhibitedBy: Inhibition | undefined;
  readonly ack: Ack | undefined;
}

export function viewAlert(alert: HeldAlert, nowMs: UnixMs, { groups, silences, inhibitedBy, ack }: About): AlertView {
  const muted = groups.length > 0 && groups.every((group) => group.mutedBy.length > 0);
  const suppressed = silences.length > 0 || inhibitedBy !== undefined || muted;
  return {
    alert,
    state: isResolved(alert, nowMs) ? 'resolved' : suppressed ? 'suppressed' : 'active',
    receivers: [...new Set(groups.map((group) => group.route.receiver))].sort(),
    silencedBy: silences.map(({ id }) => id),
    inhibitedBy,
    mutedBy: muted ? groups.flatMap((group) => group.mutedBy) : [],
    ack,
  };
}
