import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { closeDb, openReadDb, quickCheck, type ReadDb } from '#core/db/index.ts';
import { messageOf, rollupParts } from '#core/model/index.ts';
import { RollupFrame } from '../codec/rollup-frame.ts';
import { openFrame } from '../codec/frame.ts';
import { decodeGroup, groupSeriesMax } from '../names/groups.ts';
import { quarantined, type Damage } from './quarantine.ts';
import { frameBytes, framesAfter, groupRows, type FrameMeta } from '../sealed.ts';
import { hasRollups, rollupBytes, rollupsAfter, tellsOf, type RollupMeta } from '../rollup/rows.ts';
import { walFrames, walSegments } from '../log/wal-frame.ts';
import { getSamples } from '../log/wal-record.ts';

export interface DoctorReport {
  /** What is damaged now; empty when every checksum holds. */
  readonly damage: readonly Damage[];
  /** What was found damaged before and is in the quarantine. */
  readonly quarantined: readonly Damage[];
  readonly frames: number;
  readonly rollups: number;
  readonly samples: number;
  readonly groups: number;
  readonly commits: number;
}

/** Checks every checksum of a store's folder, decodes everything, and changes nothing. Runs beside a store that is in use. */
export function examineTsdb(folder: string): DoctorReport {
  const damage: Damage[] = [];
  const log = examineLog(join(folder, 'wal'), damage);
  const path = join(folder, 'metrics.db');
  if (!existsSync(path)) return { damage, quarantined: [], frames: 0, rollups: 0, samples: 0, groups: 0, commits: log };
  let db: ReadDb | undefined;
  const counts = { frames: 0, rollups: 0, samples: 0, groups: 0 };
  let before: readonly Damage[] = [];
  try {
    db = openReadDb(path);
    for (const fault of quickCheck(db)) damage.push({ what: 'database', minMs: undefined, maxMs: undefined, cause: fault });
    before = quarantined(db);
    examineGroups(db, damage, counts);
    examineFrames(db, damage, counts);
    if (hasRollups(db)) examineRollups(db, damage, counts);
  } catch (error) {
    damage.push({ what: 'database', minMs: undefined, maxMs: undefined, cause: messageOf(error) });
  } finally {
    if (db !== undefined) closeDb(db);
  }
  return { damage, quarantined: before, ...counts, commits: log };
}

function examineLog(folder: string, damage: Damage[]): number {
  let commits = 0;
  if (!existsSync(folder)) return commits;
  for (const { path } of walSegments(folder)) {
    const frames = walFrames(path, ({ from, to, cause }) => {
      damage.push({ what: 'log', minMs: undefined, maxMs: undefined, cause: `${path}, bytes ${from} to ${to}: ${cause}` });
    });
    for (const frame of frames) {
      const fault = faultOf(() => void getSamples(frame));
      if (fault !== undefined) damage.push({ what: 'log', minMs: undefined, maxMs: undefined, cause: `${path}, commit ${frame.lsn}: ${fault}` });
      commits++;
    }
  }
  return commits;
}

function examineGroups(db: ReadDb, damage: Damage[], counts: { groups: number }): void {
  for (const { id, members } of groupRows(db)) {
    const fault = faultOf(() => void decodeGroup(members));
    if (fault !== undefined) damage.push({ what: 'series group', minMs: undefined, maxMs: undefined, cause: `group ${id}: ${fault}` });
    counts.groups++;
  }
}

function examineFrames(db: ReadDb, damage: Damage[], counts: { frames: number; samples: number }): void {
  for (let after = 0; ;) {
    const metas = framesAfter(db, after, 256);
    for (const meta of metas) {
      const fault = faultOf(() => examineFrame(db, meta));
      if (fault !== undefined)
        damage.push({ what: 'frame', minMs: meta.minMs, maxMs: meta.maxMs, cause: `frame ${meta.id} of group ${meta.group}: ${fault}` });
      counts.frames++;
      counts.samples += meta.samples;
    }
    if (metas.length === 0) return;
    after = metas.at(-1)!.id;
  }
}

function examineRollups(db: ReadDb, damage: Damage[], counts: { rollups: number }): void {
  for (let after = 0; ;) {
    const rows = rollupsAfter(db, after, 256);
    for (const row of rows) {
      const fault = faultOf(() => examineRollup(db, row));
      if (fault !== undefined)
        damage.push({ what: 'rollup', minMs: row.startMs, maxMs: row.endMs, cause: `rollup ${row.id} of group ${row.group}: ${fault}` });
      counts.rollups++;
    }
    if (rows.length === 0) return;
    after = rows.at(-1)!.id;
  }
}

/** Throws when the row does not decode to buckets within its span. */
function examineRollup(db: ReadDb, row: RollupMeta): void {
  const frame = new RollupFrame(rollupBytes(db, row.id) ?? new Uint8Array(0));
  for (const slot of frame.slots) {
    const buckets = frame.buckets(slot)!;
    for (const part of rollupParts) buckets.column(part);
    if (buckets.ends[0]! <= row.startMs || buckets.ends.at(-1)! > row.endMs) throw new Error('it holds buckets outside its range');
    if (!tellsOf(row, slot)) throw new Error(`the index does not tell of slot ${slot}`);
  }
}

/** Throws when the frame does not decode to the samples and times that the index tells of. */
function examineFrame(db: ReadDb, meta: FrameMeta): void {
  const frame = openFrame(frameBytes(db, meta.id) ?? new Uint8Array(0));
  let samples = 0;
  for (let slot = 0; slot < groupSeriesMax; slot++) {
    for (const stretch of frame.stretches(slot)) {
      const { times } = stretch;
      stretch.read(0, times.length, new Float64Array(times.length), 0);
      stretch.histograms();
      if (times[0]! < meta.minMs || times.at(-1)! > meta.maxMs) throw new Error('it holds times outside its range');
      samples += times.length;
    }
  }
  if (samples !== meta.samples) throw new Error(`it holds ${samples} samples, not ${meta.samples}`);
}

function faultOf(act: () => void): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
