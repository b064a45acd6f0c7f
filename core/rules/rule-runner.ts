import {
  isStale,
  labelsKey,
  messageOf,
  METRIC_NAME,
  EngineError,
  withLabel,
  writeStale,
  type Alert,
  type Clock,
  type DurationMs,
  type Labels,
  type RuleHealth,
  type UnixMs,
} from '#core/model/index.ts';
import type { WriteDb } from '#core/db/index.ts';
import { AlertStates, type StateChange } from './alert-states.ts';
import { Expander, type ExpandInput } from './expand.ts';
import { ruleKey, saveChange } from './journal.ts';
import type { GroupSpec, Rule, RuleAppend, RuleSample, RuleSeries, Transition } from './types.ts';

/** What rules are given by whoever runs them. */
export interface RuleEnvironment extends ExpandInput {
  readonly append: RuleAppend;
  /** The journal; undefined where nothing is to outlive the run, as in a backtest. */
  readonly db: WriteDb | undefined;
  readonly clock: Clock;
  /** How often a firing alert is handed on again. */
  readonly resendMs: DurationMs;
  readonly onAlerts: (alerts: readonly Alert[]) => void;
  readonly onTransitions: (transitions: readonly Transition[]) => void;
}

/** One rule at work: evaluates, keeps its alerts, writes its series and marks the ones that are gone as stale. */
export class RuleRunner {
  readonly rule: Rule;
  readonly key: string;
  /** Undefined for a recording rule. */
  readonly states: AlertStates | undefined;
  health: RuleHealth = 'unknown';
  lastError = '';
  /** A template that could not be worked out at the last evaluation. */
  lastWarning = '';
  lastEvaluationMs: UnixMs | undefined;
  durationMs: DurationMs = 0;
  /** Series that the last evaluation wrote. */
  previous = new Map<string, Labels>();
  readonly #group: GroupSpec;
  readonly #environment: RuleEnvironment;
  readonly #expander: Expander | undefined;
  /** Changes that the journal did not take yet. */
  #unsaved: StateChange[] = [];
  #saveError = '';

  constructor(rule: Rule, group: GroupSpec, ordinal: number, environment: RuleEnvironment) {
    this.rule = rule;
    this.key = ruleKey(group, rule, ordinal);
    this.#group = group;
    this.#environment = environment;
    this.states = rule.kind === 'alerting' ? new AlertStates(rule, group) : undefined;
    this.#expander = rule.kind === 'alerting' ? new Expander(rule, environment) : undefined;
  }

  /** Goes on from the same rule before a reload. */
  adopt(from: RuleRunner): void {
    this.health = from.health;
    this.lastError = from.lastError;
    this.lastWarning = from.lastWarning;
    this.lastEvaluationMs = from.lastEvaluationMs;
    this.durationMs = from.durationMs;
    this.previous = from.previous;
    this.#unsaved = from.#unsaved;
    for (const state of from.states?.held.values() ?? []) this.states?.take(state);
  }

  /**
   * Evaluates once. Never rejects: what fails is this rule's health, and leaves its alerts and series as they were.
   * Nothing happens after `isStopped` says so.
   */
  async evaluate(timeMs: UnixMs, queryOffsetMs: DurationMs, settling: boolean, isStopped: () => boolean): Promise<void> {
    const startMs = this.#environment.clock.monotonicMs();
    try {
      const samples = await this.#environment.query(this.rule.parsed, timeMs - queryOffsetMs);
      const series = await this.#apply(samples, timeMs, queryOffsetMs, settling, isStopped);
      if (series === undefined) return;
      if (series.labels.length > 0) await this.#environment.append(series);
      this.previous = new Map(liveSeries(series));
      this.health = this.#saveError === '' ? 'ok' : 'err';
      this.lastError = this.#saveError;
    } catch (error) {
      this.health = 'err';
      this.lastError = messageOf(error);
    }
    this.lastEvaluationMs = timeMs;
    this.durationMs = this.#environment.clock.monotonicMs() - startMs;
  }

