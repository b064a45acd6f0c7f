/** The composition root: builds bottom-up, wires callbacks, implements the contract, stops in reverse. */
import { appendFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createAlerting, createSender, Templates, type Alerting, type Send } from '#core/alerting/index.ts';
import {
  Answers,
  Datasets,
  Forwarding,
  fromOutside,
  PracticeDesk,
  RuleJobs,
  usersAffected,
  type PracticeRunner,
  type RunImport,
} from '#core/answers/index.ts';
import { createApi, ownMetrics } from '#core/api/index.ts';
import { ConfigFiles, nodeExporter, type Config, type NamedText } from '#core/config/index.ts';
import { contract, serve, type SystemInfo, type Transport } from '#core/contract/index.ts';
import { closeDb, diskOf, holdFolder, openDb, Reserve, sqliteVersion, type HeldFolder, type WriteDb } from '#core/db/index.ts';
import { readSloFile } from '#core/formats/index.ts';
import { createIncidents, type Incidents } from '#core/incidents/index.ts';
import { createReceiver, createScraper, guardedSink, Ledger, listens, Outgoing, Overload } from '#core/intake/index.ts';
import type { Receiver, Scraper, ScrapeManners } from '#core/intake/index.ts';
import { openLogs, type Logs } from '#core/logs/index.ts';
import { formatTime, isStale, messageOf, severities, type Alert, type Clock, type HttpAnswer, type HttpRequest } from '#core/model/index.ts';
import { createQueries, samplesOf, type AskAhead, type Queries } from '#core/promql/index.ts';
import { createRules, createStream, sloRuleFile, type Rules, type RuleSeries } from '#core/rules/index.ts';
import { createRunbooks, type Runbooks } from '#core/runbooks/index.ts';
import { openTraces, type Traces } from '#core/traces/index.ts';
import { openTsdb, refusal, verdictName, type Tsdb } from '#core/tsdb/index.ts';

export interface EngineOptions {
  readonly dataDir: string;
  /** A signalbox.yml or prometheus.yml named on the command line. */
  readonly configFile: string | undefined;
  readonly host: SystemInfo['host'];
  readonly version: string;
  /** Bytes of disk kept for alerts, notifications, silences and incidents until it is full (core/db/reserve.ts); none when absent. */
  readonly reserveBytes?: number;
  /** After several crashes in a row: nothing is scraped, so that a person can look and mend. */
  readonly safe?: boolean;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Where the app is reached from outside, without a slash at its end: links of notifications begin with it. */
  readonly externalUrl?: () => string;
  /** The runbooks that come with Signalbox. */
  readonly runbooksDir: string;
  /** Markdown to HTML in a process that can be killed. */
  readonly renderMarkdown: (text: string) => Promise<string>;
  /** The practice system, whose processes the shell runs; absent where nobody does. */
  readonly practice?: PracticeRunner;
  readonly runImport?: RunImport;
  /** Threads that work out rows of heavy queries. */
  readonly askAhead?: AskAhead;
}

export interface Engine {
  /** Answers one screen until it goes. */
  attach(transport: Transport): void;
  /** Answers one HTTP request of another tool. */
  http(request: HttpRequest): Promise<HttpAnswer>;
  close(): Promise<void>;
}

/** Opens the data dir and starts everything. Throws EngineError when the configuration named on the command line or the data cannot be read, `conflict` when another engine has it. */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const { dataDir, clock, reserveBytes = 0 } = options;
  const folder = join(dataDir, 'live');
  const reserve = new Reserve({ path: join(folder, 'reserve'), bytes: reserveBytes, clock });
  const held = holdFolder(folder, clock.now());
  try {
    return await openEngine(options, folder, held, reserve);
  } catch (error) {
    held.release();
    throw error;
  }
}

