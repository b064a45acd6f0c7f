import { readRuleFile } from '#core/formats/index.ts';
import { EngineError, labelValue, type Alert, type DurationMs, type Labels, type UnixMs } from '#core/model/index.ts';
import { evaluateInstant, evaluateRange, samplesOf, type QueryOptions, type SeriesSource } from '#core/promql/index.ts';
import { parseExpr, type Expr } from '#core/promql/syntax/index.ts';
import { GroupRunner } from '../group-runner.ts';
import { GrowingStore } from '../growing-store.ts';
import type { RuleRunner } from '../rule-runner.ts';
import type { RuleFile } from '../rules.ts';
import { slotAfter } from '../schedule.ts';
import { unscheduled } from '../still-clock.ts';
import type { GroupSpec, RuleSample, Transition } from '../types.ts';
import { RangeAnswers } from './answers.ts';
import { firingsOf, type Edge, type Firing } from './firings.ts';
import { overlay } from './overlay.ts';
import { StretchCache } from './stretch-cache.ts';
import { batchOrder, isSteady, writtenNames, type Placed } from './order.ts';

export interface BacktestOptions {
  readonly files: readonly RuleFile[];
  readonly source: SeriesSource;
  readonly startMs: UnixMs;
  readonly endMs: UnixMs;
  /** For groups that say none; 1 minute. */
  readonly intervalMs?: DurationMs;
  readonly queryOffsetMs?: DurationMs;
  readonly externalLabels?: Labels;
  readonly externalUrl?: string;
  readonly query?: Omit<QueryOptions, 'signal'>;
  readonly signal?: AbortSignal;
  /** What would have been handed on, and when, in order of time: for trying routes and inhibition on it. Called when all is done. */
  readonly onAlerts?: (alerts: readonly Alert[], timeMs: UnixMs) => void;
  /** 0 to 1. */
  readonly onProgress?: (done: number) => void;
}

export interface BacktestReport {
  readonly startMs: UnixMs;
  readonly endMs: UnixMs;
  readonly firings: readonly Firing[];
  readonly rules: readonly BacktestRule[];
  /** Rules were evaluated time by time; false: each over long stretches at once, which is faster. */
  readonly stepped: boolean;
}

export interface BacktestRule {
  readonly file: string;
  readonly group: string;
  readonly name: string;
  readonly line: number;
  readonly firings: number;
  readonly evaluations: number;
  readonly failures: number;
  /** The last failure; empty without one. */
  readonly lastError: string;
}

/** Times that a rule is evaluated at in one go. Some thousand keep the columns in the processor's cache and the query's cost out of sight. */
const stepsMax = 2_000;
const intervalDefaultMs: DurationMs = 60_000;

/**
 * Tries rules on stored time, as they would have run: on their groups' grids, with their `for` already counting at the start, and
 * reading what they themselves record, not what is stored under those names. Throws EngineError `invalid` for a bad file or range,
 * `cancelled` when aborted.
 */
export async function backtest(options: BacktestOptions): Promise<BacktestReport> {
  if (!(options.endMs > options.startMs)) throw new EngineError('invalid', 'the end must be after the start');
  return new Backtest(options, readGroups(options.files)).run();
}

function readGroups(files: readonly RuleFile[]): GroupSpec[] {
  return files.flatMap(({ path, text }) => {
    const { groups, problems } = readRuleFile(text, path, parseExpr);
    if (problems[0] !== undefined) throw problems[0];
    return groups;
  });
}

interface Tally {
  evaluations: number;
  failures: number;
  lastError: string;
}

class Backtest {
  readonly #options: BacktestOptions;
  readonly #groups: readonly GroupRunner[];
  readonly #rules: readonly Placed[];
  readonly #store = new GrowingStore();
  readonly #stored: StretchCache;
  readonly #overlay: SeriesSource;
  readonly #edges: Edge[] = [];
  readonly #told: { readonly timeMs: UnixMs; readonly alerts: readonly Alert[] }[] = [];
  readonly #tallies = new Map<RuleRunner, Tally>();
  readonly #fromMs: UnixMs;
  /** Answers worked out ahead for the rule that runs. */
  #ahead: { readonly expr: Expr; readonly answers: RangeAnswers } | undefined;
  #timeMs: UnixMs = 0;

