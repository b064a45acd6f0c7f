/** The alerts that alerting holds: those that fire, and those that are over but whose groups have not said so yet. */
import { compareText, labelPairs, labelValue, type Alert, type Labels, type UnixMs } from '#core/model/index.ts';
import { sql, type ReadDb, type WriteDb } from '#core/db/index.ts';

export interface HeldAlert {
  readonly id: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsMs: UnixMs;
  /** When it is over; in the future for an alert from outside that is still renewed. Undefined: it fires until its rule says otherwise. */
  readonly endsMs: UnixMs | undefined;
  /** The end was not given but set by `resolve_timeout`, so a later end always replaces it. */
  readonly timesOut: boolean;
  /** When this firing was first heard of. */
  readonly firstMs: UnixMs;
  readonly updatedMs: UnixMs;
  readonly generatorUrl: string;
  /** Undefined for alerts from outside. */
  readonly rule: RuleOrigin | undefined;
  /** Ids of routes whose group has told its end already, while another group has not. */
  readonly leftRoutes: readonly string[];
}

/** An alert as it is at this flush: it does not resolve while the stages run. */
export interface FlushedAlert {
  readonly alert: HeldAlert;
  readonly resolved: boolean;
}

export interface RuleOrigin {
  readonly expr: string;
  readonly value: number;
  readonly group: string;
  readonly file: string;
}

/** An alert as another Prometheus posts it; times may be left out. */
export interface PostedAlert {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsMs: UnixMs | undefined;
  readonly endsMs: UnixMs | undefined;
  readonly generatorUrl: string;
}

export function isResolved(alert: HeldAlert, nowMs: UnixMs): boolean {
  return alert.endsMs !== undefined && alert.endsMs <= nowMs;
}

/** A rule's alert, in our terms. Only for firing and resolved ones. */
export function fromRule(alert: Alert, nowMs: UnixMs, generatorUrl: string): HeldAlert {
  return {
    id: alert.id,
    labels: alert.labels,
    annotations: alert.annotations,
    startsMs: alert.firedAtMs ?? alert.activeAtMs,
    endsMs: alert.state === 'resolved' ? (alert.resolvedAtMs ?? nowMs) : undefined,
    timesOut: false,
    firstMs: nowMs,
    updatedMs: nowMs,
    generatorUrl,
    rule: { expr: alert.expr, value: alert.value, group: alert.group, file: alert.ruleFile },
    leftRoutes: [],
  };
}

/** A posted alert with its times filled in: without an end it is over `resolveTimeoutMs` after it was last heard of. */
export function fromPost(posted: PostedAlert, id: string, nowMs: UnixMs, resolveTimeoutMs: number): HeldAlert {
  const timesOut = posted.endsMs === undefined;
  return {
    id,
    labels: posted.labels,
    annotations: posted.annotations,
    startsMs: posted.startsMs ?? posted.endsMs ?? nowMs,
    endsMs: posted.endsMs ?? nowMs + resolveTimeoutMs,
    timesOut,
    firstMs: nowMs,
    updatedMs: nowMs,
    generatorUrl: posted.generatorUrl,
    rule: undefined,
    leftRoutes: [],
  };
}

/**
 * What is held once `next` came on top of `held`. Where the two overlap in time they are one firing: the earlier start stays, and so
 * does the later end, unless it was only set by a time-out, or `next` says that all is over. Alertmanager merges alerts alike.
 */
export function mergeAlert(held: HeldAlert | undefined, next: HeldAlert, nowMs: UnixMs): HeldAlert {
  if (held === undefined) return next;
  const refires = isResolved(held, nowMs) && !isResolved(next, nowMs);
  if (refires && next.startsMs >= held.endsMs!) return next;
  const startsMs = Math.min(held.startsMs, next.startsMs);
  return {
    ...next,
    startsMs: refires ? next.startsMs : startsMs,
    endsMs: keepsEnd(held, next, nowMs) ? held.endsMs : next.endsMs,
    firstMs: refires ? next.firstMs : held.firstMs,
    leftRoutes: refires ? [] : held.leftRoutes,
  };
}