async function openEngine({ clock, ...rest }: EngineOptions, folder: string, held: HeldFolder, reserve: Reserve): Promise<Engine> {
  const live = openTsdb({ folder, clock, hasRoom: () => reserve.state !== 'spent' });
  const traces = openTraces({ folder, clock });
  const logs = openLogs({ folder, clock });
  const engine = new LiveEngine({ clock, ...rest }, held, live, traces, logs, reserve);
  await engine.start();
  return engine;
}

/** Lets everything that waits for its turn run before a query goes on. */
const breathe = (): Promise<void> => new Promise((done) => setImmediate(done));
const nodeExporterLookEveryMs = 30_000;
const dayMs = 86_400_000;
/** Why somebody was (not) told is asked in reviews, and those come within a quarter. */
const recordKeptMs = 90 * dayMs;

class LiveEngine implements Engine {
  readonly #options: EngineOptions;
  readonly #held: HeldFolder;
  readonly #live: Tsdb;
  readonly #traces: Traces;
  readonly #logs: Logs;
  readonly #journal: WriteDb;
  readonly #reserve: Reserve;
  readonly #config: ConfigFiles;
  /** Those of people and tools, and those of rules and runbooks: a slow one of the first never holds up one of the second. */
  readonly #queries: Queries;
  readonly #ruleQueries: Queries;
  readonly #rules: Rules;
  readonly #alerting: Alerting;
  readonly #incidents: Incidents;
  readonly #runbooks: Runbooks;
  readonly #scraper: Scraper;
  readonly #receiver: Receiver;
  readonly #ledger = new Ledger((source, reason, count) => this.#overload.countShed(reason, source, count));
  readonly #overload: Overload;
  readonly #outgoing: Outgoing;
  readonly #forwarding: Forwarding;
  readonly #datasets: Datasets;
  readonly #answers: Answers;
  readonly #api: (request: HttpRequest) => Promise<HttpAnswer>;
  readonly #practice: PracticeDesk;
  #templates = new Templates();
  #stopped = false;

  readonly #externalUrl = (): string => this.#options.externalUrl?.() ?? '';

