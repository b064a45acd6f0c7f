import type { ExpositionColumns } from '#core/formats/index.ts';
import { EngineError, labelsKey, messageOf, METRIC_NAME, withLabel } from '#core/model/index.ts';
import type { Cancel, Clock, DurationMs, Target, UnixMs } from '#core/model/index.ts';
import { verdicts, type Batch, type SeriesRef } from '#core/tsdb/index.ts';
import type { Ledger } from '../ledger.ts';
import type { SampleSink } from '../sink.ts';
import type { Page, PageSource } from './page-source.ts';
import type { PageFate, TargetSeries } from './target-series.ts';
import type { ResolvedTarget } from './target-labels.ts';

/** What every loop of a scraper shares. */
export interface LoopContext {
  readonly sink: SampleSink;
  readonly clock: Clock;
  readonly ledger: Ledger;
  /** One set of columns for all pages: reading a page and adding its samples does not await. */
  readonly columns: ExpositionColumns;
  readonly manners: ScrapeManners;
  /** A target's status changed. */
  readonly onChange: () => void;
}

/** How scraping gives way under overload. */
export interface ScrapeManners {
  readonly newcomers: () => 'all' | 'modest' | 'none';
  /** A job's targets are read every so many intervals: 1 when all is well. */
  readonly pace: (job: string) => number;
  /** A scrape was left out. */
  readonly skipped: (job: string) => void;
}

/** The series that Prometheus writes about every scrape. */
const reportNames = [
  'up',
  'scrape_duration_seconds',
  'scrape_samples_scraped',
  'scrape_samples_post_metric_relabeling',
  'scrape_series_added',
] as const;
/** And those that it writes when a job asks for them (`extra_scrape_metrics`). */
const extraNames = ['scrape_timeout_seconds', 'scrape_sample_limit', 'scrape_body_size_bytes'] as const;

/** A new target is first scraped within this time, so that a first start shows something soon. */
const firstWithinMs: DurationMs = 5_000;
/** A scrape this little late still gets the time it was due, so that times lie evenly and compress well. */
const onTimeMs: DurationMs = 50;
const evenMs: DurationMs = 2;

const noFate: PageFate = {
  sampleCount: 0,
  afterRelabelCount: 0,
  newSeriesCount: 0,
  storedCount: 0,
  badLineCount: 0,
  firstBadLine: '',
  rejected: new Map(),
  problem: '',
};

/**
 * One target, scraped in its own phase of the interval for as long as it is wanted. Whatever it does (hangs, lies, breaks
 * off, sends too much), its scrape ends at the timeout with `up` 0 and the series of its last page marked stale.
 */
