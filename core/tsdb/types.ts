import type {
  Cancel,
  Clock,
  DurationMs,
  Exemplar,
  Histogram,
  Labels,
  Matcher,
  MetricMetadata,
  Rollup,
  RollupRequest,
  SeriesColumns,
  StoreObserver,
  UnixMs,
} from '#core/model/index.ts';
import type { StoreMark } from './changes.ts';
import type { Cardinality, GrowingLabel, RefusedSeries } from './names/cardinality.ts';
import type { Damage } from './upkeep/quarantine.ts';

/** Names a series of the head: 0 or more, never used again for another series. Negative: the series was refused, and the number is `-Verdict`. */
export type SeriesRef = number;

/**
 * What became of a sample. Numbers, because one is returned for every sample of the hot path; `verdictName` gives the words.
 * `stored` and `duplicate` are success; every other verdict is a rejection that the store has counted by reason.
 */
export const verdicts = {
  stored: 0,
  /** The very sample, bit for bit, is there already. */
  duplicate: 1,
  /** Older than the newest sample of the store by more than `outOfOrderMs`. */
  tooOld: 2,
  /** Ahead of the clock by more than `futureMs`. */
  tooFarAhead: 3,
  /** The series holds another value at this very time; the first one stays. */
  conflicting: 4,
  /** The time is not a whole number of milliseconds. */
  badTime: 5,
  /** The store holds `seriesMax` series. */
  seriesLimit: 6,
  /** The metric has `metricSeriesMax` series. */
  metricLimit: 7,
  /** More than `labelsMax` labels. */
  labelCount: 8,
  /** A label name longer than `nameBytesMax`. */
  labelName: 9,
  /** A label value longer than `valueBytesMax`. */
  labelValue: 10,
  /** Labels not sorted, repeated or empty, or no metric name. */
  badLabels: 11,
  /** New, while whoever brings it takes no new series for want of memory. Said by intake, never by the store. */
  overload: 12,
} as const;
export type Verdict = (typeof verdicts)[keyof typeof verdicts];

const words = [
  'stored',
  'duplicate',
  'out_of_order_too_old',
  'future',
  'duplicate_other_value',
  'bad_time',
  'series_limit',
  'metric_series_limit',
  'label_count_limit',
  'label_name_length_limit',
  'label_value_length_limit',
  'bad_labels',
  'overload',
] as const;

export const verdictCount: number = words.length;

/** The verdict as a word fit for a label: `out_of_order_too_old`. */
export function verdictName(verdict: Verdict): string {
  return words[verdict];
}

/** Why the series of a refused ref was refused. */
export function refusal(ref: SeriesRef): Verdict {
  return -ref as Verdict;
}

/** The bounds of one dataset. A case of imported files lifts the bounds of time with Infinity. */
export interface StoreLimits {
  /** How far behind the store's newest sample a sample may lie. */
  readonly outOfOrderMs: DurationMs;
  /** How far ahead of the clock a sample may lie. */
  readonly futureMs: DurationMs;
  readonly seriesMax: number;
  readonly metricSeriesMax: number;
  readonly labelsMax: number;
  readonly nameBytesMax: number;
  readonly valueBytesMax: number;
  /** Samples older than the newest one by more than this go. */
  readonly retentionMs: DurationMs;
  /** Samples younger than the newest one by less than this have no rollups yet: they are read as fast, and rollups cost a third of their bytes. */
  readonly rollAfterMs: DurationMs;
  /** Rollups of 5 min, and of an hour, older than the newest sample by more than this go. */
  readonly rollup5mRetentionMs: DurationMs;
  readonly rollup1hRetentionMs: DurationMs;
  /** The oldest exemplars beyond so many go, give or take a few. */
  readonly exemplarsMax: number;
  /** The oldest samples go when sealed data, rollups among them, takes more than this; when no more samples can go, the oldest rollups. */
  readonly retentionBytes: number;
}

export type Retention = Pick<StoreLimits, 'retentionMs' | 'rollup5mRetentionMs' | 'rollup1hRetentionMs' | 'retentionBytes'>;

