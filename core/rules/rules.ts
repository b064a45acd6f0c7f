import { readRuleFile } from '#core/formats/index.ts';
import type { WriteDb } from '#core/db/index.ts';
import { messageOf, type Alert, type Cancel, type Clock, type DurationMs, type Labels, type UnixMs } from '#core/model/index.ts';
import { parseExpr } from '#core/promql/syntax/index.ts';
import { GroupRunner } from './group-runner.ts';
import {
  goodFile,
  lastEvaluation,
  loadAlerts,
  pruneHistory,
  readTransitions,
  saveEvaluation,
  saveGoodFiles,
  type PastTransition,
} from './journal.ts';
import { restoreAll } from './restore.ts';
import { rulesAt, type PastRules } from './rule-history.ts';
import type { RuleEnvironment } from './rule-runner.ts';
import { startSchedule, type Tick } from './schedule.ts';
import { groupState } from './group-state.ts';
import type { GroupState } from './rule-state.ts';
import type { Stream } from './stream/stream.ts';
import type { GroupSpec, RuleAppend, RuleQuery, Transition } from './types.ts';

export interface RulesOptions {
  readonly query: RuleQuery;
  /** When `query` is a stream's: it is told which rules there are, and groups() says how each is evaluated. */
  readonly stream?: Pick<Stream, 'plan' | 'explain'>;
  readonly append: RuleAppend;
  /** The dataset's journal. Without it nothing outlives the run, as for a backtest. */
  readonly db?: WriteDb;
  readonly clock: Clock;
  /** `global.external_labels`; templates read them, series do not carry them. */
  readonly externalLabels?: Labels;
  /** Where `externalURL` in templates leads, without a slash at its end. */
  readonly externalUrl?: () => string;
  /** `global.evaluation_interval`, for groups that say none. */
  readonly intervalMs?: DurationMs;
  /** `global.rule_query_offset`, for groups that say none. */
  readonly queryOffsetMs?: DurationMs;
  readonly resendMs?: DurationMs;
  /** Awaited every 10 ms of work or so, to let others work. */
  readonly breathe?: () => Promise<void>;
  /** While it answers true samples may be missing: an alert that the expression does not give stays as it is. Never unless given. */
  readonly isBlind?: () => boolean;
  /** Alerts that fire (again every `resendMs`) or are resolved. The state is in the journal by then. */
  readonly onAlerts: (alerts: readonly Alert[]) => void;
  /** Every edge of every alert, pending ones too, with its reason. */
  readonly onTransitions?: (transitions: readonly Transition[]) => void;
  /** Something that groups() shows has changed. */
  readonly onChange?: () => void;
}

export interface RuleFile {
  readonly path: string;
  readonly text: string;
}

export interface Rules {
  /** Puts files in force. A broken one keeps its last good version, also over a restart. Answers the problems, "FILE:LINE: reason" each. */
  load(files: readonly RuleFile[]): Promise<readonly string[]>;
  /** Begins to evaluate, each group on its own grid. */
  start(): void;
  /** Evaluates every group at a time, one after another; for tests and backtests. */
  evaluate(timeMs: UnixMs): Promise<void>;
  groups(): readonly GroupState[];
  /** What the slowest group took for its last evaluation, of its interval: from 1 on evaluations come late. */
  busyShare(): number;
  /** What the rules were at a moment. Without a journal, and before there was one, what they are now. */
  at(timeMs: UnixMs): PastRules;
  /** Pending and firing alerts, the oldest first. */
  alerts(): readonly Alert[];
  /** Problems of the files as last loaded. */
  problems(): readonly string[];
  /** Edges of one alert, or of all, in order of time. Empty without a journal. */
  history(sinceMs: UnixMs, untilMs: UnixMs, alert?: string): readonly PastTransition[];
  /** Ends the schedule; what is under way changes nothing any more. */
  stop(): void;
}

const intervalDefaultMs: DurationMs = 60_000; // Prometheus' global.evaluation_interval.
const resendDefaultMs: DurationMs = 60_000; // Prometheus' --rules.alert.resend-delay.
/** How exactly the journal knows when rules last ran; each write is an fsync. */
const evaluationSavedEveryMs: DurationMs = 10_000;
/** After an outage, or when the clock was set, data has to come in again before anything can be said to be over. */
const settleMinMs: DurationMs = 60_000;