  constructor(options: EngineOptions, held: HeldFolder, live: Tsdb, traces: Traces, logs: Logs, reserve: Reserve) {
    const { clock, random, dataDir, configFile } = options;
    const folder = join(dataDir, 'live');
    const journal = openDb(join(folder, 'journal.db'), 'journal', () => reserve.ensureRoom());
    this.#options = options;
    this.#held = held;
    this.#live = live;
    this.#traces = traces;
    this.#logs = logs;
    this.#journal = journal;
    this.#reserve = reserve;
    this.#config = new ConfigFiles({ dataDir, file: configFile, clock, onChange: () => void this.#configure() });
    const overload = (this.#overload = this.#makeOverload(folder));
    this.#queries = createQueries({ source: live, clock, breathe, askAhead: options.askAhead, strained: () => overload.level >= 2 });
    this.#ruleQueries = createQueries({ source: live, clock, breathe });
    const report = (problem: string): void => this.#answers.problem(problem);
    this.#datasets = new Datasets({
      dataDir,
      clock,
      breathe,
      askAhead: options.askAhead,
      live: { metrics: live, traces, logs, queries: this.#queries },
    });
    this.#outgoing = new Outgoing(clock, () => dirname(this.#config.current.file));
    this.#forwarding = new Forwarding({
      clock,
      http: (call) => this.#outgoing.post(call),
      readSecret: (path) => this.#outgoing.readSecret(path),
      externalUrl: this.#externalUrl,
    });
    const ledger = this.#ledger;
    const store = guardedSink(live, overload);
    this.#scraper = createScraper({ store, ownStore: live, clock, ledger, manners: this.#scrapeManners() });
    this.#receiver = createReceiver({ store, traces, logs, clock, ledger, folder, overload });
    this.#alerting = createAlerting({
      db: journal,
      clock,
      random,
      config: this.#config.current.alertmanager,
      send: this.#sender(),
      externalUrl: this.#externalUrl,
    });
    this.#incidents = createIncidents({ db: journal, clock, onChange: (id) => this.#answers.incidentChanged(id) });
    this.#runbooks = this.#makeRunbooks();
    this.#rules = this.#makeRules();
    this.#practice = new PracticeDesk({ runner: options.practice, clock, report, onChange: () => void this.#configure() });
    const info = this.#info();
    this.#answers = this.#makeAnswers(info);
    this.#api = this.#makeApi(info);
  }

  async start(): Promise<void> {
    this.#scraper.addLocal('signalbox', 'engine', () => this.#ownMetrics());
    await this.#configure();
    this.#reserve.start();
    this.#overload.start();
    this.#rules.start();
    void this.#lookForNodeExporter();
    this.#pruneDaily();
  }

  attach(transport: Transport): void {
    serve(contract, this.#answers.handlers, transport);
  }

  http(request: HttpRequest): Promise<HttpAnswer> {
    return this.#api(request);
  }

  async close(): Promise<void> {
    this.#stopped = true;
    this.#config.stop();
    this.#reserve.stop();
    this.#overload.stop();
    this.#rules.stop();
    await this.#scraper.stop();
    await this.#receiver.stop();
    this.#alerting.stop();
    await this.#forwarding.stop();
    this.#answers.stop();
    await this.#outgoing.close();
    await this.#datasets.close();
    await this.#live.close();
    await this.#traces.close();
    await this.#logs.close();
    closeDb(this.#journal);
    this.#held.release();
  }

  #makeOverload(folder: string): Overload {
    return new Overload({
      clock: this.#options.clock,
      memory: { used: () => process.memoryUsage.rss(), max: () => this.#config.current.settings.limits.memoryBytesMax },
      disk: () => (this.#reserve.state === 'spent' ? { ...diskOf(folder), free: 0 } : diskOf(folder)),
      beside: () => {
        const { series, seriesMax } = this.#live.stats();
        return { ruleShare: this.#rules.busyShare(), seriesShare: series / seriesMax };
      },
      onChange: (level, before) => {
        void this.#receiver.overloaded(level);
        this.#answers.overloadChanged(before);
      },
    });
  }

  /** Under overload targets that no rule reads are scraped every second time (level 4), and then not at all. */
  #scrapeManners(): ScrapeManners {
    const overload = this.#overload;
    const ruled = new RuleJobs({ clock: this.#options.clock, live: this.#live, rules: () => this.#rules });
    return {
      newcomers: () => overload.newcomers,
      pace: (job) => (overload.level < 4 || ruled.has(job) ? 1 : overload.level === 4 ? 2 : Number.POSITIVE_INFINITY),
      skipped: (job) => overload.countShed('scrape', `scrape:${job}`),
    };
  }

  #sender(): Send {
    return createSender({
      clock: this.#options.clock,
      templates: () => this.#templates,
      externalUrl: this.#externalUrl,
      http: (call) => this.#outgoing.post(call),
      mail: (mail) => this.#outgoing.mail(mail),
      readSecret: (path) => this.#outgoing.readSecret(path),
      desktop: async (notice) => this.#answers.told(notice),
      log: (line) => {
        this.#reserve.ensureRoom();
        appendFileSync(join(this.#options.dataDir, 'notifications.log'), `${formatTime(this.#options.clock.now())} ${line.replaceAll('\n', ' ')}\n`);
      },
    });
  }

  #makeRules(): Rules {
    const { settings } = this.#config.current;
    const stream = createStream({ store: this.#live, query: { clock: this.#options.clock, breathe } });
    return createRules({
      query: stream.query,
      stream,
      append: (series) => this.#appendRuleSeries(series),
      db: this.#journal,
      clock: this.#options.clock,
      externalLabels: settings.externalLabels,
      externalUrl: this.#externalUrl,
      intervalMs: settings.evaluationIntervalMs,
      breathe,
      isBlind: () => this.#overload.isBlind,
      onAlerts: (alerts) => {
        this.#alerting.put(alerts);
        this.#forwarding.put(alerts);
      },
      onTransitions: (transitions) => {
        for (const { alert, to } of transitions) if (to !== 'inactive') this.#incidents.onAlert(alert);
      },
      onChange: () => this.#answers.alertsChanged(),
    });
  }

  #makeRunbooks(): Runbooks {
    return createRunbooks({
      folders: [this.#options.runbooksDir, this.#config.current.runbookFolder],
      query: async (expr, timeMs, signal) => ({
        samples: samplesOf(await this.#ruleQueries.instant(expr, timeMs, signal === undefined ? {} : { signal })),
      }),
      db: this.#journal,
      clock: this.#options.clock,
      record: (entry) => this.#incidents.recordStep(entry),
      onChange: (run) => this.#answers.runChanged(run),
    });
  }

  #makeAnswers(info: SystemInfo): Answers {
    const { dataDir, clock, renderMarkdown, runImport } = this.#options;
    return new Answers({
      clock,
      dataDir,
      breathe,
      renderMarkdown,
      runImport,
      info,
      live: this.#live,
      datasets: this.#datasets,
      queries: this.#queries,
      scraper: this.#scraper,
      receiver: this.#receiver,
      ledger: this.#ledger,
      rules: this.#rules,
      alerting: this.#alerting,
      forwarding: this.#forwarding,
      incidents: this.#incidents,
      runbooks: this.#runbooks,
      practice: this.#practice,
      config: () => this.#configNow(),
      alerts: () => this.#alerts(),
      alert: (id) => this.#alerts().find((alert) => alert.id === id),
      ackOf: (id) => this.#alerting.alert(id)?.ack,
      usersAffected: () => usersAffected(this.#configNow().settings.usersAffected, this.#queries, clock),
      overload: this.#overload,
      reserve: this.#reserve,
    });
  }

  #makeApi(info: SystemInfo): (request: HttpRequest) => Promise<HttpAnswer> {
    return createApi({
      clock: this.#options.clock,
      random: this.#options.random,
      breathe,
      info,
      live: this.#live,
      logs: this.#logs,
      queries: this.#queries,
      scraper: this.#scraper,
      receiver: this.#receiver,
      rules: this.#rules,
      alerting: this.#alerting,
      alerts: () => this.#alerts(),
      alertmanagers: () => this.#forwarding.states.map(({ url }) => url),
      config: () => this.#configNow(),
      snapshotsFolder: join(this.#options.dataDir, 'snapshots'),
      ownMetrics: () => this.#ownMetrics(),
    });
  }

  /** What is configured, and what the practice system adds to it while it runs. */
  #configNow(): Config {
    return this.#practice.onTop(this.#config.current);
  }

  #info(): SystemInfo {
    const { host, version, dataDir, clock } = this.#options;
    return {
      version,
      host,
      dataDir,
      node: process.version,
      sqlite: sqliteVersion(this.#journal),
      pid: process.pid,
      startedMs: clock.now(),
      severities,
    };
  }

  /** Alerts of our rules, and those that other tools posted. */
  #alerts(): readonly Alert[] {
    const own = this.#rules.groups().flatMap((group) => group.rules.flatMap((rule) => rule.alerts));
    const nowMs = this.#options.clock.now();
    const posted = this.#alerting.alerts().filter(({ alert }) => alert.rule === undefined);
    return [...own, ...posted.map(({ alert }) => fromOutside(alert, nowMs))];
  }

  /** Puts the files in force; what of them is broken has already been replaced by its last good version. */
  async #configure(): Promise<void> {
    const config = this.#configNow();
    const { timeMs, rollup5mMs, rollup1hMs, bytesMax, logs, traces } = config.settings.retention;
    this.#live.keep({ retentionMs: timeMs, rollup5mRetentionMs: rollup5mMs, rollup1hRetentionMs: rollup1hMs, retentionBytes: bytesMax });
    this.#traces.keep({ retentionMs: traces.timeMs, retentionBytes: traces.bytesMax });
    this.#logs.keep({ retentionMs: logs.timeMs, retentionBytes: logs.bytesMax });
    const jobs = this.#options.safe === true ? [] : config.settings.scrapeConfigs;
    await this.#scraper.apply(jobs, config.settings.limits, dirname(config.file));
    await this.#receiver.configure(config.settings.spanMetrics, config.settings.tailSampling, config.settings.otlp);
    this.#useTemplates(config);
    this.#alerting.configure(config.alertmanager);
    await this.#forwarding.apply(config, dirname(config.file));
    await this.#rules.load([...config.ruleFiles, ...this.#rulesOfSlos(config)]);
    const known = new Set(this.#rules.groups().map(({ file, name }) => `${file} ${name}`));
    this.#alerting.retire(({ rule }) => known.has(`${rule?.file} ${rule?.group}`));
    this.#answers.settingsChanged();
  }

  /** Objectives become recording rules and burn-rate alerts, a rule file for each of theirs. */
  #rulesOfSlos({ sloFiles }: Config): NamedText[] {
    return sloFiles.flatMap(({ path, text }) => {
      const { slos, problems } = readSloFile(text, path);
      for (const problem of problems) this.#answers.problem(problem.message);
      return slos.length === 0 ? [] : [{ path: `${path} (rules made of it)`, text: sloRuleFile(slos) }];
    });
  }

  #useTemplates({ templateFiles }: Config): void {
    try {
      this.#templates = new Templates(templateFiles);
    } catch (error) {
      this.#answers.problem(`${messageOf(error)} (the last good templates are in force)`);
    }
  }

  async #appendRuleSeries({ timeMs, labels, values, histograms }: RuleSeries): Promise<void> {
    const batch = this.#live.batch();
    labels.forEach((labelSet, i) => {
      const ref = this.#live.ref(labelSet);
      if (ref < 0) return this.#answers.problem(`a rule's series was refused: ${verdictName(refusal(ref))}`);
      const histogram = histograms?.[i];
      if (isStale(values, i)) batch.addStale(ref, timeMs);
      else if (histogram !== undefined) batch.addHistogram(ref, timeMs, histogram);
      else batch.add(ref, timeMs, values[i]!);
    });
    await batch.commit('process');
  }

  #ownMetrics(): string {
    const { clock } = this.#options;
    const { user, system } = process.cpuUsage();
    const states = this.#alerts().map(({ state }) => state);
    const healths = this.#scraper.targets().map(({ health }) => health);
    const count = <T>(of: readonly T[], one: T): number => of.filter((other) => other === one).length;
    return ownMetrics({
      store: this.#live.stats(),
      startedMs: clock.now() - process.uptime() * 1000,
      rssBytes: process.memoryUsage.rss(),
      cpuSeconds: (user + system) / 1e6,
      lagSeconds: this.#answers.lagMs / 1000,
      queries: this.#queries.counts,
      ledger: this.#ledger.rows(),
      overload: this.#overload,
      reserveBytes: this.#reserve.bytes,
      sampling: this.#receiver.samplingStatus(0),
      alerts: { pending: count(states, 'pending'), firing: count(states, 'firing') },
      targets: { up: count(healths, 'up'), down: count(healths, 'down') },
    });
  }

  #pruneDaily(): void {
    if (this.#stopped) return;
    this.#alerting.prune(this.#options.clock.now() - recordKeptMs);
    this.#options.clock.after(dayMs, () => this.#pruneDaily());
  }

  /** Without a configuration, a node exporter on its usual port is scraped from the moment that it answers. */
  async #lookForNodeExporter(): Promise<void> {
    if (this.#stopped || this.#config.current.file !== '') return;
    if (await listens(nodeExporter.address)) this.#config.foundNodeExporter();
    else this.#options.clock.after(nodeExporterLookEveryMs, () => void this.#lookForNodeExporter());
  }
}
