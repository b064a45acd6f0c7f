import type { WriteDb } from '#core/db/index.ts';
import type { SpanMetricsConfig, SpanReading, TailSamplingConfig } from '#core/formats/index.ts';
import { EngineError, type Clock, type Span } from '#core/model/index.ts';
import type { SpanVerdict } from '#core/traces/index.ts';
import type { Ledger } from '../ledger.ts';
import { TailSampler, type Decided, type SamplerStats } from '../sampling/tail-sampler.ts';
import { WaitingSpans, type SamplingDecision } from '../sampling/waiting-spans.ts';
import type { OverloadLevel } from '../overload/levels.ts';
import type { SampleSink, SpanSink } from '../sink.ts';
import { SpanMetrics } from './span-metrics.ts';

export interface SpansTaken {
  readonly rejectedCount: number;
  /** Why the rejected ones were, for the sender; empty when none was. */
  readonly sentence: string;
}

export interface SpanIntakeOptions {
  readonly store: SampleSink;
  readonly traces: SpanSink;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly db: WriteDb;
}

/** Reliability, section 3: traces at level 3. */
const emergencyLevel = 3;
const emergency: TailSamplingConfig = {
  decisionWaitMs: 5_000,
  tracesMax: 20_000,
  keptRemembered: 20_000,
  droppedRemembered: 100_000,
  policies: [
    { name: 'errors', type: 'status_code', codes: ['error'] },
    { name: 'slow', type: 'latency', thresholdMs: 1000, upperMs: 0 },
    { name: 'one in ten', type: 'probabilistic', share: 0.1, salt: 'overload' },
  ],
};

/** What sampling does now; undefined where every span is kept. */
export interface SamplingStatus extends SamplerStats {
  readonly policies: readonly string[];
  readonly decisions: readonly SamplingDecision[];
}

/**
 * Where spans of every protocol go: they are counted (SpanMetrics), wait for their trace's decision where there is tail sampling, and
 * are stored. Accounts for each span when its fate is known.
 */
export class SpanIntake {
  readonly #spans: SpanSink;
  readonly #clock: Clock;
  readonly #ledger: Ledger;
  readonly #metrics: SpanMetrics;
  readonly #room: WaitingSpans;
  #configured: TailSamplingConfig | undefined;
  #isEmergency = false;
  #isBegun = false;
  /** In force. */
  #sampling: TailSamplingConfig | undefined;
  #sampler: TailSampler | undefined;

  constructor({ store, traces, clock, ledger, db }: SpanIntakeOptions) {
    this.#spans = traces;
    this.#clock = clock;
    this.#ledger = ledger;
    this.#metrics = new SpanMetrics(store, clock, ledger);
    this.#room = new WaitingSpans(db);
  }

  /** Puts settings in force. The first call takes up the spans that an earlier process left waiting. */
  async configure(metrics: SpanMetricsConfig, sampling: TailSamplingConfig | undefined): Promise<void> {
    this.#configured = sampling;
    await this.#metrics.configure(metrics);
    await this.#use();
  }