export class TargetLoop {
  readonly target: ResolvedTarget;
  readonly series: TargetSeries;
  readonly #context: LoopContext;
  readonly #job: string;
  readonly #source: PageSource;
  readonly #reportNames: readonly string[];
  readonly #reportRefs: SeriesRef[] = [];
  /** `sample_limit` as Prometheus reports it, 0 for none; undefined when the job does not want it reported. */
  readonly #sampleLimit: number | undefined;
  #status: Target;
  #cancelTimer: Cancel = () => undefined;
  #dueMs: DurationMs = 0;
  /** Due times so far. */
  #turns = 0;
  #lastTimeMs: UnixMs = Number.NEGATIVE_INFINITY;
  #abort: AbortController | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(context: LoopContext, job: string, target: ResolvedTarget, source: PageSource, series: TargetSeries, sampleLimit?: number) {
    this.#sampleLimit = sampleLimit;
    this.#reportNames = sampleLimit === undefined ? reportNames : [...reportNames, ...extraNames];
    this.#context = context;
    this.#job = job;
    this.#source = source;
    this.target = target;
    this.series = series;
    this.#status = unknownTarget(job, target);
  }

  get status(): Target {
    return this.#status;
  }

  start(): void {
    const { clock } = this.#context;
    const { intervalMs } = this.target;
    const phaseMs = hashText(this.target.url + labelsKey(this.target.labels)) % intervalMs;
    const nowMs = clock.monotonicMs();
    const soonMs = (phaseMs / intervalMs) * Math.min(firstWithinMs, intervalMs);
    const gridMs = nowMs + ((((phaseMs - clock.now()) % intervalMs) + intervalMs) % intervalMs);
    this.#dueMs = nowMs + soonMs;
    this.#wait(gridMs - this.#dueMs > intervalMs / 2 ? gridMs : gridMs + intervalMs);
  }

  /** Ends the loop. `gone`: the target is wanted no more, so its series end here. */
  async stop(gone: boolean): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    this.#abort?.abort();
    await this.#running;
    if (!gone) return;
    const timeMs = this.#context.clock.now();
    const batch = this.#context.sink.batch();
    this.series.markGone(timeMs, batch);
    for (const ref of this.#reportRefs) if (ref >= 0) batch.addStale(ref, timeMs);
    await batch.commit('process');
  }

  /** Scrapes now, beside the schedule. Waits for a scrape that is under way instead of beginning another. */
  async scrapeNow(): Promise<void> {
    await (this.#running ?? this.#run(this.#context.clock.now()));
  }

  /** Waits for `#dueMs`; `afterMs` is the due time after that. */
  #wait(afterMs: DurationMs): void {
    const { clock } = this.#context;
    this.#cancelTimer = clock.after(this.#dueMs - clock.monotonicMs(), () => this.#due(afterMs));
  }

  #due(afterMs: DurationMs): void {
    const { clock } = this.#context;
    const nowMs = clock.monotonicMs();
    const lateMs = nowMs - this.#dueMs;
    const { intervalMs } = this.target;
    this.#dueMs = afterMs > nowMs ? afterMs : afterMs + Math.ceil((nowMs - afterMs) / intervalMs) * intervalMs;
    this.#wait(this.#dueMs + intervalMs);
    // After a sleep of the machine every target is late: each waits for its own phase, so that they do not all go at once.
    if (lateMs > intervalMs / 2 || this.#running !== undefined) return;
    if (this.#turns++ % this.#context.manners.pace(this.#job) === 0) void this.#run(this.#evenTime(lateMs));
    else this.#context.manners.skipped(this.#job);
  }

  #run(timeMs: UnixMs): Promise<void> {
    this.#running = this.#scrape(timeMs).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** The wall time of a scrape that began `lateMs` late. */
  #evenTime(lateMs: DurationMs): UnixMs {
    const nowMs = this.#context.clock.now();
    if (lateMs > Math.min(onTimeMs, this.target.intervalMs / 100)) return nowMs;
    const dueTimeMs = Math.round(nowMs - lateMs);
    const evenTimeMs = this.#lastTimeMs + this.target.intervalMs;
    return Math.abs(dueTimeMs - evenTimeMs) <= evenMs ? evenTimeMs : dueTimeMs;
  }

  async #scrape(timeMs: UnixMs): Promise<void> {
    const { clock, sink } = this.#context;
    const beginMs = clock.monotonicMs();
    const fetched = await this.#fetch();
    if (this.#stopped) return;
    this.#lastTimeMs = timeMs;
    const batch = sink.batch();
    const bodyBytes = typeof fetched === 'string' ? 0 : fetched.body.length;
    const fate = typeof fetched === 'string' ? { ...noFate, problem: fetched } : this.#append(fetched, timeMs, batch);
    if (typeof fetched === 'string') this.series.markGone(timeMs, batch);
    const durationMs = clock.monotonicMs() - beginMs;
    const reportCount = this.#report(batch, timeMs, durationMs, fate, bodyBytes);
    const problem = await this.#commit(batch, fate, reportCount);
    this.#status = {
      ...this.#status,
      health: problem === '' ? 'up' : 'down',
      lastError: problem,
      lastScrapeMs: timeMs,
      lastDurationMs: durationMs,
      lastBytes: bodyBytes,
      lastSamples: fate.sampleCount,
      lastBadLines: fate.badLineCount,
      lastBadLine: fate.firstBadLine,
    };
    this.#context.onChange();
  }

  /** The page, or the sentence that says why there is none. Always settles by the timeout. */
  async #fetch(): Promise<Page | string> {
    const abort = (this.#abort = new AbortController());
    let late = false;
    const tooLate = new Promise<never>((_, reject) => {
      abort.signal.addEventListener('abort', () => reject(new EngineError('timeout', 'the scrape was stopped')));
    });
    const cancel = this.#context.clock.after(this.target.timeoutMs, () => {
      late = true;
      abort.abort();
    });
    try {
      return await Promise.race([this.#source.fetch(abort.signal), tooLate]);
    } catch (error) {
      return late ? `the target gave no whole answer within ${this.target.timeoutMs / 1000} s` : messageOf(error);
    } finally {
      cancel();
      this.#abort = undefined;
    }
  }

  #append(page: Page, timeMs: UnixMs, batch: Batch): PageFate {
    const fate = this.series.append(page.body, page.format, timeMs, this.#context.columns, batch);
    page.giveBack();
    return fate;
  }

  /** Adds the series about the scrape; answers how many of them were stored. */
  #report(batch: Batch, timeMs: UnixMs, durationMs: DurationMs, fate: PageFate, bodyBytes: number): number {
    const values = [fate.problem === '' ? 1 : 0, durationMs / 1000, fate.sampleCount, fate.afterRelabelCount, fate.newSeriesCount];
    if (this.#sampleLimit !== undefined) values.push(this.target.timeoutMs / 1000, this.#sampleLimit, bodyBytes);
    let storedCount = 0;
    this.#reportNames.forEach((name, i) => {
      const known = this.#reportRefs[i] ?? -1;
      const ref = known >= 0 ? known : this.#context.sink.ref(withLabel(this.target.labels, METRIC_NAME, name));
      this.#reportRefs[i] = ref;
      if (batch.add(ref, timeMs, values[i]!) <= verdicts.duplicate) storedCount++;
    });
    return storedCount;
  }

  /** Makes the scrape durable and accounts for it. Answers what is wrong with the scrape, the store included. */
  async #commit(batch: Batch, fate: PageFate, reportCount: number): Promise<string> {
    const { ledger } = this.#context;
    const source = `scrape:${this.#job}`;
    ledger.received(source, fate.sampleCount + fate.badLineCount + this.#reportNames.length);
    for (const [reason, count] of fate.rejected) ledger.rejected(source, reason, count);
    ledger.rejected(source, 'report_refused', this.#reportNames.length - reportCount);
    try {
      await batch.commit('process');
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      ledger.rejected(source, 'store_unavailable', fate.storedCount + reportCount);
      return fate.problem === '' ? error.message : fate.problem;
    }
    ledger.stored(source, fate.storedCount + reportCount);
    return fate.problem;
  }
}

/** A target that was not scraped yet. */
export function unknownTarget(job: string, target: ResolvedTarget): Target {
  return {
    job,
    url: target.url,
    labels: target.labels,
    health: 'unknown',
    lastError: '',
    lastScrapeMs: undefined,
    lastDurationMs: 0,
    lastBytes: 0,
    lastSamples: 0,
    lastBadLines: 0,
    lastBadLine: '',
    intervalMs: target.intervalMs,
    timeoutMs: target.timeoutMs,
  };
}

/** FNV-1a over UTF-16 units, mixed so that neighbours land far apart. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
