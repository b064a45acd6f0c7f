import { join } from 'node:path';
import { closeDb, openDb, type WriteDb } from '#core/db/index.ts';
import { createIncidents, type Incidents, type IncidentsOptions } from '#core/incidents/index.ts';
import { alertId, labelsFromRecord, type Alert } from '#core/model/index.ts';
import { onTestFinished } from 'vitest';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';

export interface Room {
  readonly incidents: Incidents;
  readonly clock: ManualClock;
  readonly db: WriteDb;
  /** Incidents told to have changed. */
  readonly told: number[];
  /** The same journal, opened anew. */
  reopen(): Incidents;
}

export const minuteMs = 60_000;

/** Incidents on a real journal in a temp folder. */
export function room(more: Partial<IncidentsOptions> = {}): Room {
  const path = join(tempFolder(), 'journal.db');
  const open = (): WriteDb => {
    const db = openDb(path, 'journal');
    onTestFinished(() => closeDb(db));
    return db;
  };
  const clock = new ManualClock();
  const told: number[] = [];
  const db = open();
  const onChange = (incident: number): void => void told.push(incident);
  return {
    incidents: createIncidents({ db, clock, onChange, ...more }),
    clock,
    db,
    told,
    reopen: () => createIncidents({ db: open(), clock, ...more }),
  };
}

/** A firing alert; `activeAtMs` a minute before it fired. */
export function firing(atMs: number, labels: Readonly<Record<string, string>> = {}, more: Partial<Alert> = {}): Alert {
  const all = labelsFromRecord({ alertname: 'HighErrorRate', job: 'api', instance: 'a:1', severity: 'critical', ...labels });
  return {
    id: alertId(all),
    labels: all,
    annotations: labelsFromRecord({ summary: 'api answers one request of five with an error' }),
    state: 'firing',
    value: 0.2,
    activeAtMs: atMs - minuteMs,
    firedAtMs: atMs,
    resolvedAtMs: undefined,
    expr: 'sum(rate(http_requests_total{code=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) > 0.05',
    group: 'api',
    ruleFile: 'api.yml',
    ...more,
  };
}

/** The same alert, over. */
export function over(alert: Alert, atMs: number): Alert {
  return { ...alert, state: 'resolved', resolvedAtMs: atMs };
}
