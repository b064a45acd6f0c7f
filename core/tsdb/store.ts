import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { closeDb, openDb, transaction, type WriteDb } from '#core/db/index.ts';
import {
  compareLabels,
  compareText,
  labelPairs,
  messageOf,
  type Cancel,
  type Clock,
  type Exemplar,
  type Labels,
  type Matcher,
  type MetricMetadata,
  type SeriesColumns,
} from '#core/model/index.ts';
import { StoreBatch, type Ledger } from './batch.ts';
import { Catalogue } from './catalogue.ts';
import { Groups } from './groups.ts';
import { Head } from './head.ts';
import { defaultLimits, labelFault } from './limits.ts';
import { matchRefs } from './match.ts';
import { allMetadata, insertExemplar, putMetadata, sealedExemplars, type RefExemplar } from './notes.ts';
import { Reader } from './reader.ts';
import { loadGroups, replayWal } from './recover.ts';
import { maxSealedLsn, sealedTotals } from './sealed.ts';
import { Sweep } from './sweep.ts';
import {
  verdictName,
  verdicts,
  type Batch,
  type SeriesExemplars,
  type SeriesRef,
  type StoreLimits,
  type Tsdb,
  type TsdbOptions,
  type TsdbStats,
  type Verdict,
} from './types.ts';
import { Wal } from './wal.ts';

const tickMs = 1000;

/** Opens (and makes) the store of a folder: everything acknowledged before is there when this returns. */
export function openTsdb(options: TsdbOptions): Tsdb {
  return new Store(options);
}

class Store implements Tsdb, Ledger {
  readonly head: Head;
  readonly wal: Wal;
  readonly unlogged = new Set<SeriesRef>();
  /** Exemplars that no commit has carried yet, and then those that are not in the database yet. */
  pendingExemplars: RefExemplar[] = [];
  #unsealedExemplars: RefExemplar[] = [];

  readonly #folder: string;
  readonly #clock: Clock;
  readonly #limits: StoreLimits;
  readonly #db: WriteDb;
  readonly #catalogue = new Catalogue();
  readonly #groups = new Groups();
  readonly #reader: Reader;
  readonly #sweep: Sweep;
  readonly #metadata: Map<string, MetricMetadata>;
  readonly #metadataDirty = new Set<string>();
  readonly #rejected = new Map<string, number>();
  readonly #damage: string[] = [];
  #appended = 0;
  #cancelTick: Cancel;

  constructor(options: TsdbOptions) {
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    this.#folder = options.folder;
    this.#clock = options.clock;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#db = openDb(join(options.folder, 'metrics.db'), 'metrics');
    this.#reader = new Reader(this.#db, this.#groups, (frame, cause) => this.#damage.push(`frame ${frame.id}: ${cause}`));
    this.head = new Head((ref, timeMs) => this.#reader.sealedAt(ref, timeMs));
    const nextLsn = this.#recover();
    this.wal = new Wal(this.#walFolder, options.clock, nextLsn);
    this.head.limitLateness(this.#limits.outOfOrderMs);
    this.#metadata = allMetadata(this.#db);
    this.#sweep = new Sweep({ db: this.#db, catalogue: this.#catalogue, groups: this.#groups, head: this.head }, this.wal, options.clock);
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
      this.#groups.waiting.add(ref);
    }
    this.#unsealedExemplars.push(...this.pendingExemplars);
    this.pendingExemplars = [];
    this.#appended += stored;
    this.#sweep.relieve();
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
    const sealed = sealedTotals(this.#db);
    const newestMs = Math.max(this.head.newestMs, sealed.maxMs ?? -Infinity);
    return {
      series: this.#catalogue.size,
      headSamples: this.head.samples,
      sealedSamples: sealed.samples,
      frames: sealed.frames,
      frameBytes: sealed.bytes,
      diskBytes: fileBytes(this.#db.path) + fileBytes(`${this.#db.path}-wal`),
      walBytes: this.wal.bytes,
      oldestMs: sealed.minMs ?? undefined,
      newestMs: newestMs === -Infinity ? undefined : newestMs,
      appended: this.#appended,
      rejected: this.#rejected,
    };
  }

  tick(): boolean {
    const more = this.#sweep.step();
    if (this.#unsealedExemplars.length > 0 || this.#metadataDirty.size > 0) this.#sealNotes();
    return more;
  }

  async close(): Promise<void> {
    this.#cancelTick();
    this.#sweep.sealAll();
    this.#sealNotes();
    await this.wal.close();
    closeDb(this.#db);
  }

  get #walFolder(): string {
    return join(this.#folder, 'wal');
  }

  #tickByTimer(): void {
    try {
      this.tick();
    } catch (error) {
      this.#damage.push(messageOf(error));
    }
    this.#cancelTick = this.#clock.after(tickMs, () => this.#tickByTimer());
  }

  /** Loads what is sealed, replays the log, and returns the number of the next commit. */
  #recover(): number {
    mkdirSync(this.#walFolder, { recursive: true, mode: 0o700 });
    const onGroupDamage = (group: number, cause: string): void => void this.#damage.push(`series group ${group}: ${cause}`);
    const sealedLsns = loadGroups(this.#db, this.#catalogue, this.#groups, this.head, onGroupDamage);
    const replay = replayWal(this.#walFolder, sealedLsns, this.#catalogue, this.#groups, this.head, (damage) => {
      this.#damage.push(`${damage.path} from ${damage.from} to ${damage.to}: ${damage.cause}`);
    });
    this.#unsealedExemplars = [...replay.exemplars];
    return Math.max(replay.lastLsn, maxSealedLsn(this.#db)) + 1;
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
    const exemplars = this.#unsealedExemplars;
    transaction(this.#db, () => {
      for (const one of exemplars) insertExemplar(this.#db, one);
      for (const metric of this.#metadataDirty) putMetadata(this.#db, metric, this.#metadata.get(metric)!);
    });
    this.#unsealedExemplars = [];
    this.#metadataDirty.clear();
  }
}

function fileBytes(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