  constructor(options: BacktestOptions, specs: readonly GroupSpec[]) {
    this.#options = options;
    const environment = {
      query: (expr: Expr, timeMs: UnixMs) => this.#query(expr, timeMs),
      append: this.#store.append.bind(this.#store),
      db: undefined,
      clock: unscheduled,
      externalLabels: options.externalLabels ?? [],
      externalUrl: options.externalUrl ?? '',
      resendMs: Infinity,
      breathe: options.query?.breathe ?? (() => Promise.resolve()),
      isBlind: () => false,
      onAlerts: (alerts: readonly Alert[]) => void this.#told.push({ timeMs: this.#timeMs, alerts }),
      onTransitions: (transitions: readonly Transition[]) => void this.#edges.push(...transitions.map(edgeOf)),
    };
    this.#groups = specs.map((spec) => new GroupRunner(spec, options.intervalMs ?? intervalDefaultMs, options.queryOffsetMs ?? 0, environment));
    this.#rules = this.#groups.flatMap((group, i) => group.rules.map((runner, place) => ({ runner, group: i, place })));
    for (const { runner } of this.#rules) this.#tallies.set(runner, { evaluations: 0, failures: 0, lastError: '' });
    this.#fromMs = options.startMs - Math.max(0, ...this.#rules.map(({ runner }) => runner.rule.forMs));
    this.#stored = new StretchCache(options.source);
    this.#overlay = overlay(this.#stored, this.#store, new Set(this.#rules.flatMap(({ runner }) => writtenNames(runner))), this.#fromMs);
  }

  async run(): Promise<BacktestReport> {
    const order = batchOrder(this.#rules);
    if (order === undefined) await this.#stepByStep();
    else await this.#inBatches(order);
    const { startMs, endMs, onAlerts } = this.#options;
    for (const { alerts, timeMs } of this.#told.sort((a, b) => a.timeMs - b.timeMs)) onAlerts?.(alerts, timeMs);
    const inOrder = this.#edges.sort((a, b) => a.atMs - b.atMs);
    const firings = firingsOf(inOrder).filter(({ resolvedMs }) => resolvedMs === undefined || resolvedMs >= startMs);
    return {
      startMs,
      endMs,
      firings,
      rules: this.#rules.map(({ runner, group }) => this.#ruleReport(runner, this.#groups[group]!, firings)),
      stepped: order === undefined,
    };
  }

  #ruleReport(runner: RuleRunner, group: GroupRunner, firings: readonly Firing[]): BacktestRule {
    const { file, name: groupName } = group.spec;
    const { name, line } = runner.rule;
    const own = firings.filter((firing) => firing.name === name && firing.group === groupName && firing.file === file);
    return { file, group: groupName, name, line, firings: own.length, ...this.#tallies.get(runner)! };
  }

  /** The times of a group's grid in (fromMs, untilMs]. */
  #firstSlot(group: GroupRunner, afterMs: UnixMs): UnixMs {
    return slotAfter(afterMs, group.intervalMs, `${group.spec.file};${group.spec.name}`);
  }

  async #stepByStep(): Promise<void> {
    const next = this.#groups.map((group) => this.#firstSlot(group, this.#fromMs - 1));
    for (;;) {
      const timeMs = Math.min(...next);
      if (!(timeMs <= this.#options.endMs)) return;
      for (const [i, group] of this.#groups.entries()) {
        if (next[i] !== timeMs) continue;
        for (const runner of group.rules) await this.#evaluate(runner, group, timeMs);
        next[i] = timeMs + group.intervalMs;
      }
      this.#stored.clear();
      this.#report(timeMs);
    }
  }

  /** Stretch after stretch; within one, rule after rule over the whole stretch. */
  async #inBatches(order: readonly Placed[]): Promise<void> {
    const stretchMs = stepsMax * Math.min(...this.#groups.map((group) => group.intervalMs));
    for (let fromMs = this.#fromMs; fromMs <= this.#options.endMs; fromMs += stretchMs) {
      const untilMs = Math.min(fromMs + stretchMs - 1, this.#options.endMs);
      for (const { runner, group } of order) await this.#stretch(runner, this.#groups[group]!, fromMs, untilMs);
      this.#stored.clear();
      this.#report(untilMs);
    }
  }

  async #stretch(runner: RuleRunner, group: GroupRunner, fromMs: UnixMs, untilMs: UnixMs): Promise<void> {
    const firstMs = this.#firstSlot(group, fromMs - 1);
    if (firstMs > untilMs) return;
    const answers = await this.#answersFor(runner, group, firstMs, untilMs);
    this.#ahead = answers === undefined ? undefined : { expr: runner.rule.parsed, answers };
    for (let timeMs = firstMs; timeMs <= untilMs; timeMs += group.intervalMs) await this.#evaluate(runner, group, timeMs);
    this.#ahead = undefined;
  }

  /** Undefined when the rule has to be asked at each time: its expression depends on that, or failed somewhere on the way. */
  async #answersFor(runner: RuleRunner, group: GroupRunner, firstMs: UnixMs, untilMs: UnixMs): Promise<RangeAnswers | undefined> {
    const { parsed } = runner.rule;
    if (!isSteady(parsed)) return undefined;
    const range = { startMs: firstMs - group.queryOffsetMs, endMs: untilMs - group.queryOffsetMs, stepMs: group.intervalMs };
    try {
      return new RangeAnswers((await evaluateRange(this.#overlay, parsed, range, this.#queryOptions())).series);
    } catch (error) {
      if (error instanceof EngineError && error.code !== 'cancelled') return undefined;
      throw error;
    }
  }

  async #evaluate(runner: RuleRunner, group: GroupRunner, timeMs: UnixMs): Promise<void> {
    if (this.#options.signal?.aborted === true) throw new EngineError('cancelled', 'the backtest was cancelled');
    this.#timeMs = timeMs;
    await runner.evaluate(timeMs, group.queryOffsetMs, false, () => false);
    const tally = this.#tallies.get(runner)!;
    tally.evaluations++;
    if (runner.lastError === '') return;
    tally.failures++;
    tally.lastError = runner.lastError;
  }

  async #query(expr: Expr, timeMs: UnixMs): Promise<readonly RuleSample[]> {
    if (this.#ahead?.expr === expr) return this.#ahead.answers.at(timeMs);
    return samplesOf(await evaluateInstant(this.#overlay, expr, timeMs, this.#queryOptions()));
  }

  #queryOptions(): QueryOptions {
    const { query, signal } = this.#options;
    return { ...query, ...(signal !== undefined && { signal }) };
  }

  #report(timeMs: UnixMs): void {
    this.#options.onProgress?.(Math.min(1, (timeMs - this.#fromMs) / (this.#options.endMs - this.#fromMs)));
  }
}

function edgeOf({ atMs, alert, to }: Transition): Edge {
  const { id, labels, group, ruleFile } = alert;
  return { atMs, alert: id, name: labelValue(labels, 'alertname'), labels, group, file: ruleFile, to };
}