  /** Under overload, without sampling of the person's own, only errors, slow traces and a share of the others are kept. */
  async overloaded(level: OverloadLevel): Promise<void> {
    this.#isEmergency = level >= emergencyLevel;
    if (this.#isBegun) await this.#use();
  }

  /** Samples as it should now; another sampler takes over what waits with the one before it. */
  async #use(): Promise<void> {
    const sampling = this.#configured ?? (this.#isEmergency ? emergency : undefined);
    if (this.#isBegun && JSON.stringify(sampling) === JSON.stringify(this.#sampling)) return;
    const before = this.#sampler;
    const left = new Set(this.#isBegun ? [] : this.#room.rows().map(({ row }) => row));
    this.#isBegun = true;
    this.#sampling = sampling;
    this.#sampler = sampling && new TailSampler(sampling, this.#clock, this.#room, (decided) => this.#storeDecided(decided));
    if (before !== undefined && sampling === undefined) await before.finish();
    else await before?.stop();
    await this.#takeUp(new Set([...left, ...(before?.rows ?? [])]));
  }

  /** Takes the spans that were read. Settles when all that the sender may forget are on stable storage. */
  async take(reading: SpanReading, source: string): Promise<SpansTaken> {
    if (reading.faultCount > 0) this.#ledger.received(source, reading.faultCount);
    this.#ledger.rejected(source, 'unreadable', reading.faultCount);
    const refused = this.#sampler === undefined ? await this.#store(reading.spans, source) : await this.#sample(this.#sampler, reading.spans, source);
    if (reading.faultCount > 0) refused.set('unreadable', reading.faultCount);
    const rejectedCount = [...refused.values()].reduce((sum, count) => sum + count, 0);
    const reasons = [...refused].map(([reason, count]) => `${count} ${reason}`).join(', ');
    const first = reading.faults[0];
    return { rejectedCount, sentence: rejectedCount === 0 ? '' : `${reasons}${first === undefined ? '' : `; the first: ${first.reason}`}` };
  }

  /** At most `limit` of the last decisions, the newest first. */
  samplingStatus(limit: number): SamplingStatus | undefined {
    if (this.#sampler === undefined || this.#sampling === undefined) return undefined;
    return { ...this.#sampler.stats, policies: this.#sampling.policies.map(({ name }) => name), decisions: this.#room.decisions(limit) };
  }

  /** What was decided of a trace; undefined when nothing was, or it is forgotten. */
  decision(traceId: string): SamplingDecision | undefined {
    return this.#room.decision(traceId);
  }

  async stop(): Promise<void> {
    await this.#sampler?.stop();
    await this.#metrics.stop();
  }

  /** Spans that an earlier process, or earlier settings, left waiting. Those of decided traces were stored with the decision. */
  async #takeUp(rows: ReadonlySet<number>): Promise<void> {
    if (rows.size === 0) return;
    for (const { row, source, spans } of this.#room.rows()) {
      if (!rows.has(row)) continue;
      const undecided = spans.filter(({ traceId }) => this.#room.decision(traceId) === undefined);
      if (this.#sampler !== undefined && undecided.length > 0) {
        await this.#sampler.admit(undecided, source, row);
        continue;
      }
      const verdicts = await this.#spans.append(undecided).catch(onlyUnavailable);
      if (verdicts === undefined) return; // the disk is full: they wait for the next start
      this.#account(source, undecided, verdicts);
      this.#room.settle({ decisions: [], forgotten: [], rows: [row] });
    }
  }

  async #sample(sampler: TailSampler, spans: readonly Span[], source: string): Promise<Map<string, number>> {
    const { kept, dropped, waiting } = await sampler.admit(spans, source);
    this.#metrics.count([...waiting, ...dropped]);
    this.#drop(source, dropped.length);
    return this.#store(kept, source);
  }

  /** Counts and stores spans; answers how many were refused, by reason. */
  async #store(spans: readonly Span[], source: string): Promise<Map<string, number>> {
    const refused = new Map<string, number>();
    if (spans.length === 0) return refused;
    const verdicts = await this.#append(spans, source);
    this.#metrics.count(spans.filter((_, i) => verdicts[i] === 'stored'));
    this.#account(source, spans, verdicts);
    for (const verdict of verdicts) if (!isSuccess(verdict)) refused.set(verdict, (refused.get(verdict) ?? 0) + 1);
    return refused;
  }

  async #append(spans: readonly Span[], source: string): Promise<readonly SpanVerdict[]> {
    try {
      return await this.#spans.append(spans);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      this.#ledger.received(source, spans.length);
      this.#ledger.rejected(source, 'store_unavailable', spans.length);
      throw error;
    }
  }

  /** Spans of decided traces; they were counted when they came. False: they wait on. */
  async #storeDecided(decided: readonly Decided[]): Promise<boolean> {
    try {
      const verdicts = await this.#spans.append(decided.flatMap(({ kept }) => kept));
      let from = 0;
      for (const { source, kept, droppedCount } of decided) {
        this.#account(source, kept, verdicts.slice(from, (from += kept.length)));
        this.#drop(source, droppedCount);
      }
      return true;
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      return false;
    }
  }

  #account(source: string, spans: readonly Span[], verdicts: readonly SpanVerdict[]): void {
    this.#ledger.received(source, spans.length);
    for (const verdict of verdicts) {
      if (isSuccess(verdict)) this.#ledger.stored(source, 1);
      else this.#ledger.rejected(source, verdict);
    }
    this.#metrics.exemplify(spans.filter((_, i) => verdicts[i] === 'stored'));
  }

  #drop(source: string, count: number): void {
    if (count === 0) return;
    this.#ledger.received(source, count);
    if (this.#sampling === emergency) this.#ledger.shed(source, 'not_sampled', count);
    else this.#ledger.rejected(source, 'not_sampled', count);
  }
}

const isSuccess = (verdict: SpanVerdict): boolean => verdict === 'stored' || verdict === 'duplicate';

function onlyUnavailable(error: unknown): undefined {
  if (!(error instanceof EngineError)) throw error;
}
