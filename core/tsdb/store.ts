import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { closeDb, isCorrupt, transaction, type WriteDb } from '#core/db/index.ts';
import { compareLabels, compareText, labelPairs, messageOf } from '#core/model/index.ts';
import type { Cancel, Clock, Exemplar, Labels, Matcher, MetricMetadata, SeriesColumns } from '#core/model/index.ts';
import { StoreBatch, type Ledger } from './batch.ts';
import { Catalogue } from './catalogue.ts';
import { allTombstones, insertTombstone, Tombstones } from './deletion.ts';
import { Frames } from './frames.ts';
import { Groups } from './groups.ts';
import { Head } from './head.ts';
import { defaultLimits, labelFault } from './limits.ts';
import { compact, maintain, type MaintenanceParts } from './maintenance.ts';
import { matchRefs } from './match.ts';
import { allMetadata, insertExemplar, putMetadata, sealedExemplars, type RefExemplar } from './notes.ts';
import { quarantined, quarantineFrame, quarantineGroup, quarantineSegment, type Damage } from './quarantine.ts';
import { Reader } from './reader.ts';
import { loadGroups, Replay } from './recover.ts';
import { markDamaged, openOrSalvage } from './salvage.ts';
import { lastIds, maxSealedLsn, sealedBounds, type FrameMeta } from './sealed.ts';
import { Sweep } from './sweep.ts';
import { verdictName, verdicts } from './types.ts';
import type { Batch, SeriesExemplars, SeriesRef, StoreLimits, Tsdb, TsdbOptions, TsdbStats, Verdict } from './types.ts';
import { Wal, type WalFiles } from './wal.ts';

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
  return new Store(options, files);
}

class Store implements Tsdb, Ledger {
  readonly head: Head;
  readonly wal: Wal;
  readonly unlogged = new Set<SeriesRef>();
  pendingExemplars: RefExemplar[] = [];
  /** Exemplars that a commit has carried and the database not yet. */
  #unsealedExemplars: RefExemplar[] = [];

  readonly #folder: string;
  readonly #clock: Clock;
  readonly #limits: StoreLimits;
  readonly #db: WriteDb;
  readonly #catalogue = new Catalogue();
  readonly #groups: Groups;
  readonly #frames: Frames;
  readonly #tombstones: Tombstones;
  readonly #reader: Reader;
  readonly #upkeep: MaintenanceParts;
  readonly #metadata: Map<string, MetricMetadata>;
  readonly #metadataDirty = new Set<string>();
  readonly #rejected = new Map<string, number>();
  readonly #damage: Damage[] = [];
  #upkeepFault = '';
  #isCondemned = false;
  #appended = 0;
  readonly #replay: Replay;
  #cancelTick: Cancel;

