/** The record of every decision: what happened to which alert or group, why, and which line of configuration made it so. */
import type { Labels, UnixMs } from '#core/model/index.ts';
import { sql, type ReadDb, type WriteDb } from '#core/db/index.ts';

export type DecisionKind =
  | 'pending' // a rule's expression holds, `for` has not passed
  | 'not-pending' // it no longer holds; the alert never fired
  | 'firing'
  | 'resolved'
  | 'routed' // taken by a route, into a group
  | 'inhibited'
  | 'silenced'
  | 'muted' // by a time interval
  | 'released' // no longer kept back by any of the three
  | 'notify' // a notification was committed to be sent
  | 'sent'
  | 'attempt-failed' // will be tried again
  | 'failed' // given up
  | 'superseded' // a newer notification took its place before it was delivered
  | 'acked'
  | 'unacked'
  | 'silence-set'
  | 'silence-ended'
  | 'configured';

export interface Decision {
  readonly id: number;
  readonly atMs: UnixMs;
  readonly kind: DecisionKind;
  /** Id of the alert, when it is about one. */
  readonly alert: string | undefined;
  /** Group key, when it is about a group. */
  readonly group: string | undefined;
  readonly receiver: string | undefined;
  /** One sentence for a person. */
  readonly reason: string;
  /** FILE:LINE, or empty where no line decided. */
  readonly place: string;
  readonly detail: DecisionDetail;
}

/** What a reader may want to link to; which fields are there depends on the kind. */
export interface DecisionDetail {
  readonly labels?: Labels;
  readonly silences?: readonly string[];
  readonly inhibitedBy?: string;
  readonly notification?: string;
  readonly firing?: number;
  readonly resolved?: number;
  readonly by?: string;
}

export type NewDecision = Pick<Decision, 'kind' | 'reason'> & Partial<Omit<Decision, 'id' | 'atMs' | 'kind' | 'reason'>>;

export interface DecisionQuery {
  readonly alert?: string;
  readonly group?: string;
  readonly fromMs?: UnixMs;
  readonly toMs?: UnixMs;
  readonly kinds?: readonly DecisionKind[];
  /** The newest so many; in order of time all the same. */
  readonly limit: number;
}

/** Writes one decision; call it in the transaction of what it is about. */
export function recordDecision(db: WriteDb, atMs: UnixMs, decision: NewDecision): Decision {
  const { alert, group, receiver, place = '', detail = {} } = decision;
  const { lastInsertRowid } = sql(
    db,
    'insert into alert_decisions (at_ms, kind, alert, group_key, receiver, reason, place, detail) values (?, ?, ?, ?, ?, ?, ?, ?)',
  ).run(atMs, decision.kind, alert ?? null, group ?? null, receiver ?? null, decision.reason, place, JSON.stringify(detail));
  return { id: Number(lastInsertRowid), atMs, kind: decision.kind, alert, group, receiver, reason: decision.reason, place, detail };
}

interface DecisionRow {
  readonly id: number;
  readonly at_ms: number;
  readonly kind: string;
  readonly alert: string | null;
  readonly group_key: string | null;
  readonly receiver: string | null;
  readonly reason: string;
  readonly place: string;
  readonly detail: string;
}

/** Decisions about an alert, about a group, or both where both are given (either one then suffices); all without. In order of time. */
export function readDecisions(db: ReadDb, query: DecisionQuery): Decision[] {
  const who: string[] = [];
  const values: (string | number)[] = [];
  if (query.alert !== undefined) {
    who.push('alert = ?');
    values.push(query.alert);
  }
  if (query.group !== undefined) {
    who.push('(group_key = ? and alert is null)');
    values.push(query.group);
  }
  const kinds = query.kinds === undefined ? 'true' : `kind in (${query.kinds.map(() => '?').join()})`;
  const about = `${who.length === 0 ? 'true' : `(${who.join(' or ')})`} and ${kinds}`;
  const columns = 'id, at_ms, kind, alert, group_key, receiver, reason, place, detail';
  const rows = sql(db, `select ${columns} from alert_decisions where ${about} and at_ms between ? and ? order by id desc limit ?`).all(
    ...values,
    ...(query.kinds ?? []),
    query.fromMs ?? 0,
    query.toMs ?? Number.MAX_SAFE_INTEGER,
    query.limit,
  ) as DecisionRow[];
  return rows.toReversed().map((row) => ({
    id: row.id,
    atMs: row.at_ms,
    kind: row.kind as DecisionKind,
    alert: row.alert ?? undefined,
    group: row.group_key ?? undefined,
    receiver: row.receiver ?? undefined,
    reason: row.reason,
    place: row.place,
    detail: JSON.parse(row.detail) as DecisionDetail,
  }));
}

/** Forgets decisions and finished notifications older than `beforeMs`; the newest notification of each group and receiver stays. */
export function pruneRecord(db: WriteDb, beforeMs: UnixMs): number {
  const decisions = sql(db, 'delete from alert_decisions where at_ms < ?').run(beforeMs).changes;
  const notifications = sql(
    db,
    `delete from notifications where at_ms < ? and state <> 'pending' and id not in
       (select max(id) from notifications where state <> 'failed' group by group_key, receiver, integration)`,
  ).run(beforeMs).changes;
  return decisions + notifications;
}
