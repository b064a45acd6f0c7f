import {
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
import { alertSeries, AlertStates, type StateChange } from './alert-states.ts';
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
  /** Lets others work. */
  readonly breathe: () => Promise<void>;
  /** Samples may be missing: nothing is taken to be over. */
  readonly isBlind: () => boolean;
  readonly onAlerts: (alerts: readonly Alert[]) => void;
  readonly onTransitions: (transitions: readonly Transition[]) => void;
}

/** About 5 ms of templates. */
const samplesPerBreath = 512;

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
  previous: ReadonlyMap<SeriesKey, Labels> = new Map();
  /** What `previous` is to be once the series are stored. */
  #writing: ReadonlyMap<SeriesKey, Labels> = new Map();
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
      this.previous = this.#writing;
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
    for (const [i, sample] of samples.entries()) {
      candidates.push(await expander.expand(sample));
      if (i % samplesPerBreath === samplesPerBreath - 1) await this.#environment.breathe();
    }
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
      if (!builder.add(labelsKey(labels), labels, sample))
        throw new EngineError('invalid', 'vector contains metrics with the same labelset after applying rule labels');
    }
    if (limit > 0 && samples.length > limit) throw new EngineError('limit', `exceeded limit of ${limit} with ${samples.length} series`);
    return this.#finish(builder);
  }

  /** Label sets are the same objects each time, so that they stand for their series. */
  #alertSeries(states: AlertStates, timeMs: UnixMs): RuleSeries {
    const builder = new SeriesBuilder(timeMs);
    for (const state of states.held.values()) {
      if (state.state === 'resolved') continue;
      const labels = alertSeries(state);
      builder.add(labels[state.state], labels[state.state], { value: 1 });
      builder.add(labels.forState, labels.forState, { value: Math.floor(state.activeAtMs / 1000) });
    }
    return this.#finish(builder);
  }

  #finish(builder: SeriesBuilder): RuleSeries {
    const { series, written } = builder.finish(this.previous);
    this.#writing = written;
    return series;
  }
}

/** What tells series apart: a label set's text, or the label set itself where it is always the same object. */
type SeriesKey = string | Labels;

/** Gathers the series of one evaluation. */
class SeriesBuilder {
  readonly #timeMs: UnixMs;
  readonly #keys = new Map<SeriesKey, Labels>();
  readonly #samples: Pick<RuleSample, 'value' | 'histogram'>[] = [];

  constructor(timeMs: UnixMs) {
    this.#timeMs = timeMs;
  }

  /** False when a series of this key is there already. */
  add(key: SeriesKey, labels: Labels, sample: Pick<RuleSample, 'value' | 'histogram'>): boolean {
    if (this.#keys.has(key)) return false;
    this.#keys.set(key, labels);
    this.#samples.push(sample);
    return true;
  }

  /** With a stale marker for each series of `previous` that is not among them. */
  finish(previous: ReadonlyMap<SeriesKey, Labels>): { series: RuleSeries; written: Map<SeriesKey, Labels> } {
    const labels = [...this.#keys.values()];
    for (const [key, gone] of previous) if (!this.#keys.has(key)) labels.push(gone);
    const values = new Float64Array(labels.length);
    this.#samples.forEach((sample, i) => (values[i] = sample.value));
    for (let i = this.#samples.length; i < values.length; i++) writeStale(values, i);
    const histograms = this.#samples.some((sample) => sample.histogram !== undefined) ? this.#samples.map((sample) => sample.histogram) : undefined;
    return { series: { timeMs: this.#timeMs, labels, values, histograms }, written: this.#keys };
  }
}

/** Stale markers for series that nothing writes any more. */
export function staleSeries(timeMs: UnixMs, labels: readonly Labels[]): RuleSeries {
  const values = new Float64Array(labels.length);
  labels.forEach((_, i) => writeStale(values, i));
  return { timeMs, labels, values, histograms: undefined };
}
