import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createAlerting, type Alerting, type AlertingOptions, type Decision, type Notification, type Send } from '#core/alerting/index.ts';
import { closeDb, openDb } from '#core/db/index.ts';
import { defaultAlertmanagerConfig } from '#core/formats/index.ts';
import { alertId, labelsFromRecord, type Alert, type AlertState } from '#core/model/index.ts';
import { ManualClock } from '../../../support/clock.ts';
import { tempFolder } from '../../../support/folder.ts';

export interface Bench {
  readonly alerting: Alerting;
  readonly clock: ManualClock;
  readonly sent: Notification[];
  readonly decisions: Decision[];
  readonly path: string;
}

/** An alerting half on a journal of its own that is closed with the test. */
export function open(options: Partial<AlertingOptions> & { path?: string; clock?: ManualClock; sent?: Notification[] } = {}): Bench {
  const path = options.path ?? join(tempFolder(), 'journal.sqlite');
  const clock = options.clock ?? new ManualClock();
  const sent = options.sent ?? [];
  const decisions: Decision[] = [];
  const db = openDb(path, 'journal');
  const send: Send = (_, notification) => {
    sent.push(notification);
    return Promise.resolve({ ok: true });
  };
  const config = defaultAlertmanagerConfig();
  const alerting = createAlerting({ db, clock, random: () => 0.5, config, send, onDecision: (decision) => decisions.push(decision), ...options });
  onTestFinished(() => {
    alerting.stop();
    if (db.connection.open) closeDb(db);
  });
  return { alerting, clock, sent, decisions, path };
}

/** An alert as the rules give it, fired (or over) now. */
export function ruleAlert(labels: Record<string, string>, state: AlertState, clock: ManualClock): Alert {
  const set = labelsFromRecord(labels);
  return {
    id: alertId(set),
    labels: set,
    annotations: [],
    state,
    value: 1,
    activeAtMs: clock.now(),
    expr: 'up == 0',
    group: 'g',
    ruleFile: 'rules.yml',
    firedAtMs: state === 'pending' ? undefined : clock.now(),
    resolvedAtMs: state === 'resolved' ? clock.now() : undefined,
  };
}