function keepsEnd(held: HeldAlert, next: HeldAlert, nowMs: UnixMs): boolean {
  if (held.endsMs === undefined || next.endsMs === undefined || held.endsMs <= next.endsMs) return false;
  return isResolved(next, nowMs) ? isResolved(held, nowMs) : !held.timesOut;
}

/** Whether the two differ in what has to survive a restart. */
export function differs(a: HeldAlert, b: HeldAlert): boolean {
  return (
    a.startsMs !== b.startsMs || a.endsMs !== b.endsMs || a.generatorUrl !== b.generatorUrl || a.annotations.join('\0') !== b.annotations.join('\0')
  );
}

/** The order in which a notification lists alerts, Alertmanager's: by job, by instance, fewer labels first, then by the labels. */
export function compareAlerts(a: HeldAlert, b: HeldAlert): number {
  for (const name of ['job', 'instance']) {
    const order = compareText(labelValue(a.labels, name), labelValue(b.labels, name));
    if (order === 0) continue;
    if (labelValue(a.labels, name) === '') return 1;
    return labelValue(b.labels, name) === '' ? -1 : order;
  }
  if (a.labels.length !== b.labels.length) return a.labels.length - b.labels.length;
  return compareNames(a.labels, b.labels);
}

/** Names in order: whoever lacks one comes first; a shared one decides by value. */
function compareNames(a: Labels, b: Labels): number {
  const names = [...new Set([...labelPairs(a), ...labelPairs(b)].map(([name]) => name))].sort(compareText);
  for (const name of names) {
    const order = compareText(labelValue(a, name), labelValue(b, name));
    if (order !== 0) return order;
  }
  return 0;
}

interface AlertRow {
  readonly id: string;
  readonly labels: string;
  readonly annotations: string;
  readonly starts_ms: number;
  readonly ends_ms: number | null;
  readonly times_out: number;
  readonly first_ms: number;
  readonly updated_ms: number;
  readonly generator_url: string;
  readonly rule: string | null;
  readonly left_routes: string;
}

export function loadAlerts(db: ReadDb): HeldAlert[] {
  const columns = 'id, labels, annotations, starts_ms, ends_ms, times_out, first_ms, updated_ms, generator_url, rule, left_routes';
  const rows = sql(db, `select ${columns} from held_alerts order by first_ms, id`).all() as AlertRow[];
  return rows.map((row) => ({
    id: row.id,
    labels: JSON.parse(row.labels) as Labels,
    annotations: JSON.parse(row.annotations) as Labels,
    startsMs: row.starts_ms,
    endsMs: row.ends_ms ?? undefined,
    timesOut: row.times_out === 1,
    firstMs: row.first_ms,
    updatedMs: row.updated_ms,
    generatorUrl: row.generator_url,
    rule: row.rule === null ? undefined : (JSON.parse(row.rule) as RuleOrigin),
    leftRoutes: JSON.parse(row.left_routes) as string[],
  }));
}

export function saveAlert(db: WriteDb, alert: HeldAlert): void {
  sql(
    db,
    `insert or replace into held_alerts
       (id, labels, annotations, starts_ms, ends_ms, times_out, first_ms, updated_ms, generator_url, rule, left_routes)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    alert.id,
    JSON.stringify(alert.labels),
    JSON.stringify(alert.annotations),
    alert.startsMs,
    alert.endsMs ?? null,
    alert.timesOut ? 1 : 0,
    alert.firstMs,
    alert.updatedMs,
    alert.generatorUrl,
    alert.rule === undefined ? null : JSON.stringify(alert.rule),
    JSON.stringify(alert.leftRoutes),
  );
}

export function deleteAlert(db: WriteDb, id: string): void {
  sql(db, 'delete from held_alerts where id = ?').run(id);
}
