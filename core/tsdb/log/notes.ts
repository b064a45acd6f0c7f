import { sql, type ReadDb, type WriteDb } from '#core/db/index.ts';
import type { Exemplar, Labels, MetricMetadata, MetricType } from '#core/model/index.ts';

/** What is kept beside samples: exemplars of series and the metadata of metrics. */
export interface RefExemplar {
  readonly ref: number;
  readonly exemplar: Exemplar;
}

export function insertExemplar(db: WriteDb, { ref, exemplar }: RefExemplar): void {
  sql(db, 'insert into exemplar (ref, time_ms, value, labels) values (?, ?, ?, ?) on conflict do nothing').run(
    ref,
    exemplar.timeMs,
    exemplar.value,
    JSON.stringify(exemplar.labels),
  );
}

/** The sealed exemplars of one series in a range, oldest first. */
export function sealedExemplars(db: ReadDb, ref: number, minMs: number, maxMs: number): Exemplar[] {
  const rows = sql(db, 'select time_ms as timeMs, value, labels from exemplar where ref = ? and time_ms between ? and ? order by time_ms').all(
    ref,
    Math.max(minMs, Number.MIN_SAFE_INTEGER),
    Math.min(maxMs, Number.MAX_SAFE_INTEGER),
  ) as { timeMs: number; value: number; labels: string }[];
  return rows.map(({ timeMs, value, labels }) => ({ timeMs, value, labels: JSON.parse(labels) as Labels }));
}

export function putMetadata(db: WriteDb, metric: string, { type, help, unit }: MetricMetadata): void {
  sql(
    db,
    `insert into metadata (metric, type, help, unit) values (?, ?, ?, ?)
     on conflict (metric) do update set type = excluded.type, help = excluded.help, unit = excluded.unit`,
  ).run(metric, type, help, unit);
}

export function allMetadata(db: ReadDb): Map<string, MetricMetadata> {
  const rows = sql(db, 'select metric, type, help, unit from metadata').all() as { metric: string; type: MetricType; help: string; unit: string }[];
  return new Map(rows.map(({ metric, type, help, unit }) => [metric, { type, help, unit }]));
}

/** Deletes the oldest beyond so many. A few ms. */
export function trimExemplars(db: WriteDb, keptMax: number): void {
  const first = sql(db, 'select time_ms as timeMs from exemplar order by time_ms desc limit 1 offset ?').get(keptMax) as
    | { timeMs: number }
    | undefined;
  if (first !== undefined) sql(db, 'delete from exemplar where time_ms <= ?').run(first.timeMs);
}

export function deleteExemplarsOf(db: WriteDb, ref: number, minMs: number, maxMs: number): void {
  sql(db, 'delete from exemplar where ref = ? and time_ms between ? and ?').run(ref, minMs, maxMs);
}

export function deleteExemplarsBefore(db: WriteDb, timeMs: number): void {
  if (timeMs > Number.MIN_SAFE_INTEGER) sql(db, 'delete from exemplar where time_ms < ?').run(timeMs);
}
