import { messageOf, type DurationMs, type Labels, type UnixMs } from '#core/model/index.ts';
import { RuleRunner, staleSeries, type RuleEnvironment } from './rule-runner.ts';
import type { GroupSpec } from './types.ts';

/** How long a group may work at a stretch. */
const breathEveryMs: DurationMs = 10;

/** The rules of a group, evaluated one after another at the same time so that a rule sees what those before it wrote. */
export class GroupRunner {
  readonly spec: GroupSpec;
  readonly intervalMs: DurationMs;
  readonly queryOffsetMs: DurationMs;
  readonly rules: readonly RuleRunner[];
  lastEvaluationMs: UnixMs | undefined;
  durationMs: DurationMs = 0;
  missedCount = 0;
  /** What failed beside the rules themselves. */
  lastError = '';
  /** Until when nothing is taken to be over; see AlertStates.evaluate. */
  settlesAtMs: UnixMs = -Infinity;
  readonly #environment: RuleEnvironment;
  /** Series of rules that a reload took away; marked stale at the next evaluation. */
  #orphans: Labels[] = [];
  #stopped = false;

  constructor(spec: GroupSpec, intervalMs: DurationMs, queryOffsetMs: DurationMs, environment: RuleEnvironment) {
    this.spec = spec;
    this.intervalMs = spec.intervalMs ?? intervalMs;
    this.queryOffsetMs = spec.queryOffsetMs ?? queryOffsetMs;
    this.#environment = environment;
    const seen = new Map<string, number>();
    this.rules = spec.rules.map((rule) => {
      const alike = JSON.stringify([rule.kind, rule.name, rule.labels]);
      const ordinal = seen.get(alike) ?? 0;
      seen.set(alike, ordinal + 1);
      return new RuleRunner(rule, spec, ordinal, environment);
    });
  }

  /** Never rejects; each rule keeps its own error. */
  async evaluate(timeMs: UnixMs): Promise<void> {
    const { clock } = this.#environment;
    const startMs = clock.monotonicMs();
    const settling = timeMs < this.settlesAtMs || this.#environment.isBlind();
    let breathMs = startMs;
    for (const rule of this.rules) {
      await rule.evaluate(timeMs, this.queryOffsetMs, settling, () => this.#stopped);
      if (this.#stopped) return;
      if (clock.monotonicMs() - breathMs < breathEveryMs) continue;
      await this.#environment.breathe();
      breathMs = clock.monotonicMs();
    }
    await this.#markOrphans(timeMs - this.queryOffsetMs);
    this.lastEvaluationMs = timeMs;
    this.durationMs = clock.monotonicMs() - startMs;
  }

  async #markOrphans(timeMs: UnixMs): Promise<void> {
    if (this.#orphans.length === 0) return;
    try {
      await this.#environment.append(staleSeries(timeMs, this.#orphans));
      this.#orphans = [];
      this.lastError = '';
    } catch (error) {
      // Tried again at the next evaluation.
      this.lastError = `series of rules that are gone could not be marked stale: ${messageOf(error)}`;
    }
  }

  /** Goes on from the group of the same name before a reload; rules that are no more end their alerts and series. */
  adopt(from: GroupRunner, timeMs: UnixMs): void {
    this.lastEvaluationMs = from.lastEvaluationMs;
    this.durationMs = from.durationMs;
    this.missedCount = from.missedCount;
    this.settlesAtMs = from.settlesAtMs;
    this.#orphans = from.#orphans;
    const mine = new Map(this.rules.map((rule) => [rule.key, rule]));
    for (const old of from.rules) {
      const heir = mine.get(old.key);
      if (heir !== undefined) heir.adopt(old);
      else this.#orphans.push(...endRule(old, timeMs));
    }
  }

  /** Ends the group for good: its alerts resolve and its series go stale. */
  async end(timeMs: UnixMs): Promise<void> {
    this.stop();
    for (const rule of this.rules) this.#orphans.push(...endRule(rule, timeMs));
    await this.#markOrphans(timeMs);
  }

  /** The wall clock was set by this much: what alerts measure against it moves along, so that the change alone fires and ends nothing. */
  shift(byMs: DurationMs, timeMs: UnixMs): void {
    for (const rule of this.rules) {
      if (rule.states === undefined) continue;
      rule.states.shift(byMs);
      rule.publish({ transitions: [], changed: [...rule.states.held.values()], gone: [] }, timeMs);
    }
  }

  /** After this an evaluation under way changes nothing any more. */
  stop(): void {
    this.#stopped = true;
  }
}

/** Answers the series that the rule leaves behind. */
function endRule(rule: RuleRunner, timeMs: UnixMs): Labels[] {
  if (rule.states !== undefined) rule.publish(rule.states.endAll(timeMs, 'the rule is gone from the configuration'), timeMs);
  return [...rule.previous.values()];
}
