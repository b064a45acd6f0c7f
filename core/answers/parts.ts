import type { Alerting } from '#core/alerting/index.ts';
import type { Config } from '#core/config/index.ts';
import type { SystemInfo } from '#core/contract/index.ts';
import type { Incidents } from '#core/incidents/index.ts';
import type { OverloadStatus, Scraper } from '#core/intake/index.ts';
import type { Ack, Alert, Clock } from '#core/model/index.ts';
import type { Queries } from '#core/promql/index.ts';
import type { Rules } from '#core/rules/index.ts';
import type { Runbooks } from '#core/runbooks/index.ts';
import type { Tsdb } from '#core/tsdb/index.ts';
import type { Datasets } from './datasets.ts';

/** What the answers are made of: the engine's modules, and the few questions that more than one of them asks. */
export interface Parts {
  readonly clock: Clock;
  readonly info: SystemInfo;
  readonly live: Tsdb;
  /** The live dataset and the cases. */
  readonly datasets: Datasets;
  /** Queries of people on the live dataset. */
  readonly queries: Queries;
  readonly scraper: Scraper;
  readonly rules: Rules;
  readonly alerting: Alerting;
  readonly incidents: Incidents;
  readonly runbooks: Runbooks;
  readonly config: () => Config;
  readonly overload: () => OverloadStatus;
  /** What alerts and incidents go on with when the disk is full. */
  readonly reserve: { readonly state: 'building' | 'kept' | 'spent'; readonly bytes: number };
  readonly renderMarkdown: (text: string) => Promise<string>;
  /** Every alert that is pending, firing or lately resolved, of our rules and from outside. */
  readonly alerts: () => readonly Alert[];
  readonly alert: (id: string) => Alert | undefined;
  readonly ackOf: (id: string) => Ack | undefined;
  /** The share of users affected, 0..1, by the configured expression; undefined when it gives none, as `why` says. */
  readonly usersAffected: () => Promise<{ readonly share: number | undefined; readonly why: string }>;
  /** Acks or incidents of alerts have changed. */
  readonly alertsChanged: () => void;
  /** A failure that no caller waits for; it shows in the status of Signalbox itself. */
  readonly report: (problem: string) => void;
}
