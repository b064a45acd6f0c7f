import type { Cancel, Clock, DurationMs } from '#core/model/index.ts';
import { reached, sentenceOf, sheddingAt, signalNames, type OverloadLevel, type Strain } from './levels.ts';

export interface OverloadOptions {
  readonly clock: Clock;
  readonly memory: { readonly used: () => number; readonly max: () => number };
  /** Bytes free on the data's disk, and bytes in all. Asked every second. */
  readonly disk: () => { readonly free: number; readonly total: number };
  /** How far rules and the number of series are strained; not at all unless given. */
  readonly beside?: () => Pick<Strain, 'ruleShare' | 'seriesShare'>;
  /** The level rose or fell. */
  readonly onChange: (level: OverloadLevel, before: OverloadLevel) => void;
}

/** Why, and what is not done meanwhile. */
export interface OverloadStatus {
  readonly level: OverloadLevel;
  /** What holds the level up, a sentence each. */
  readonly reasons: readonly string[];
  /** The same as names: memory, event_loop, queue, fsync, disk, rules, series. */
  readonly causes: readonly string[];
  /** What is shed, a sentence each. */
  readonly shedding: readonly string[];
}

const tickMs: DurationMs = 250;
/** A level is left when everything has stayed under this share of its thresholds for so long. */
const calmShare = 0.8;
const calmMs: DurationMs = 60_000;
/**
 * Timers of the last 25 s. The eighth latest counts: stalls of 100 ms that take two seconds of them, which is what a 99th percentile of
 * 100 ms means for a delay measured every 10 ms.
 */
const lagsKept = 100;
const lagRank = 8;
/** At level 3 the sources that brought most new series are cut first, and after this long all. */
const modestMs: DurationMs = 10_000;
const commitsForgottenMs: DurationMs = 10_000;
const commitsKept = 200;
/** One slow commit is no slow disk. */
const commitsMin = 3;
const diskEveryMs: DurationMs = 1_000;
/** Room on a disk does not come and go as memory does: pushes are taken again within ten seconds of it (reliability, row 6). */
const diskCalmMs: DurationMs = 5_000;
const diskFreeShareMin = 0.02;
const diskFreeBytesMin = 500 << 20;
/** What the host holds of pushes in memory at most. */
const queueBytesMax = 64 << 20;
/** Samples are missing for a while after they were turned away: senders come again within a minute or two. */
const blindMs: DurationMs = 120_000;
/** Losses without which no sample that a rule could have read is missing. */
const harmless: ReadonlySet<string> = new Set(['exemplar', 'not_sampled', 'thinned', 'scrape']);
const allWell: Pick<Strain, 'ruleShare' | 'seriesShare'> = { ruleShare: 0, seriesShare: 0 };

/**
 * How overloaded the engine is, in levels (levels.ts): up at once, down one settled minute later. What is never shed is not asked here:
 * rules, notifications, silences, incidents, own metrics, the account itself.
 */
export class Overload {
  readonly #options: OverloadOptions;
  readonly #lags: number[] = [];
  #queueBytes = 0;
  #commits: { readonly atMs: DurationMs; readonly tookMs: DurationMs }[] = [];
  #disk = { share: 0, dueMs: Number.NEGATIVE_INFINITY };
  #level: OverloadLevel = 0;
  #strainNow: Strain | undefined;
  #by: readonly (keyof Strain)[] = [];
  #lostMs: DurationMs = Number.NEGATIVE_INFINITY;
  #calmSinceMs: DurationMs | undefined;
  /** When level 3 was reached. */
  #newcomersSinceMs: DurationMs = 0;
  #timer: Cancel | undefined;
  readonly #shed = new Map<string, { readonly level: OverloadLevel; readonly reason: string; readonly source: string; count: number }>();

  constructor(options: OverloadOptions) {
    this.#options = options;
  }

  get level(): OverloadLevel {
    return this.#level;
  }

