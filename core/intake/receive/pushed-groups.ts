import { sql, type WriteDb } from '#core/db/index.ts';
import { EngineError, messageOf, type Histogram, type Labels, type UnixMs } from '#core/model/index.ts';

/** A value that a batch job left; `histogram` in place of it for native histograms. */
export interface PushedSample {
  readonly labels: Labels;
  readonly value: number;
  readonly histogram: Histogram | undefined;
}

/** A group as it is kept over restarts. */
export interface StoredGroup {
  readonly labels: Labels;
  readonly pushedMs: UnixMs;
  readonly failedMs: UnixMs;
  readonly samples: readonly PushedSample[];
}

/** Numbers as texts, because JSON has no NaN and no Infinity. */
type SampleRow = readonly [labels: Labels, value: string, histogram?: Omit<Histogram, 'sum'> & { readonly sum: string }];

/** Keeps a group on stable storage in place of what was there. Throws EngineError `unavailable` when the disk takes no more. */
export function saveGroup(db: WriteDb, { labels, pushedMs, failedMs, samples }: StoredGroup): void {
  const rows = samples.map(({ labels: own, value, histogram }): SampleRow => {
    return histogram === undefined ? [own, String(value)] : [own, String(value), { ...histogram, sum: String(histogram.sum) }];
  });
  guarded(db, () => {
    const save = sql(db, 'insert or replace into pushed_groups (labels, pushed_ms, failed_ms, samples) values (?, ?, ?, ?)');
    save.run(JSON.stringify(labels), Math.round(pushedMs), Math.round(failedMs), JSON.stringify(rows));
  });
}

export function deleteGroup(db: WriteDb, labels: Labels): void {
  guarded(db, () => sql(db, 'delete from pushed_groups where labels = ?').run(JSON.stringify(labels)));
}

export function storedGroups(db: WriteDb): readonly StoredGroup[] {
  const rows = sql(db, 'select labels, pushed_ms, failed_ms, samples from pushed_groups').all() as {
    labels: string;
    pushed_ms: number;
    failed_ms: number;
    samples: string;
  }[];
  return rows.map(({ labels, pushed_ms, failed_ms, samples }) => ({
    labels: JSON.parse(labels) as Labels,
    pushedMs: pushed_ms,
    failedMs: failed_ms,
    samples: (JSON.parse(samples) as SampleRow[]).map(([own, value, histogram]) => ({
      labels: own,
      value: Number(value),
      histogram: histogram && { ...histogram, sum: Number(histogram.sum) },
    })),
  }));
}

function guarded(db: WriteDb, act: () => unknown): void {
  try {
    act();
  } catch (error) {
    throw new EngineError('unavailable', `${db.path} takes no more pushed groups (${messageOf(error)}); free some space on its disk`);
  }
}
