import { metrics } from './0001-metrics.ts';
import { rules } from './0002-rules.ts';
import { alerting } from './0003-alerting.ts';
import { incidents } from './0004-incidents.ts';
import { runs } from './0005-runs.ts';

/**
 * Every table of Signalbox, in order. A store is one SQLite file of a dataset's folder: `metrics` holds sealed chunks and the index,
 * `journal` what people and rules did (alert states, incidents, runs). Append only: a migration that has shipped never changes.
 */
export type StoreName = 'metrics' | 'journal';

export interface Migration {
  readonly store: StoreName;
  readonly sql: string;
}

export const migrations: readonly Migration[] = [metrics, rules, alerting, incidents, runs];