  constructor(options: TsdbOptions, files?: WalFiles) {
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    this.#folder = options.folder;
    this.#clock = options.clock;
    this.#limits = { ...defaultLimits, ...options.limits };
    const db = openOrSalvage(options.folder, (damage) => this.#damage.push(damage));
    this.#db = db;
    this.#groups = new Groups(lastIds(db).group);
    this.#frames = new Frames(db);
    this.#tombstones = new Tombstones(allTombstones(db));
    this.#reader = new Reader({
      db,
      groups: this.#groups,
      tombstones: this.#tombstones,
      onDamage: (meta, error) => this.#setAside(meta, error),
    });
    this.head = new Head({
      sealedAt: (ref, timeMs) => this.#reader.sealedAt(ref, timeMs),
      revive: (ref) => this.#revive(ref),
    });
    mkdirSync(this.#walFolder, { recursive: true, mode: 0o700 });
    this.#replay = this.#recover();
    this.wal = new Wal(this.#walFolder, options.clock, Math.max(this.#replay.lastLsn, maxSealedLsn(db)) + 1, files);
    this.head.limitLateness(this.#limits.outOfOrderMs);
    this.#metadata = allMetadata(db);
    const parts = {
      db,
      catalogue: this.#catalogue,
      groups: this.#groups,
      head: this.head,
      frames: this.#frames,
      reader: this.#reader,
      tombstones: this.#tombstones,
      limits: this.#limits,
      wal: this.wal,
    };
    this.#upkeep = { ...parts, sweep: new Sweep(parts, this.wal, options.clock) };
    this.#cancelTick = options.clock.after(tickMs, () => this.#tickByTimer());
  }

  readonly labelsOf = (ref: SeriesRef): Labels => this.#catalogue.labels(ref);

  ref(labels: Labels): SeriesRef {
    const known = this.#catalogue.find(labels);
    if (known >= 0) return known;
    const fault = labelFault(labels, this.#limits) ?? this.#roomFault(labels);
    if (fault !== undefined) return -fault;
    const ref = this.#catalogue.add(labels);
    this.head.reserve(this.#catalogue.next);
    this.unlogged.add(ref);
    return ref;
  }

  batch(): Batch {
    this.head.ceilingMs = this.#clock.now() + this.#limits.futureMs;
    return new StoreBatch(this);
  }

  committed(series: readonly { readonly ref: number }[], stored: number): void {
    for (const { ref } of series) {
      this.unlogged.delete(ref);
      if (this.#groups.groupOf(ref) === 0) this.#groups.waiting.add(ref);
    }
    this.#unsealedExemplars.push(...this.pendingExemplars);
    this.pendingExemplars = [];
    this.#appended += stored;
    if (this.#replay.isDone) this.#upkeep.sweep.relieve();
  }

  countRejected(verdict: Verdict): void {
    if (verdict === verdicts.duplicate) return;
    const name = verdictName(verdict);
    this.#rejected.set(name, (this.#rejected.get(name) ?? 0) + 1);
  }

  select(matchers: readonly Matcher[], minMs: number, maxMs: number, signal?: AbortSignal): readonly SeriesColumns[] {
    const found: SeriesColumns[] = [];
    this.#reader.read(this.head, matchRefs(this.#catalogue, matchers), minMs, maxMs, (ref, { times, values, histograms }) => {
      signal?.throwIfAborted();
      const labels = this.#catalogue.labels(ref);
      found.push(histograms === undefined ? { labels, timesMs: times, values } : { labels, timesMs: times, values, histograms });
    });
    return found;
  }

  series(matchers: readonly Matcher[], minMs: number, maxMs: number): readonly Labels[] {
    return this.#refsIn(matchers, minMs, maxMs)
      .map((ref) => this.#catalogue.labels(ref))
      .sort(compareLabels);
  }

  labelNames(matchers: readonly Matcher[] = [], minMs = -Infinity, maxMs = Infinity): readonly string[] {
    const names = new Set<string>();
    for (const ref of this.#refsIn(matchers, minMs, maxMs)) for (const [name] of labelPairs(this.#catalogue.labels(ref))) names.add(name);
    return [...names].sort(compareText);
  }

  labelValues(name: string, matchers: readonly Matcher[] = [], minMs = -Infinity, maxMs = Infinity): readonly string[] {
    const label = this.#catalogue.name(name);
    if (label === undefined) return [];
    const values = new Set<string>();
    for (const ref of this.#refsIn(matchers, minMs, maxMs)) values.add(this.#catalogue.valueOf(ref, label));
    values.delete('');
    return [...values].sort(compareText);
  }

  deleteSeries(matchers: readonly Matcher[], minMs: number, maxMs: number): number {
    const refs = matchRefs(this.#catalogue, matchers);
    const [from, to] = [Math.max(minMs, Number.MIN_SAFE_INTEGER), Math.min(maxMs, Number.MAX_SAFE_INTEGER)];
    const range = { minMs: from, maxMs: to, frameMax: this.#frames.lastId, lsn: this.wal.lastLsn };
    const made = transaction(this.#db, () => Array.from(refs, (ref) => insertTombstone(this.#db, { ref, ...range })));
    for (const tombstone of made) {
      this.#tombstones.add(tombstone);
      this.head.cut(tombstone.ref, from, to);
    }
    return refs.length;
  }

  setMetadata(metric: string, metadata: MetricMetadata): void {
    const known = this.#metadata.get(metric);
    if (known !== undefined && known.type === metadata.type && known.help === metadata.help && known.unit === metadata.unit) return;
    this.#metadata.set(metric, metadata);
    this.#metadataDirty.add(metric);
  }

  metadata(): ReadonlyMap<string, MetricMetadata> {
    return this.#metadata;
  }

  addExemplar(ref: SeriesRef, exemplar: Exemplar): void {
    if (ref >= 0) this.pendingExemplars.push({ ref, exemplar });
  }

  exemplars(matchers: readonly Matcher[], minMs: number, maxMs: number): readonly SeriesExemplars[] {
    const found: SeriesExemplars[] = [];
    const open = [...this.#unsealedExemplars, ...this.pendingExemplars];
    for (const ref of matchRefs(this.#catalogue, matchers)) {
      const recent = open.filter((one) => one.ref === ref && one.exemplar.timeMs >= minMs && one.exemplar.timeMs <= maxMs);
      const exemplars = [...sealedExemplars(this.#db, ref, minMs, maxMs), ...recent.map(({ exemplar }) => exemplar)];
      if (exemplars.length > 0) found.push({ labels: this.#catalogue.labels(ref), exemplars });
    }
    return found;
  }

  stats(): TsdbStats {
    const { frames, samples, bytes } = this.#frames.totals;
    const newestMs = this.head.newestMs;
    return {
      series: this.#catalogue.size,
      headSamples: this.head.samples,
      sealedSamples: samples,
      frames,
      frameBytes: bytes,
      diskBytes: fileBytes(this.#db.path) + fileBytes(`${this.#db.path}-wal`),
      walBytes: this.wal.bytes,
      oldestMs: sealedBounds(this.#db).minMs,
      newestMs: newestMs === -Infinity ? undefined : newestMs,
      appended: this.#appended,
      rejected: this.#rejected,
      damage: [...quarantined(this.#db), ...this.#damage],
      isReplaying: !this.#replay.isDone,
      lostSamples: this.#replay.orphans,
      upkeepFault: this.#upkeepFault,
      needsRestart: this.#isCondemned,
    };
  }

  tick(): boolean {
    if (!this.#replay.isDone) {
      this.#replay.step();
      return true;
    }
    if (this.#unsealedExemplars.length > 0 || this.#metadataDirty.size > 0) this.#sealNotes();
    return maintain(this.#upkeep);
  }

  compact(): void {
    this.#finishReplay();
    this.#upkeep.sweep.sealAll();
    compact(this.#upkeep, () => true);
  }

  async close(): Promise<void> {
    this.#cancelTick();
    this.#finishReplay();
    this.#upkeep.sweep.sealAll();
    this.#sealNotes();
    const untilMs = this.#clock.monotonicMs() + closeMs;
    compact(this.#upkeep, () => this.#clock.monotonicMs() < untilMs);
    await this.wal.close();
    closeDb(this.#db);
  }

  get #walFolder(): string {
    return join(this.#folder, 'wal');
  }

  /** Upkeep that fails (a full disk) is tried again with the next tick; what it would have moved stays where it is. */
  #tickByTimer(): void {
    let more = false;
    try {
      more = this.tick();
      this.#upkeepFault = '';
    } catch (error) {
      this.#upkeepFault = messageOf(error);
      if (isCorrupt(error)) this.#condemn(messageOf(error));
    }
    this.#cancelTick = this.#clock.after(more ? busyTickMs : tickMs, () => this.#tickByTimer());
  }

  /** Loads what is sealed, and replays as much of the log's end as fits the time; ticks replay the rest. */
  #recover(): Replay {
    const parts = { catalogue: this.#catalogue, groups: this.#groups, head: this.head, tombstones: this.#tombstones };
    const damaged: [group: number, cause: string][] = [];
    const sealedLsns = loadGroups(this.#db, parts, (group, cause) => damaged.push([group, cause]));
    for (const [group, cause] of damaged) quarantineGroup(this.#db, group, cause, this.#clock.now());
    const replay = new Replay(this.#walFolder, sealedLsns, parts, (damage) => this.#damage.push(quarantineSegment(this.#folder, damage)));
    this.#unsealedExemplars = replay.exemplars;
    const untilMs = this.#clock.monotonicMs() + replayFirstMs;
    do replay.step();
    while (!replay.isDone && this.#clock.monotonicMs() < untilMs);
    return replay;
  }

  /** Moves a frame that cannot be read to the quarantine; damage to the database's structure waits for the next start. */
  #setAside(meta: FrameMeta | undefined, error: Error): void {
    try {
      if (meta === undefined || isCorrupt(error)) throw error;
      this.#frames.change((change) => {
        quarantineFrame(this.#db, meta, error.message, this.#clock.now());
        change.remove(meta);
      });
    } catch (failure) {
      if (!isCorrupt(failure)) throw failure;
      this.#condemn(messageOf(failure));
    }
  }

  #condemn(cause: string): void {
    if (this.#isCondemned) return;
    this.#isCondemned = true;
    markDamaged(this.#folder);
    this.#damage.push({ what: 'database', minMs: undefined, maxMs: undefined, cause });
  }

  #finishReplay(): void {
    while (!this.#replay.isDone) this.#replay.step();
  }

  /** A series that nothing was left of gets a sample again: it must be told to the log and to its group's row once more. */
  #revive(ref: SeriesRef): void {
    this.#catalogue.show(ref);
    this.unlogged.add(ref);
    const group = this.#groups.groupOf(ref);
    if (group !== 0) this.#groups.unsaved.add(group);
  }

  #roomFault(labels: Labels): Verdict | undefined {
    if (this.#catalogue.size >= this.#limits.seriesMax) return verdicts.seriesLimit;
    return this.#catalogue.metricSize(labels) >= this.#limits.metricSeriesMax ? verdicts.metricLimit : undefined;
  }

  #refsIn(matchers: readonly Matcher[], minMs: number, maxMs: number): number[] {
    const refs = [...matchRefs(this.#catalogue, matchers)];
    if (minMs === -Infinity && maxMs === Infinity) return refs;
    return refs.filter((ref) => this.head.read(ref, minMs, maxMs) !== undefined || this.#reader.mayHold(ref, minMs, maxMs));
  }

  #sealNotes(): void {
    transaction(this.#db, () => {
      for (const one of this.#unsealedExemplars) insertExemplar(this.#db, one);
      for (const metric of this.#metadataDirty) putMetadata(this.#db, metric, this.#metadata.get(metric)!);
    });
    this.#unsealedExemplars = [];
    this.#metadataDirty.clear();
  }
}

function fileBytes(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
