import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { closeDb, openReadDb, type ReadDb } from '#core/db/index.ts';
import { EngineError } from '#core/model/index.ts';
import { allTombstones, Tombstones } from './upkeep/deletion.ts';
import { Groups } from './names/groups.ts';
import { quarantined, type Damage } from './upkeep/quarantine.ts';
import { loadGroups, Replay } from './log/recover.ts';
import { hasRollups, totalRollupBytes } from './rollup/rows.ts';
import { lastIds, sealedBounds, sealedTotals } from './sealed.ts';
import type { TsdbStats, TsdbView } from './types.ts';
import { View } from './view.ts';
import { walSegments } from './log/wal-frame.ts';

const attemptsMax = 5;

/**
 * A store's folder as it stands, for reading only: beside the process that writes it, or with none. It does not follow what is written
 * later. Throws EngineError `not-found` when the folder holds no store.
 */
export function openTsdbView(folder: string): TsdbView {
  if (!existsSync(join(folder, 'metrics.db'))) throw new EngineError('not-found', `${folder} holds no metrics; name a data folder`);
  for (let attempt = 1; ; attempt++) {
    const before = segmentNames(folder);
    const view = new FixedView(folder);
    // A segment that the writer removed while this one read may have been missed; what was in it is sealed by now.
    if (before === segmentNames(folder) || attempt === attemptsMax) return view;
    void view.close();
  }
}

const segmentNames = (folder: string): string =>
  existsSync(join(folder, 'wal'))
    ? walSegments(join(folder, 'wal'))
        .map(({ path }) => path)
        .join()
    : '';

class FixedView extends View implements TsdbView {
  readonly #db: ReadDb;
  readonly #damage: Damage[];
  readonly #replay: Replay;

  constructor(folder: string) {
    const db = openReadDb(join(folder, 'metrics.db'));
    const groups = new Groups(lastIds(db).group);
    const tombstones = new Tombstones(allTombstones(db));
    const damage: Damage[] = [];
    super({
      db,
      groups,
      tombstones,
      onDamage: (meta, error) => damage.push({ what: 'frame', minMs: meta?.minMs, maxMs: meta?.maxMs, cause: error.message }),
      onRollupDamage: (row, error) => damage.push({ what: 'rollup', minMs: row.startMs, maxMs: row.endMs, cause: error.message }),
      revive: () => undefined,
    });
    this.#db = db;
    this.#damage = damage;
    const parts = { catalogue: this.catalogue, groups, head: this.head, tombstones };
    const sealedLsns = loadGroups(db, parts, (group, cause) =>
      damage.push({ what: 'series group', minMs: undefined, maxMs: undefined, cause: `group ${group}: ${cause}` }),
    );
    this.#replay = new Replay(join(folder, 'wal'), sealedLsns, parts, ({ path, from, to, cause }) => {
      damage.push({ what: 'log', minMs: undefined, maxMs: undefined, cause: `${path}, bytes ${from} to ${to}: ${cause}` });
    });
    while (!this.#replay.isDone) this.#replay.step();
  }

  stats(): TsdbStats {
    const { frames, samples, bytes } = sealedTotals(this.#db);
    const { newestMs } = this.head;
    return {
      series: this.catalogue.size,
      seriesMax: Infinity,
      headSamples: this.head.samples,
      sealedSamples: samples,
      frames,
      frameBytes: bytes,
      rollupBytes: hasRollups(this.#db) ? totalRollupBytes(this.#db) : 0,
      rollupsOnlyBeforeMs: this.rollups.rawFloorMs === -Infinity ? undefined : this.rollups.rawFloorMs,
      diskBytes: statSync(this.#db.path).size,
      walBytes: this.#replay.bytes,
      oldestMs: sealedBounds(this.#db).minMs,
      newestMs: newestMs === -Infinity ? undefined : newestMs,
      appended: 0,
      rejected: new Map(),
      damage: [...quarantined(this.#db), ...this.#damage],
      isReplaying: false,
      lostSamples: this.#replay.orphans,
      upkeepFault: '',
      needsRestart: false,
    };
  }

  close(): Promise<void> {
    closeDb(this.#db);
    return Promise.resolve();
  }
}
