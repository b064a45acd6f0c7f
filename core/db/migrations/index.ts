import { metrics } from './0001-metrics.ts';
import { rules } from './0002-rules.ts';
import { alerting } from './0003-alerting.ts';
import { incidents } from './0004-incidents.ts';
import { runs } from './0005-runs.ts';
import { traces } from './0006-traces.ts';
import { rollups } from './0007-rollups.ts';
import { logs } from './0008-logs.ts';
import { intake } from './0010-intake.ts';
import { cases } from './0011-cases.ts';
import { ruleHistory } from './0012-rule-history.ts';
import { age } from './0013-age.ts';
import type { Migration } from './migration.ts';

/** Every table of Signalbox, in order: reading this folder is reading the data model. */
export const migrations: readonly Migration[] = [metrics, rules, alerting, incidents, runs, traces, rollups, logs, intake, cases, ruleHistory, age];