  /** The series that the evaluation makes; undefined when the rule was stopped meanwhile. */
  async #apply(
    samples: readonly RuleSample[],
    timeMs: UnixMs,
    queryOffsetMs: DurationMs,
    settling: boolean,
    isStopped: () => boolean,
  ): Promise<RuleSeries | undefined> {
    const { states } = this;
    const expander = this.#expander;
    if (states === undefined || expander === undefined) return isStopped() ? undefined : this.#recorded(samples, timeMs - queryOffsetMs);
    expander.begin(timeMs);
    const candidates = [];
    for (const sample of samples) candidates.push(await expander.expand(sample));
    if (isStopped()) return undefined;
    this.lastWarning = expander.problem;
    this.publish(states.evaluate(timeMs, candidates, settling), timeMs);
    return this.#alertSeries(states, timeMs - queryOffsetMs);
  }

  /** Journals what changed, then tells. A journal that takes nothing stops no page: the change is kept and written the next time. */
  publish(change: StateChange, timeMs: UnixMs): void {
    const { db, resendMs, onAlerts, onTransitions } = this.#environment;
    if (db !== undefined) this.#save(db, change);
    const due = this.states?.takeDue(timeMs, resendMs) ?? [];
    if (change.transitions.length > 0) onTransitions(change.transitions);
    if (due.length > 0) onAlerts(due);
  }

  #save(db: WriteDb, change: StateChange): void {
    this.#unsaved.push(change);
    this.#saveError = '';
    try {
      while (this.#unsaved[0] !== undefined) {
        saveChange(db, this.key, this.rule, this.#group, this.#unsaved[0]);
        this.#unsaved.shift();
      }
    } catch (error) {
      this.#saveError = `the state of the alerts could not be stored: ${messageOf(error)}`;
    }
  }

  #recorded(samples: readonly RuleSample[], timeMs: UnixMs): RuleSeries {
    const { limit } = this.#group;
    const builder = new SeriesBuilder(timeMs);
    for (const sample of samples) {
      let labels = withLabel(sample.labels, METRIC_NAME, this.rule.name);
      for (const { name, source } of this.rule.labelTemplates) labels = withLabel(labels, name, source);
      if (!builder.add(labels, sample)) throw new EngineError('invalid', 'vector contains metrics with the same labelset after applying rule labels');
    }
    if (limit > 0 && samples.length > limit) throw new EngineError('limit', `exceeded limit of ${limit} with ${samples.length} series`);
    return builder.finish(this.previous);
  }

  #alertSeries(states: AlertStates, timeMs: UnixMs): RuleSeries {
    const builder = new SeriesBuilder(timeMs);
    for (const state of states.held.values()) {
      if (state.state === 'resolved') continue;
      const { alerts, forState } = states.seriesLabels(state);
      builder.add(alerts, { labels: alerts, value: 1 });
      builder.add(forState, { labels: forState, value: Math.floor(state.activeAtMs / 1000) });
    }
    return builder.finish(this.previous);
  }
}

/** Gathers the series of one evaluation. */
class SeriesBuilder {
  readonly #timeMs: UnixMs;
  readonly #series = new Map<string, RuleSample>();

  constructor(timeMs: UnixMs) {
    this.#timeMs = timeMs;
  }

  /** False when a series of these labels is there already. */
  add(labels: Labels, { value, histogram }: RuleSample): boolean {
    const key = labelsKey(labels);
    if (this.#series.has(key)) return false;
    this.#series.set(key, { labels, value, histogram });
    return true;
  }

  /** With a stale marker for each series of `previous` that is not among them. */
  finish(previous: ReadonlyMap<string, Labels>): RuleSeries {
    const gone = [...previous].filter(([key]) => !this.#series.has(key)).map(([, labels]) => labels);
    const samples = [...this.#series.values()];
    const values = new Float64Array(samples.length + gone.length);
    samples.forEach((sample, i) => (values[i] = sample.value));
    for (let i = samples.length; i < values.length; i++) writeStale(values, i);
    const histograms = samples.some((sample) => sample.histogram !== undefined) ? samples.map((sample) => sample.histogram) : undefined;
    return { timeMs: this.#timeMs, labels: [...samples.map((sample) => sample.labels), ...gone], values, histograms };
  }
}

/** Stale markers for series that nothing writes any more. */
export function staleSeries(timeMs: UnixMs, labels: readonly Labels[]): RuleSeries {
  const values = new Float64Array(labels.length);
  labels.forEach((_, i) => writeStale(values, i));
  return { timeMs, labels, values, histograms: undefined };
}

function* liveSeries(series: RuleSeries): Generator<[string, Labels]> {
  for (const [i, labels] of series.labels.entries()) if (!isStale(series.values, i)) yield [labelsKey(labels), labels];
}
