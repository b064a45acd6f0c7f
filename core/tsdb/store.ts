import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { closeDb, isCorrupt, transaction, type WriteDb } from '#core/db/index.ts';
import {
  labelValue,
  messageOf,
  METRIC_NAME,
  type Cancel,
  type Clock,
  type Exemplar,
  type Labels,
  type Matcher,
  type MetricMetadata,
  type StoreObserver,
} from '#core/model/index.ts';
import { StoreBatch, type Ledger } from './batch.ts';
import { ChangeLog, type StoreMark } from './changes.ts';
import { Bitmap } from './names/bitmap.ts';
import { CardinalityWatch, type Cardinality, type GrowingLabel, type RefusedSeries } from './names/cardinality.ts';
import { Age } from './upkeep/age.ts';
import { allTombstones, insertTombstone, Tombstones, type Tombstone } from './upkeep/deletion.ts';
import { Frames } from './frames.ts';
import { Groups } from './names/groups.ts';
import { defaultLimits, labelFault } from './names/limits.ts';
import { clean, compact, maintain, makeRoom, type MaintenanceParts } from './upkeep/maintenance.ts';
import { matchRefs } from './names/match.ts';
import { deleteExemplarsOf, type RefExemplar } from './log/notes.ts';
import { OpenNotes } from './log/open-notes.ts';
import { quarantined, type Damage } from './upkeep/quarantine.ts';
import { loadGroups, Replay } from './log/recover.ts';
import { openOrSalvage } from './upkeep/salvage.ts';
import { SetAside } from './upkeep/set-aside.ts';
import { lastIds, maxSealedLsn } from './sealed.ts';
import { copySnapshot } from './upkeep/snapshot.ts';
import { Sweep } from './upkeep/sweep.ts';
import { verdictName, verdicts } from './types.ts';
import type { Batch, Retention, SeriesRef, StoreLimits, Tsdb, TsdbOptions, TsdbStats, Verdict } from './types.ts';
import { Observers } from './observe.ts';
import { View } from './view.ts';
import { filesWithin, Wal, type WalFiles } from './log/wal.ts';

/** Between slices of upkeep: when there is nothing more to do, and when there is. A slice takes a few ms. */
const tickMs = 1000;
const busyTickMs = 25;
/** How long an opening replays the log before it lets others have a turn. */
const replayFirstMs = 150;
/** How long a close may go on recoding what is left. */
const closeMs = 2000;

/**
 * Opens (and makes) the store of a folder. What was sealed and the newest part of the log can be queried when it returns, the rest of the
 * log as ticks replay it (stats().isReplaying); samples can be added from the start. Damage never keeps a store from opening: it is set
 * aside and listed in stats().damage. `files` is the log's disk, for tests that make one fail.
 */
export function openTsdb(options: TsdbOptions, files?: WalFiles): Tsdb {
  mkdirSync(join(options.folder, 'wal'), { recursive: true, mode: 0o700 });
  const salvaged: Damage[] = [];
  const db = openOrSalvage(options.folder, (one) => salvaged.push(one));
  return new Store(options, db, [...quarantined(db), ...salvaged], files ?? filesWithin(options.hasRoom));
}

class Store extends View implements Tsdb, Ledger {
  readonly wal: Wal;
  readonly unlogged = new Bitmap();
  readonly observers = new Observers();
  readonly #changes = new ChangeLog();

  readonly #folder: string;
  readonly #clock: Clock;
  readonly #hasRoom: () => boolean;
  /** Upkeep reads it anew each time. */
  readonly #limits: { -readonly [Limit in keyof StoreLimits]: StoreLimits[Limit] };
  readonly #db: WriteDb;
  readonly #groups: Groups;
  readonly #frames: Frames;
  readonly #tombstones: Tombstones;
  readonly #upkeep: MaintenanceParts;
  readonly #replay: Replay;
  readonly #watch: CardinalityWatch;
  readonly #notes: OpenNotes;
  readonly #rejected = new Map<string, number>();
  readonly #aside: SetAside;
  #upkeepFault = '';
  #appended = 0;
  #cancelTick: Cancel;

