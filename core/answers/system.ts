import type { Handlers, Overview, Settings, SignalboxContract, SystemStatus } from '#core/contract/index.ts';
import type { Cancel, Target, UnixMs } from '#core/model/index.ts';
import { explosions } from './cardinality.ts';
import { lossesOf } from './losses.ts';
import type { Parts } from './parts.ts';
import { Watched } from './watch.ts';

type Names = Extract<keyof SignalboxContract, `system.${string}` | `overview.${string}` | `settings.${string}`>;

const pulseMs = 1000;
/** Long enough to hold a scrape of every usual job: between two of them nothing is stored, and a rate over less would say 0. */
const rateOverMs = 60_000;
/** The overview asks a PromQL expression; more often than this no answer changes in a way that matters. */
const overviewEveryMs = 5000;
const problemsKept = 5;
/** A problem that has not come again for this long is over. */
const problemForgottenMs = 5 * 60_000;
const downNamed = 5;
/** From this level of overload on data is turned away. */
const failingLevel = 4;
const fullDisk =
  'the disk is full: samples, spans and lines are refused; alerts, notifications, silences and incidents go into the room kept for them. Free some space';

/** Signalbox itself: how it is, how it is configured, and the operator's first questions. */
export class SystemDesk {
  readonly #parts: Parts;
  readonly #status: Watched<SystemStatus>;
  readonly #settings: Watched<Settings>;
  readonly #overview: Watched<Overview>;
  readonly #problems = new Map<string, UnixMs>();
  #pulse: Cancel;
  /** Samples stored by each pulse of the last minute, the oldest first. */
  #appended: readonly { readonly atMs: number; readonly count: number }[] = [];
  #lagMs = 0;
  #overviewDueMs = 0;
  readonly #onPulse: () => void;

  /** `onPulse` is called each second: for what changes all the time and tells nobody. */
  constructor(parts: Parts, onPulse: () => void) {
    this.#parts = parts;
    this.#onPulse = onPulse;
    this.#status = new Watched(parts.clock, parts.report, () => this.#statusNow());
    this.#settings = new Watched(parts.clock, parts.report, () => this.#settingsNow());
    this.#overview = new Watched(parts.clock, parts.report, () => this.#overviewNow());
    this.#count(parts.clock.monotonicMs());
    this.#pulse = this.#beat();
  }

  /** Lateness of the last pulse: what a click would have waited. */
  get lagMs(): number {
    return this.#lagMs;
  }

  /** Something failed that no caller waits for. */
  problem(sentence: string): void {
    this.#problems.delete(sentence);
    this.#problems.set(sentence, this.#parts.clock.now());
    if (this.#problems.size > problemsKept) this.#problems.delete(this.#problems.keys().next().value!);
  }

  settingsChanged(): void {
    this.#settings.changed();
    this.#overview.changed();
  }

  alertsChanged(): void {
    this.#overview.changed();
  }

  stop(): void {
    this.#pulse();
  }

  handlers(): Pick<Handlers<SignalboxContract>, Names> {
    return {
      'system.info': () => this.#parts.info,
      'system.losses': ({ dataset, startMs, endMs }) => lossesOf(this.#parts.datasets.of(dataset).metrics, startMs, endMs),
      'system.watch': (_input, emit) => this.#status.open(emit),
      'settings.watch': (_input, emit) => this.#settings.open(emit),
      'overview.watch': (_input, emit) => this.#overview.open(emit),
    };
  }

  #beat(): Cancel {
    const { clock } = this.#parts;
    const dueMs = clock.monotonicMs() + pulseMs;
    return clock.after(pulseMs, () => {
      const nowMs = clock.monotonicMs();
      this.#lagMs = nowMs - dueMs;
      this.#count(nowMs);
      this.#status.changed();
      this.#onPulse();
      if (nowMs >= this.#overviewDueMs) {
        this.#overviewDueMs = nowMs + overviewEveryMs;
        this.#overview.changed();
      }
      this.#pulse = this.#beat();
    });
  }

  #count(nowMs: number): void {
    const now = { atMs: nowMs, count: this.#parts.live.stats().appended };
    this.#appended = [...this.#appended.filter(({ atMs }) => nowMs - atMs <= rateOverMs), now];
  }

  #rate(): number {
    const [first, last] = [this.#appended[0]!, this.#appended.at(-1)!];
    return last.atMs === first.atMs ? 0 : ((last.count - first.count) * 1000) / (last.atMs - first.atMs);
  }

  #statusNow(): SystemStatus {
    const { clock, live } = this.#parts;
    const nowMs = clock.now();
    for (const [sentence, atMs] of this.#problems) if (nowMs - atMs > problemForgottenMs) this.#problems.delete(sentence);
    const stats = live.stats();
    const { reserve } = this.#parts;
    const failing = [...(reserve.state === 'spent' ? [fullDisk] : []), ...this.#problems.keys()];
    const { level, reasons, shedding } = this.#parts.overload();
    const overload = level === 0 ? [] : [`overload, level ${level} of 5: ${reasons.join(', ')}`, ...shedding.map((what) => `left out: ${what}`)];
    const strained = [...overload, ...explosions(this.#parts)];
    return {
      level: failing.length > 0 || level >= failingLevel ? 'failing' : strained.length > 0 ? 'strained' : 'ok',
      reasons: [...failing, ...strained],
      overloadLevel: level,
      overloadReasons: reasons,
      leftOut: shedding,
      nowMs,
      seriesCount: stats.series,
      sampleCount: stats.headSamples + stats.sealedSamples,
      samplesPerSecond: this.#rate(),
      bytesOnDisk: stats.diskBytes + stats.walBytes,
      reserveBytes: reserve.bytes,
    };
  }

  #settingsNow(): Settings {
    const { scraper, rules } = this.#parts;
    const { file, settings, ruleFiles, problems } = this.#parts.config();
    const targets = scraper.targets();
    return {
      file,
      problems: [...problems, ...rules.problems(), ...scraper.problems()],
      usersAffected: settings.usersAffected,
      scrapeJobs: [...new Set(targets.map((target) => target.job))].map((job) => {
        const own = targets.filter((target) => target.job === job);
        return { job, targetCount: own.length, intervalMs: own[0]!.intervalMs };
      }),
      ruleFiles: ruleFiles.map(({ path }) => path),
    };
  }

  async #overviewNow(): Promise<Overview> {
    const { clock, scraper, incidents, ackOf } = this.#parts;
    const { share, why } = await this.#parts.usersAffected();
    const alerts = this.#parts.alerts();
    const firing = alerts.filter(({ state }) => state === 'firing');
    const down = scraper.targets().filter(({ health }) => health === 'down');
    return {
      nowMs: clock.now(),
      usersAffected: share,
      usersWhy: why,
      firing: firing.length,
      pending: alerts.filter(({ state }) => state === 'pending').length,
      unacked: firing.filter(({ id }) => ackOf(id) === undefined).length,
      incidentsOpen: incidents.list().filter(({ status }) => status !== 'resolved').length,
      targetsUp: scraper.targets().filter(({ health }) => health === 'up').length,
      targetsDown: down.length,
      down: down.slice(0, downNamed).map(nameOf),
    };
  }
}

const nameOf = (target: Target): string => `${target.job} ${target.url}`;