export interface TsdbOptions {
  /** The dataset's folder; made when absent. Holds `metrics.db` and `wal/`. */
  readonly folder: string;
  readonly clock: Clock;
  readonly limits?: Partial<StoreLimits>;
  /** False while what is left of the disk is not for samples: commits are then refused as on a full disk, and upkeep waits. */
  readonly hasRoom?: () => boolean;
}

/** `process`: survives the death of the process. `power`: on stable storage. */
export type Durability = 'process' | 'power';

/** Float samples of many series, as columns: those of run `i` end at `ends[i]` and begin where those of the run before end. */
export interface SampleRuns {
  readonly count: number;
  /** By run: the series, or a refused one. */
  readonly refs: Int32Array;
  readonly ends: Int32Array;
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
}

/**
 * The samples of one scrape or one push. Samples can be read from the moment they are added; they are durable when `commit`
 * settles. A batch is used once and not kept across an await before its commit.
 */
export interface Batch {
  add(ref: SeriesRef, timeMs: UnixMs, value: number): Verdict;
  addStale(ref: SeriesRef, timeMs: UnixMs): Verdict;
  addHistogram(ref: SeriesRef, timeMs: UnixMs, histogram: Histogram): Verdict;
  /** What `add` does for each sample, several times faster where a series has many. Answers how many got which verdict, by its number. */
  addRuns(runs: SampleRuns): Uint32Array;
  /** Samples stored so far by this batch. */
  readonly stored: number;
  /** Rejects with EngineError `unavailable` when the disk takes no more; nothing of the batch is then promised. */
  commit(durability: Durability): Promise<void>;
}

export interface TsdbStats {
  readonly series: number;
  /** As many as the store takes. */
  readonly seriesMax: number;
  /** Samples in the head that no sealed frame holds yet. */
  readonly headSamples: number;
  readonly sealedSamples: number;
  /** Sealed frames: a frame holds the chunks of up to 64 series over one window. */
  readonly frames: number;
  /** Bytes of sealed sample data. */
  readonly frameBytes: number;
  /** Bytes of rollups. */
  readonly rollupBytes: number;
  /** Samples before it have gone by age or size, and only rollups are kept; undefined when none have. */
  readonly rollupsOnlyBeforeMs: UnixMs | undefined;
  /** Bytes of `metrics.db` with its journal. */
  readonly diskBytes: number;
  readonly walBytes: number;
  readonly oldestMs: UnixMs | undefined;
  readonly newestMs: UnixMs | undefined;
  /** Samples stored since the process began. */
  readonly appended: number;
  /** Samples refused since the process began, by verdictName. */
  readonly rejected: ReadonlyMap<string, number>;
  /** What was found damaged and set aside: holes in the data. */
  readonly damage: readonly Damage[];
  /** True while the log is still being replayed after a start: the oldest unsealed samples are then missing from answers. */
  readonly isReplaying: boolean;
  /** Samples of the log whose series' definition was lost to damage. */
  readonly lostSamples: number;
  /** Why the last slice of maintenance failed, such as a full disk; empty when it went well. */
  readonly upkeepFault: string;
  /** The database's structure is damaged. What is committed stays durable in the log; a restart of the store saves what can be read. */
  readonly needsRestart: boolean;
}

export interface SeriesExemplars {
  readonly labels: Labels;
  readonly exemplars: readonly Exemplar[];
}

export interface ScannedColumns extends SeriesColumns {
  /** No sample is a NaN, a stale marker or a histogram: known without decoding. */
  readonly isPlain: boolean;
}

