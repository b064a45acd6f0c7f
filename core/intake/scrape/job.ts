import { defaultIntakeLimits, type IntakeLimits, type ScrapeConfig, type TargetGroup } from '#core/formats/index.ts';
import { labelsKey, labelValue, type Target } from '#core/model/index.ts';
import { Discovery } from './discovery.ts';
import type { FileTexts } from './file-texts.ts';
import { HttpClient } from './http-client.ts';
import { brokenPages, httpPages, type PageSource } from './page-source.ts';
import { SeriesBudget } from './series-budget.ts';
import { resolveGroup, type ResolvedTarget, type TargetResolution } from './target-labels.ts';
import { TargetLoop, unknownTarget, type LoopContext } from './target-loop.ts';
import { TargetSeries, type CutBy, type SeriesRules } from './target-series.ts';

export interface JobOptions {
  readonly context: LoopContext;
  readonly config: ScrapeConfig;
  readonly limits: IntakeLimits;
  /** Files named in the configuration are looked for from here. */
  readonly folder: string;
  readonly files: FileTexts;
}

/** A metric of which a target was refused series, and how many new ones the target may make at once, and again every hour. */
export interface CutTarget extends CutBy {
  readonly job: string;
  readonly url: string;
}

/** One scrape config: its client, its targets, their loops. */
export class Job {
  readonly config: ScrapeConfig;
  readonly #context: LoopContext;
  readonly #limits: IntakeLimits;
  readonly #client: HttpClient;
  readonly #options: JobOptions;
  #discovery: Discovery | undefined;
  readonly #loops = new Map<string, TargetLoop>();
  /** What became of every target that was found. */
  #resolutions: readonly TargetResolution[] = [];
  #stopped = false;

  constructor(options: JobOptions) {
    const { context, config, limits, folder, files } = options;
    this.#options = options;
    this.config = config;
    this.#context = context;
    this.#limits = limits;
    this.#client = new HttpClient(config.http, folder, files);
  }

  /** Targets that were refused series, and which. */
  get cuts(): readonly CutTarget[] {
    return [...this.#loops.values()].flatMap(({ target, series }) => series.cut.map((cut) => ({ ...cut, job: this.config.job, url: target.url })));
  }

  get targets(): readonly Target[] {
    return [
      ...[...this.#loops.values()].map((loop) => loop.status),
      ...this.#resolutions.filter(({ problem }) => problem !== '').map((one) => this.#unusableTarget(one)),
    ];
  }

  get loops(): readonly TargetLoop[] {
    return [...this.#loops.values()];
  }

  /** Every target that was found, those that relabelling dropped too. */
  get discovered(): readonly TargetResolution[] {
    return this.#resolutions;
  }

  /** Sources of targets that cannot be asked now, a sentence each. */
  get problems(): readonly string[] {
    return (this.#discovery?.problems ?? []).map((problem) => `job ${JSON.stringify(this.config.job)}: ${problem}`);
  }

  /** What each source of targets said last, for the job's next form to begin with. */
  get said(): ReadonlyMap<string, readonly TargetGroup[]> {
    return this.#discovery?.said ?? new Map<string, readonly TargetGroup[]>();
  }

  /** Takes over from the job's earlier form: targets that stay keep their series. Settles when the old loops have ended. */
  async replace(old: Job | undefined): Promise<void> {
    const { context, config, folder, files } = this.#options;
    const onGroups = (groups: readonly TargetGroup[]): void => void this.#setGroups([...config.staticGroups, ...groups], new Map());
    this.#discovery = new Discovery({ config, clock: context.clock, folder, files, onGroups }, old === undefined ? new Map() : old.said);
    const groups = [...config.staticGroups, ...this.#discovery.groups];
    const staying = new Set(groups.flatMap((group) => resolveGroup(config, group)).flatMap(({ target }) => (target ? [targetKey(target)] : [])));
    await old?.stop((key) => staying.has(key));
    await this.#setGroups(groups, new Map(old?.loops.map((loop) => [targetKey(loop.target), loop.series])));
    if (!this.#stopped) this.#discovery.start();
  }

  /** Ends every loop. Series of targets that do not stay are marked stale. */
  async stop(stays: (key: string) => boolean): Promise<void> {
    this.#stopped = true;
    await this.#discovery?.stop();
    await Promise.all([...this.#loops].map(([key, loop]) => loop.stop(!stays(key))));
    await this.#client.close();
  }

  /** Starts loops for the targets that are new and ends those of targets that are gone. */
  async #setGroups(groups: readonly TargetGroup[], heirs: ReadonlyMap<string, TargetSeries>): Promise<void> {
    if (this.#stopped) return;
    const resolutions = groups.flatMap((group) => resolveGroup(this.config, group));
    this.#resolutions = resolutions;
    const wanted = new Map(resolutions.flatMap(({ target }) => (target === undefined ? [] : [[targetKey(target), target] as const])));
    const gone = [...this.#loops].filter(([key]) => !wanted.has(key));
    for (const [key] of gone) this.#loops.delete(key);
    for (const [key, target] of wanted) if (!this.#loops.has(key)) this.#begin(key, target, wanted.size, heirs.get(key));
    await Promise.all(gone.map(([, loop]) => loop.stop(true)));
    this.#context.onChange();
  }

  #begin(key: string, target: ResolvedTarget, targetCount: number, heir: TargetSeries | undefined): void {
    const rules = this.#rules(target);
    const budget = this.#budget(rules);
    heir?.setRules(rules, budget);
    const series = heir ?? new TargetSeries(this.#context.sink, rules, budget);
    const limit = this.config.limits.samplesMax ?? 0;
    const reported = !this.config.extraMetrics ? undefined : Number.isFinite(limit) ? limit : 0;
    const loop = new TargetLoop(this.#context, this.config.job, target, this.#source(target, targetCount), series, reported);
    this.#loops.set(key, loop);
    loop.start();
  }

  #rules(target: ResolvedTarget): SeriesRules {
    return { targetLabels: target.labels, config: this.config, samplesMax: this.config.limits.samplesMax ?? this.#limits.samplesMax };
  }

  /** A job that may send more samples than usual may also make as many series. */
  #budget(rules: SeriesRules): SeriesBudget {
    const raised = rules.samplesMax > defaultIntakeLimits.samplesMax ? rules.samplesMax : 0;
    return new SeriesBudget(this.#context.clock, Math.max(this.#limits.newSeriesMax, raised), () => this.#context.manners.newcomers() === 'modest');
  }

  #source(target: ResolvedTarget, targetCount: number): PageSource {
    const { targetsMax, bodyBytesMax } = this.config.limits;
    if (targetCount > targetsMax) return brokenPages(`the job has ${targetCount} targets, over its target_limit ${targetsMax}`);
    return httpPages(this.#client, target.url, this.config, target.timeoutMs, bodyBytesMax ?? this.#limits.bodyBytesMax);
  }

  #unusableTarget({ discovered, problem }: TargetResolution): Target {
    const { intervalMs, timeoutMs } = this.config;
    const target = { url: labelValue(discovered, '__address__'), labels: discovered, intervalMs, timeoutMs };
    return { ...unknownTarget(this.config.job, target), health: 'down', lastError: problem };
  }
}

/** Two targets with the same address and labels are one. */
function targetKey(target: ResolvedTarget): string {
  return `${target.url}\n${labelsKey(target.labels)}`;
}