  constructor({ folder, clock, limits, hasRoom }: TsdbOptions, db: WriteDb, damage: Damage[], files: WalFiles) {
    const groups = new Groups(lastIds(db).group);
    const tombstones = new Tombstones(allTombstones(db));
    super({
      db,
      groups,
      tombstones,
      onDamage: (meta, error) => this.#aside.frame(meta, error),
      onRollupDamage: (row, error) => this.#aside.rollup(row, error),
      revive: (ref) => this.#revive(ref),
    });
    this.#folder = folder;
    this.#clock = clock;
    this.#hasRoom = hasRoom ?? (() => true);
    this.#limits = { ...defaultLimits, ...limits };
    this.#db = db;
    this.#groups = groups;
    this.#tombstones = tombstones;
    this.#frames = new Frames(db);
    this.#aside = new SetAside({ folder, db, clock, frames: this.#frames }, damage);
    this.#watch = new CardinalityWatch(this.catalogue);
    this.#replay = this.#recover();
    this.#notes = new OpenNotes(db, this.knownMetadata, this.#replay.exemplars);
    this.wal = new Wal(this.#walFolder, clock, Math.max(this.#replay.lastLsn, maxSealedLsn(db)) + 1, files);
    this.head.limitLateness(this.#limits.outOfOrderMs);
    const { catalogue, head, reader, rollups, wal } = this;
    const age = new Age(db, clock, () => head.newestMs);
    const parts = { db, catalogue, groups, head, frames: this.#frames, reader, rollups, tombstones, limits: this.#limits, wal, age };
    this.#upkeep = { ...parts, sweep: new Sweep(parts, wal, clock) };
    this.observers.add(this.#changes);
    this.#cancelTick = clock.after(tickMs, () => this.#tickByTimer());
  }

  get pendingExemplars(): readonly RefExemplar[] {
    return this.#notes.pending;
  }

  readonly labelsOf = (ref: SeriesRef): Labels => this.catalogue.labels(ref);

  ref(labels: Labels): SeriesRef {
    const known = this.catalogue.find(labels);
    if (known >= 0) return known;
    const fault = labelFault(labels, this.#limits) ?? this.#roomFault(labels);
    if (fault !== undefined) {
      this.#watch.refuse(labelValue(labels, METRIC_NAME), verdictName(fault), this.#clock.now());
      return -fault;
    }
    const ref = this.catalogue.add(labels);
    this.head.reserve(this.catalogue.next);
    this.unlogged.add(ref);
    return ref;
  }

  find(labels: Labels): SeriesRef {
    return this.catalogue.find(labels);
  }

  observe(observer: StoreObserver): Cancel {
    return this.observers.add(observer);
  }

  mark(): StoreMark {
    return this.#changes.mark(this.#appended - this.head.samples - this.#frames.totals.samples, this.#groups.version);
  }

  unchangedBefore(mark: StoreMark): number {
    return this.#changes.unchangedBefore(mark, this.mark());
  }

  batch(): Batch {
    this.head.setTime(this.#clock.now(), this.#limits.futureMs);
    return new StoreBatch(this);
  }

  committed(series: Uint32Array, stored: number): void {
    for (const ref of series) {
      this.unlogged.remove(ref);
      if (this.#groups.groupOf(ref) === 0) this.#groups.waiting.add(ref);
    }
    this.#notes.committed();
    this.#appended += stored;
    if (this.#replay.isDone) this.#guardUpkeep(() => this.#upkeep.sweep.relieve());
  }

  countRejected(verdict: Verdict): void {
    if (verdict === verdicts.duplicate) return;
    const name = verdictName(verdict);
    this.#rejected.set(name, (this.#rejected.get(name) ?? 0) + 1);
  }

  deleteSeries(matchers: readonly Matcher[], minMs: number, maxMs: number): number {
    const refs = matchRefs(this.catalogue, matchers);
    const [from, to] = [Math.max(minMs, Number.MIN_SAFE_INTEGER), Math.min(maxMs, Number.MAX_SAFE_INTEGER)];
    const range = { minMs: from, maxMs: to, frameMax: this.#frames.lastId, lsn: this.wal.lastLsn };
    const made = transaction(this.#db, () => Array.from(refs, (ref) => this.#hide(ref, range)));
    const gone = new Set(refs);
    const stays = ({ ref, exemplar }: RefExemplar): boolean => exemplar.timeMs < from || exemplar.timeMs > to || !gone.has(ref);
    this.#notes.keepOnly(stays);
    for (const tombstone of made) {
      this.#tombstones.add(tombstone);
      this.head.cut(tombstone.ref, from, to);
    }
    this.observers.changed();
    return refs.length;
  }

  keep({ retentionMs, rollup5mRetentionMs, rollup1hRetentionMs, retentionBytes }: Retention): void {
    Object.assign(this.#limits, { retentionMs, rollup5mRetentionMs, rollup1hRetentionMs, retentionBytes });
  }

  setMetadata(metric: string, metadata: MetricMetadata): void {
    this.#notes.setMetadata(metric, metadata);
  }

  addExemplar(ref: SeriesRef, exemplar: Exemplar): void {
    if (ref >= 0) this.#notes.addExemplar({ ref, exemplar });
  }

  stats(): TsdbStats {
    const { frames, samples, bytes } = this.#frames.totals;
    const { newestMs } = this.head;
    return {
      series: this.catalogue.size,
      seriesMax: this.#limits.seriesMax,
      headSamples: this.head.samples,
      sealedSamples: samples,
      frames,
      frameBytes: bytes,
      rollupBytes: this.#frames.rollupBytes,
      rollupsOnlyBeforeMs: this.rollups.rawFloorMs === -Infinity ? undefined : this.rollups.rawFloorMs,
      diskBytes: fileBytes(this.#db.path) + fileBytes(`${this.#db.path}-wal`),
      walBytes: this.wal.bytes,
      oldestMs: this.reader.oldestMs(),
      newestMs: newestMs === -Infinity ? undefined : newestMs,
      appended: this.#appended,
      rejected: this.#rejected,
      damage: this.#aside.damage,
      isReplaying: !this.#replay.isDone,
      lostSamples: this.#replay.orphans,
      upkeepFault: this.#upkeepFault,
      needsRestart: this.#aside.isCondemned,
    };
  }

  cardinality(limit: number): Cardinality {
    return this.#watch.report(limit);
  }

  growing(limit: number): readonly GrowingLabel[] {
    return this.#watch.growing(limit);
  }

  refused(limit: number): readonly RefusedSeries[] {
    return this.#watch.refusals(limit);
  }

  tick(): boolean {
    this.#watch.look(this.#clock.monotonicMs(), this.#clock.now());
    if (!this.#replay.isDone) {
      this.#replay.step();
      this.observers.changed();
      return true;
    }
    this.#notes.seal(this.#limits.exemplarsMax);
    return maintain(this.#upkeep);
  }

  compact(): void {
    while (!this.#replay.isDone) this.#replay.step();
    this.#upkeep.sweep.sealAll();
    this.#notes.seal(this.#limits.exemplarsMax);
    compact(this.#upkeep, () => true);
  }

  cleanTombstones(): boolean {
    if (this.#replay.isDone) return clean(this.#upkeep);
    this.#replay.step();
    return true;
  }

  async snapshot(folder: string, what: 'all' | 'sealed' = 'all'): Promise<void> {
    if (what === 'all') await this.wal.synced(this.wal.lastLsn);
    await copySnapshot(this.#folder, this.#db, folder, what);
  }

  async close(): Promise<void> {
    this.#cancelTick();
    this.#guardUpkeep(() => this.#sealForClose());
    await this.wal.close();
    closeDb(this.#db);
  }

  protected override openExemplars(): readonly RefExemplar[] {
    return this.#notes.exemplars;
  }

  get #walFolder(): string {
    return join(this.#folder, 'wal');
  }

  #sealForClose(): void {
    while (!this.#replay.isDone) this.#replay.step();
    this.#upkeep.sweep.sealAll();
    this.#notes.seal(this.#limits.exemplarsMax);
    const untilMs = this.#clock.monotonicMs() + closeMs;
    compact(this.#upkeep, () => this.#clock.monotonicMs() < untilMs);
  }

  #tickByTimer(): void {
    const more = this.#guardUpkeep(() => (this.#hasRoom() ? this.tick() : makeRoom(this.#upkeep))) ?? false;
    this.#cancelTick = this.#clock.after(more ? busyTickMs : tickMs, () => this.#tickByTimer());
  }

  /** Upkeep that fails (a full disk) is tried again with the next tick; what it would have moved stays in the log and the head. */
  #guardUpkeep<T>(act: () => T): T | undefined {
    try {
      const done = act();
      this.#upkeepFault = '';
      return done;
    } catch (error) {
      this.#upkeepFault = messageOf(error);
      if (isCorrupt(error)) this.#aside.database(this.#upkeepFault);
      return undefined;
    }
  }

  /** Loads what is sealed, and replays as much of the log's end as fits the time; ticks replay the rest. */
  #recover(): Replay {
    const parts = { catalogue: this.catalogue, groups: this.#groups, head: this.head, tombstones: this.#tombstones };
    const damaged: [group: number, cause: string][] = [];
    const sealedLsns = loadGroups(this.#db, parts, (group, cause) => damaged.push([group, cause]));
    for (const [group, cause] of damaged) this.#aside.group(group, cause);
    const replay = new Replay(this.#walFolder, sealedLsns, parts, (damage) => this.#aside.segment(damage));
    const untilMs = this.#clock.monotonicMs() + replayFirstMs;
    do replay.step();
    while (!replay.isDone && this.#clock.monotonicMs() < untilMs);
    return replay;
  }

  /** Part of the transaction of a deletion. */
  #hide(ref: SeriesRef, range: Omit<Tombstone, 'id' | 'ref'>): Tombstone {
    deleteExemplarsOf(this.#db, ref, range.minMs, range.maxMs);
    return insertTombstone(this.#db, { ref, ...range });
  }

  /** A series that nothing was left of gets a sample again: it must be told to the log and to its group's row once more. */
  #revive(ref: SeriesRef): void {
    this.catalogue.show(ref);
    this.unlogged.add(ref);
    const group = this.#groups.groupOf(ref);
    if (group !== 0) this.#groups.unsaved.add(group);
  }

  #roomFault(labels: Labels): Verdict | undefined {
    if (this.catalogue.size >= this.#limits.seriesMax) return verdicts.seriesLimit;
    return this.catalogue.metricSize(labels) >= this.#limits.metricSeriesMax ? verdicts.metricLimit : undefined;
  }
}

function fileBytes(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