/** What can be asked of a store. */
export interface TsdbView {
  /** Every sample of the matching series with minMs <= time <= maxMs, stale markers included. Series without samples there are left out. */
  select(matchers: readonly Matcher[], minMs: UnixMs, maxMs: UnixMs, signal?: AbortSignal): readonly SeriesColumns[];
  /**
   * The same, each series decoded when its columns are asked for: fastest when they are read in the order given, each once. The values are
   * good until another series' are asked for; series with the same times mostly share one array of them. Samples added or deleted later
   * may or may not be seen.
   */
  scan(matchers: readonly Matcher[], minMs: UnixMs, maxMs: UnixMs): readonly ScannedColumns[];
  /** The same, found a few series at a time: `pause` is awaited after so many, and lets others work. */
  scanInTurns(
    matchers: readonly Matcher[],
    minMs: UnixMs,
    maxMs: UnixMs,
    pause: (series: number) => Promise<void>,
  ): Promise<readonly ScannedColumns[]>;
  /**
   * Buckets of the matching series' samples in place of the samples themselves, where they exist and pay: the request is long, or the
   * samples are gone. Undefined: nothing to say, samples are to be read.
   */
  rollup(matchers: readonly Matcher[], request: RollupRequest): Rollup | undefined;
  /** The matching series that may have samples in the range (to the precision of a sealed frame), in Prometheus' order. */
  series(matchers: readonly Matcher[], minMs: UnixMs, maxMs: UnixMs): readonly Labels[];
  /** Label names of the matching series, sorted. Without matchers, of all series. */
  labelNames(matchers?: readonly Matcher[], minMs?: UnixMs, maxMs?: UnixMs): readonly string[];
  labelValues(name: string, matchers?: readonly Matcher[], minMs?: UnixMs, maxMs?: UnixMs): readonly string[];
  metadata(): ReadonlyMap<string, MetricMetadata>;
  exemplars(matchers: readonly Matcher[], minMs: UnixMs, maxMs: UnixMs): readonly SeriesExemplars[];
  stats(): TsdbStats;
  close(): Promise<void>;
}

/** The metric store of one dataset. One process writes a folder at a time. */
export interface Tsdb extends TsdbView {
  /** The ref of a series, made when it is new. Negative when refused. Takes about a microsecond: keep refs where lines repeat. */
  ref(labels: Labels): SeriesRef;
  /** The ref of a series that is there; -1 when it is new. */
  find(labels: Labels): SeriesRef;
  labelsOf(ref: SeriesRef): Labels;
  batch(): Batch;
  /** Tells of every commit from now on, and of whatever else changes answers within the last hours. */
  observe(observer: StoreObserver): Cancel;
  /** What the store holds now, to be asked about later. */
  mark(): StoreMark;
  /** The time before which answers are still those of a mark: no sample was added or taken away there. -Infinity when that cannot be told. */
  unchangedBefore(mark: StoreMark): UnixMs;
  /**
   * Deletes the matching series' samples with minMs <= time <= maxMs, durably, and returns how many series matched. Answers change at
   * once; the room on disk comes back in the course of maintenance. Samples added later in that range stay.
   */
  deleteSeries(matchers: readonly Matcher[], minMs: UnixMs, maxMs: UnixMs): number;
  /** One bounded slice of taking what was deleted off the disk now; true when more is due. */
  cleanTombstones(): boolean;
  /** How long and how much is kept from now on. Takes effect in the course of maintenance. */
  keep(retention: Retention): void;
  setMetadata(metric: string, metadata: MetricMetadata): void;
  /** Durable with the next commit of any batch. Of two exemplars of a series at one time the first stays. */
  addExemplar(ref: SeriesRef, exemplar: Exemplar): void;
  /** The metrics, labels and pairs with the most series, what grows, and what was refused: the `limit` largest of each. Some 100 ms at 1 M series. */
  cardinality(limit: number): Cardinality;
  /** The labels that gained most values within the last hour. Well under a ms. */
  growing(limit: number): readonly GrowingLabel[];
  /** The series that limits kept out, by metric, the `limit` most often refused. A few ms. */
  refused(limit: number): readonly RefusedSeries[];
  /** One bounded slice of maintenance (a few ms). True when more is due at once. The store also calls it itself each second of the clock. */
  tick(): boolean;
  /** Seals everything and recodes it to its final form, open windows too: for the end of an import. Takes about a second for 10 M samples. */
  compact(): void;
  /**
   * Writes a consistent copy, durable, that openTsdb opens: of everything, or of what is sealed without the head. Samples go on being added
   * meanwhile. Rejects with EngineError `conflict` when the folder holds anything.
   */
  snapshot(folder: string, what?: 'all' | 'sealed'): Promise<void>;
  /** Seals what the head holds, goes on recoding for up to 2 s, and closes the files. */
  close(): Promise<void>;
}
