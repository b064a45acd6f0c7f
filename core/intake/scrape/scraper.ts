import { ExpositionColumns, type IntakeLimits, type ScrapeConfig } from '#core/formats/index.ts';
import { EngineError, labelsFrom, type Clock, type DurationMs, type Labels, type Target } from '#core/model/index.ts';
import { Ledger } from '../ledger.ts';
import type { SampleSink } from '../sink.ts';
import { FileTexts } from './file-texts.ts';
import { Job, type CutTarget } from './job.ts';
import { localPages } from './page-source.ts';
import { relabelSteps, type RelabelStep } from './relabel.ts';
import { SeriesBudget } from './series-budget.ts';
import { TargetLoop, type LoopContext, type ScrapeManners } from './target-loop.ts';
import type { TargetResolution } from './target-labels.ts';
import { TargetSeries } from './target-series.ts';

export interface ScraperOptions {
  readonly store: SampleSink;
  readonly clock: Clock;
  /** The account that other ways in share. */
  readonly ledger?: Ledger;
  /** Where own pages go, which are never turned away; `store` unless given. */
  readonly ownStore?: SampleSink;
  /** Gives way to nothing unless given. */
  readonly manners?: ScrapeManners;
  /** Called after every scrape and when targets come or go. */
  readonly onChange?: () => void;
}

export interface Scraper {
  readonly ledger: Ledger;
  /**
   * Makes the jobs what the configuration says. Jobs that it leaves as they are go on undisturbed; a target that stays in a
   * changed job keeps its series; series of targets that go are marked stale. Files are looked for from `folder`.
   * Settles when the last old loop has ended.
   */
  apply(configs: readonly ScrapeConfig[], limits: IntakeLimits, folder: string): Promise<void>;
  /** Scrapes a page that the process makes itself, in Prometheus' text form. */
  addLocal(job: string, instance: string, page: () => Uint8Array | string, intervalMs?: DurationMs): void;
  targets(): readonly Target[];
  /** Names of the scrape configs in force. */
  jobs(): readonly string[];
  /** Sources of targets (files, HTTP) that cannot be asked now, a sentence each. */
  problems(): readonly string[];
  /** Targets that make too many series, with the label that explodes. */
  cuts(): readonly CutTarget[];
  /** Every target that a job found, with the labels it was found with, those that relabelling dropped too. Throws EngineError `not-found`. */
  discovered(job: string): readonly TargetResolution[];
  /** What a job's relabelling does to labels: to those of a target, or to those of a scraped series. Throws EngineError `not-found`. */
  relabelSteps(job: string, stage: 'target' | 'metric', labels: Labels): readonly RelabelStep[];
  /** Scrapes every target with this URL at once. Throws EngineError `not-found` when there is none. */
  scrapeNow(url: string): Promise<void>;
  /** Ends all loops and waits for what is under way. No series is marked stale: the process goes, the targets stay. */
  stop(): Promise<void>;
}

const localIntervalMs: DurationMs = 15_000;
const alwaysAll: ScrapeManners = { newcomers: () => 'all', pace: () => 1, skipped: () => undefined };

export function createScraper(options: ScraperOptions): Scraper {
  return new ScraperOfJobs(options);
}

class ScraperOfJobs implements Scraper {
  readonly ledger: Ledger;
  readonly #context: LoopContext;
  readonly #ownContext: LoopContext;
  readonly #files: FileTexts;
  readonly #local: TargetLoop[] = [];
  #jobs = new Map<string, { readonly key: string; readonly job: Job }>();

  constructor({ store, ownStore = store, clock, ledger = new Ledger(), manners = alwaysAll, onChange = () => undefined }: ScraperOptions) {
    this.ledger = ledger;
    this.#context = { sink: store, clock, ledger, columns: new ExpositionColumns(), manners, onChange };
    this.#ownContext = { ...this.#context, sink: ownStore, manners: alwaysAll };
    this.#files = new FileTexts(clock);
  }