export function createRules(options: RulesOptions): Rules {
  return new RulesEngine(options);
}

class RulesEngine implements Rules {
  readonly #options: RulesOptions;
  readonly #environment: RuleEnvironment;
  readonly #intervalMs: DurationMs;
  readonly #queryOffsetMs: DurationMs;
  #groups: GroupRunner[] = [];
  #good = new Map<string, string>();
  #problems: readonly string[] = [];
  #schedules = new Map<GroupRunner, Cancel>();
  #started = false;
  #restored = false;
  #savedMs: UnixMs = -Infinity;
  #prunedMs: UnixMs = -Infinity;

  constructor(options: RulesOptions) {
    this.#options = options;
    this.#intervalMs = options.intervalMs ?? intervalDefaultMs;
    this.#queryOffsetMs = options.queryOffsetMs ?? 0;
    this.#environment = {
      query: options.query,
      append: options.append,
      db: options.db,
      clock: options.clock,
      externalLabels: options.externalLabels ?? [],
      get externalUrl() {
        return options.externalUrl?.() ?? '';
      },
      resendMs: options.resendMs ?? resendDefaultMs,
      breathe: options.breathe ?? (() => Promise.resolve()),
      isBlind: options.isBlind ?? (() => false),
      onAlerts: options.onAlerts,
      onTransitions: options.onTransitions ?? (() => undefined),
    };
  }

  async load(files: readonly RuleFile[]): Promise<readonly string[]> {
    const nowMs = this.#options.clock.now();
    const { specs, problems, good, lost } = this.#read(files);
    this.#problems = problems;
    const before = new Map(this.#groups.map((group) => [nameOf(group.spec), group]));
    this.#groups = specs.map((spec) => this.#group(spec, before.get(nameOf(spec)), nowMs));
    const kept = new Set(this.#groups.map((group) => nameOf(group.spec)));
    const ended = [...before].filter(([name]) => !kept.has(name)).map(([, group]) => group);
    this.#options.stream?.plan(this.#groups.flatMap((group) => group.rules.map(({ rule }) => rule.parsed)));
    this.#good = new Map(good.map(({ path, text }) => [path, text]));
    if (this.#options.db !== undefined) {
      saveGoodFiles(this.#options.db, good, nowMs);
      if (!this.#restored) this.#restore(this.#options.db, nowMs, lost);
    }
    this.#restored = true;
    for (const group of ended) await group.end(nowMs);
    this.#reschedule();
    this.#options.onChange?.();
    return problems;
  }

  /** What the files say; of a broken one, what its last good text said. `lost` are broken files of which nothing good is known. */
  #read(files: readonly RuleFile[]): { specs: GroupSpec[]; problems: string[]; good: RuleFile[]; lost: ReadonlySet<string> } {
    const specs: GroupSpec[] = [];
    const problems: string[] = [];
    const good: RuleFile[] = [];
    const lost = new Set<string>();
    for (const { path, text } of files) {
      const reading = readRuleFile(text, path, parseExpr);
      if (reading.problems.length === 0) {
        specs.push(...reading.groups);
        good.push({ path, text });
        continue;
      }
      problems.push(...reading.problems.map(messageOf));
      const known = this.#good.get(path) ?? (this.#options.db === undefined ? undefined : goodFile(this.#options.db, path));
      if (known === undefined) lost.add(path);
      else {
        specs.push(...readRuleFile(known, path, parseExpr).groups);
        good.push({ path, text: known });
      }
    }
    return { specs, problems, good, lost };
  }

  /** The running group when it says the same, else a new one that goes on from it. */
  #group(spec: GroupSpec, before: GroupRunner | undefined, nowMs: UnixMs): GroupRunner {
    if (before !== undefined && signature(before.spec) === signature(spec)) return before;
    const group = new GroupRunner(spec, this.#intervalMs, this.#queryOffsetMs, this.#environment);
    if (before !== undefined) {
      before.stop();
      group.adopt(before, nowMs);
    }
    return group;
  }

  #restore(db: WriteDb, nowMs: UnixMs, lost: ReadonlySet<string>): void {
    const downAtMs = lastEvaluation(db);
    if (downAtMs === undefined) return;
    const settleMs = (group: GroupRunner): DurationMs => Math.max(settleMinMs, 2 * group.intervalMs);
    const unnoticedMs = (group: GroupRunner): DurationMs => 2 * group.intervalMs + evaluationSavedEveryMs;
    for (const group of this.#groups) if (nowMs - downAtMs > unnoticedMs(group)) group.settlesAtMs = nowMs + settleMs(group);
    restoreAll({ db, groups: this.#groups, stored: loadAlerts(db), lost, downAtMs, nowMs, unnoticedMs, environment: this.#environment });
  }

  #reschedule(): void {
    if (!this.#started) return;
    const current = new Set(this.#groups);
    for (const [group, cancel] of this.#schedules) {
      if (current.has(group)) continue;
      cancel();
      this.#schedules.delete(group);
    }
    for (const group of this.#groups) {
      if (this.#schedules.has(group)) continue;
      this.#schedules.set(
        group,
        startSchedule(this.#options.clock, group.intervalMs, nameOf(group.spec), (tick) => this.#tick(group, tick)),
      );
    }
  }

  start(): void {
    this.#started = true;
    this.#reschedule();
  }

  async #tick(group: GroupRunner, { timeMs, missed, jumpMs }: Tick): Promise<void> {
    group.missedCount += missed;
    if (jumpMs !== 0) {
      group.shift(jumpMs, timeMs);
      group.settlesAtMs = timeMs + Math.max(settleMinMs, 2 * group.intervalMs);
    }
    await group.evaluate(timeMs);
    this.#evaluated(timeMs);
  }

  #evaluated(timeMs: UnixMs): void {
    const { db, onChange } = this.#options;
    if (db !== undefined && Math.abs(timeMs - this.#savedMs) >= evaluationSavedEveryMs) {
      saveEvaluation(db, timeMs);
      this.#savedMs = timeMs;
    }
    if (db !== undefined && timeMs - this.#prunedMs >= 86_400_000) {
      pruneHistory(db, timeMs);
      this.#prunedMs = timeMs;
    }
    onChange?.();
  }

  async evaluate(timeMs: UnixMs): Promise<void> {
    for (const group of this.#groups) await group.evaluate(timeMs);
    this.#evaluated(timeMs);
  }

  busyShare(): number {
    return this.#groups.reduce((most, { durationMs, intervalMs }) => Math.max(most, durationMs / intervalMs), 0);
  }

  groups(): readonly GroupState[] {
    return this.#groups.map((group) => groupState(group, this.#options.stream));
  }

  at(timeMs: UnixMs): PastRules {
    const kept = this.#options.db === undefined ? undefined : rulesAt(this.#options.db, timeMs, this.#intervalMs);
    return kept ?? { groups: this.groups(), files: new Map(), earliestMs: undefined };
  }

  alerts(): readonly Alert[] {
    const all = this.groups().flatMap((group) => group.rules.flatMap((rule) => rule.alerts));
    return all.filter((alert) => alert.state !== 'resolved').sort((a, b) => a.activeAtMs - b.activeAtMs);
  }

  problems(): readonly string[] {
    return this.#problems;
  }

  history(sinceMs: UnixMs, untilMs: UnixMs, alert?: string): readonly PastTransition[] {
    return this.#options.db === undefined ? [] : readTransitions(this.#options.db, sinceMs, untilMs, alert);
  }

  stop(): void {
    this.#started = false;
    for (const cancel of this.#schedules.values()) cancel();
    this.#schedules.clear();
    for (const group of this.#groups) group.stop();
  }
}

const nameOf = (spec: GroupSpec): string => `${spec.file};${spec.name}`;

/** Equal for groups that would run alike and show alike. */
function signature(spec: GroupSpec): string {
  return JSON.stringify(spec, (key, value: unknown) => (key === 'parsed' || key === 'template' ? undefined : value));
}