  /** Whether series that are not there yet are taken; `modest`: of sources that brought few lately. */
  get newcomers(): 'all' | 'modest' | 'none' {
    if (this.#level < 3) return 'all';
    return this.#options.clock.monotonicMs() - this.#newcomersSinceMs < modestMs ? 'modest' : 'none';
  }

  get status(): OverloadStatus {
    const strain = this.#strainNow;
    const by = this.#level === 0 || strain === undefined ? [] : this.#by;
    return {
      level: this.#level,
      reasons: by.map((signal) => sentenceOf(strain!, signal)),
      causes: by.map((signal) => signalNames[signal]),
      shedding: sheddingAt(this.#level),
    };
  }

  /** Whether samples that a rule could have read were turned away a short while ago: what is not there proves nothing then. */
  get isBlind(): boolean {
    return this.#options.clock.monotonicMs() - this.#lostMs < blindMs;
  }

  /** What was shed since the process began, by level, reason and source. */
  get shed(): readonly { readonly level: OverloadLevel; readonly reason: string; readonly source: string; readonly count: number }[] {
    return [...this.#shed.values()];
  }

  start(): void {
    const { clock } = this.#options;
    const dueMs = clock.monotonicMs() + tickMs;
    this.#timer = clock.after(tickMs, () => {
      this.#lags.push(clock.monotonicMs() - dueMs);
      if (this.#lags.length > lagsKept) this.#lags.shift();
      this.#look();
      this.start();
    });
  }

  stop(): void {
    this.#timer?.();
    this.#timer = undefined;
  }

  /** A push of so many bytes is under way until the answer is called. */
  pushBegins(bytes: number): () => void {
    this.#queueBytes += bytes;
    return () => void (this.#queueBytes -= bytes);
  }

  /** Notes how long a commit to stable storage takes, and hands it on. */
  async watchCommit(commit: Promise<void>): Promise<void> {
    const { clock } = this.#options;
    const fromMs = clock.monotonicMs();
    try {
      await commit;
    } finally {
      const atMs = clock.monotonicMs();
      this.#commits.push({ atMs, tookMs: atMs - fromMs });
      if (this.#commits.length > commitsKept) this.#commits.shift();
    }
  }

  /** Counts what was not taken. */
  countShed(reason: string, source: string, count = 1): void {
    if (!harmless.has(reason)) this.#lostMs = this.#options.clock.monotonicMs();
    const key = `${this.#level} ${reason} ${source}`;
    const known = this.#shed.get(key) ?? { level: this.#level, reason, source, count: 0 };
    if (this.#shed.size >= shedKindsMax && !this.#shed.has(key)) return;
    known.count += count;
    this.#shed.set(key, known);
  }

  #look(): void {
    const nowMs = this.#options.clock.monotonicMs();
    const strain = this.#strain(nowMs);
    const up = reached(strain, 1);
    const held = reached(strain, calmShare);
    if (up.level >= this.#level) {
      this.#calmSinceMs = undefined;
      this.#show(strain, up.by);
      this.#set(up.level);
      return;
    }
    if (held.level >= this.#level) this.#calmSinceMs = undefined;
    else this.#calmSinceMs ??= nowMs;
    const settleMs = this.#by.every((signal) => signal === 'diskShare') ? diskCalmMs : calmMs;
    if (this.#calmSinceMs === undefined || nowMs - this.#calmSinceMs < settleMs) return;
    this.#calmSinceMs = undefined;
    this.#show(strain, held.by);
    this.#set(held.level);
  }

  #show(strain: Strain, by: readonly (keyof Strain)[]): void {
    this.#strainNow = strain;
    this.#by = by;
  }

  #set(level: OverloadLevel): void {
    if (level === this.#level) return;
    if (level >= 3 && this.#level < 3) this.#newcomersSinceMs = this.#options.clock.monotonicMs();
    const before = this.#level;
    this.#level = level;
    this.#options.onChange(level, before);
  }

  #strain(nowMs: DurationMs): Strain {
    const { memory } = this.#options;
    this.#commits = this.#commits.filter(({ atMs }) => nowMs - atMs < commitsForgottenMs);
    const took = this.#commits.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
    return {
      memoryShare: memory.used() / memory.max(),
      lagMs: this.#lags.toSorted((a, b) => b - a)[lagRank - 1] ?? 0,
      queueShare: this.#queueBytes / queueBytesMax,
      commitMs: took.length < commitsMin ? 0 : took[took.length >> 1]!,
      diskShare: this.#diskShare(nowMs),
      ...(this.#options.beside?.() ?? allWell),
    };
  }

  #diskShare(nowMs: DurationMs): number {
    if (nowMs < this.#disk.dueMs) return this.#disk.share;
    const { free, total } = this.#options.disk();
    const share = Math.max(diskFreeBytesMin, total * diskFreeShareMin) / Math.max(1, free);
    this.#disk = { share, dueMs: nowMs + diskEveryMs };
    return share;
  }
}

/** Reasons are few; sources are jobs. */
const shedKindsMax = 2000;