  async apply(configs: readonly ScrapeConfig[], limits: IntakeLimits, folder: string): Promise<void> {
    const before = this.#jobs;
    const endings: Promise<void>[] = [];
    this.#jobs = new Map();
    for (const config of configs) {
      const key = JSON.stringify([config, limits, folder]);
      const old = before.get(config.job);
      before.delete(config.job);
      if (old?.key === key) {
        this.#jobs.set(config.job, old);
        continue;
      }
      const job = new Job({ context: this.#context, config, limits, folder, files: this.#files });
      this.#jobs.set(config.job, { key, job });
      endings.push(job.replace(old?.job));
    }
    for (const { job } of before.values()) endings.push(job.stop(() => false));
    await Promise.all(endings);
    this.#context.onChange();
  }

  addLocal(job: string, instance: string, page: () => Uint8Array | string, intervalMs: DurationMs = localIntervalMs): void {
    const labels = labelsFrom([
      ['job', job],
      ['instance', instance],
    ]);
    const config = {
      job,
      honorLabels: true,
      honorTimestamps: true,
      trackTimestampsStaleness: false,
      classicHistogramsToo: false,
      metricRelabel: [],
      limits: noLimits,
    };
    const rules = { targetLabels: labels, config, samplesMax: Number.POSITIVE_INFINITY };
    const series = new TargetSeries(this.#ownContext.sink, rules, new SeriesBudget(this.#ownContext.clock, Number.POSITIVE_INFINITY));
    const target = { url: `local:${instance}`, labels, intervalMs, timeoutMs: intervalMs };
    const loop = new TargetLoop(this.#ownContext, job, target, localPages(page), series);
    this.#local.push(loop);
    loop.start();
  }

  targets(): readonly Target[] {
    return [...this.#local.map((loop) => loop.status), ...[...this.#jobs.values()].flatMap(({ job }) => job.targets)];
  }

  problems(): readonly string[] {
    return [...this.#jobs.values()].flatMap(({ job }) => job.problems);
  }

  cuts(): readonly CutTarget[] {
    return [...this.#jobs.values()].flatMap(({ job }) => job.cuts);
  }

  jobs(): readonly string[] {
    return [...this.#jobs.keys()];
  }

  discovered(job: string): readonly TargetResolution[] {
    return this.#jobNamed(job).discovered;
  }

  relabelSteps(job: string, stage: 'target' | 'metric', labels: Labels): readonly RelabelStep[] {
    const { config } = this.#jobNamed(job);
    return relabelSteps(labels, stage === 'target' ? config.relabel : config.metricRelabel);
  }

  #jobNamed(name: string): Job {
    const found = this.#jobs.get(name);
    if (found === undefined) throw new EngineError('not-found', `no scrape config has the job_name ${JSON.stringify(name)}`);
    return found.job;
  }

  async scrapeNow(url: string): Promise<void> {
    const loops = [...this.#local, ...[...this.#jobs.values()].flatMap(({ job }) => job.loops)].filter((loop) => loop.target.url === url);
    if (loops.length === 0) throw new EngineError('not-found', `no target has the address ${url}`);
    await Promise.all(loops.map((loop) => loop.scrapeNow()));
  }

  async stop(): Promise<void> {
    const jobs = [...this.#jobs.values()];
    this.#jobs = new Map();
    await Promise.all([...this.#local.splice(0).map((loop) => loop.stop(false)), ...jobs.map(({ job }) => job.stop(() => true))]);
  }
}

const noLimits = {
  bodyBytesMax: undefined,
  samplesMax: undefined,
  targetsMax: Number.POSITIVE_INFINITY,
  labelsMax: Number.POSITIVE_INFINITY,
  labelNameBytesMax: Number.POSITIVE_INFINITY,
  labelValueBytesMax: Number.POSITIVE_INFINITY,
};
