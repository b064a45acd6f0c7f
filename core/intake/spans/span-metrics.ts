import { defaultSpanMetrics, prometheusName, type SpanMetricsConfig } from '#core/formats/index.ts';
import { EngineError, type Cancel, type Clock, type Exemplar, type Span, type UnixMs } from '#core/model/index.ts';
import { verdictName, verdicts, type Batch, type Verdict } from '#core/tsdb/index.ts';
import type { Ledger } from '../ledger.ts';
import type { SampleSink } from '../sink.ts';
import { adjustedCount } from './adjusted-count.ts';
import { named, noDurations, Operations, type Operation } from './operations.ts';

const source = 'span_metrics';

/**
 * Requests, errors and durations by service and operation, counted from spans as they arrive and before any of them is sampled away.
 * Counters begin at 0 with the process, as those of any process that is scraped, so rates go on over a restart.
 * Source: the OpenTelemetry Collector's span metrics connector, names as its Prometheus exporters write them.
 */
export class SpanMetrics {
  readonly #sink: SampleSink;
  readonly #clock: Clock;
  readonly #ledger: Ledger;
  #config: SpanMetricsConfig = defaultSpanMetrics;
  #operations = new Operations(defaultSpanMetrics);
  #names = namesOf(defaultSpanMetrics);
  #timer: Cancel | undefined;

  constructor(sink: SampleSink, clock: Clock, ledger: Ledger) {
    this.#sink = sink;
    this.#clock = clock;
    this.#ledger = ledger;
  }

  /** Takes other settings; when they differ the counters begin anew. */
  async configure(config: SpanMetricsConfig): Promise<void> {
    if (JSON.stringify(config) === JSON.stringify(this.#config)) return;
    await this.flush();
    await this.#end([...this.#operations.all]);
    this.#config = config;
    this.#operations = new Operations(config);
    this.#names = namesOf(config);
  }

  /** Counts spans that came. */
  count(spans: readonly Span[]): void {
    const { enabled, unit, flushMs } = this.#config;
    if (!enabled || spans.length === 0) return;
    const [nowMs, usedMs] = [this.#clock.now(), this.#clock.monotonicMs()];
    for (const span of spans) {
      const operation = this.#operations.of(span, nowMs, usedMs);
      const times = adjustedCount(span);
      operation.calls += times;
      operation.durations.add(durationOf(span, unit), times);
    }
    this.#timer ??= this.#clock.after(flushMs, () => this.#tick());
  }

  /** Remembers spans that were stored, so that durations lead to their traces. */
  exemplify(spans: readonly Span[]): void {
    const { enabled, exemplars, unit } = this.#config;
    if (!enabled || !exemplars) return;
    for (const span of spans) {
      const operation = this.#operations.find(span);
      if (operation === undefined) continue;
      const exemplar = exemplarOf(span, durationOf(span, unit));
      if (operation.slowest === undefined || exemplar.value > operation.slowest.value) operation.slowest = exemplar;
      operation.newest = exemplar;
    }
  }

  /** Writes every series at the present time. */
  async flush(): Promise<void> {
    const { expirationMs } = this.#config;
    if (expirationMs > 0) await this.#end(this.#operations.forgetBefore(this.#clock.monotonicMs() - expirationMs));
    const nowMs = this.#clock.now();
    const batch = new CountingBatch(this.#sink.batch());
    for (const operation of this.#operations.all) this.#write(operation, nowMs, batch);
    if (batch.received > 0) await batch.commit(this.#ledger);
  }

  /** Writes what is counted, and ends. */
  async stop(): Promise<void> {
    this.#timer?.();
    this.#timer = undefined;
    await this.flush();
  }

  #tick(): void {
    this.#timer = this.#clock.after(this.#config.flushMs, () => this.#tick());
    void this.flush();
  }

  #write(operation: Operation, nowMs: UnixMs, batch: CountingBatch): void {
    const { calls, durations, firstMs, slowest, newest } = operation;
    const known = operation.refs;
    const wasTaken = known !== undefined && known.calls >= 0 && known.duration >= 0;
    const isNew = !wasTaken && firstMs < nowMs;
    const refs = (operation.refs = wasTaken ? known : this.#refsOf(operation));
    if (isNew) batch.add(refs.calls, firstMs, 0);
    batch.add(refs.calls, nowMs, calls);
    if (!this.#config.histogram) return;
    if (isNew) batch.addHistogram(refs.duration, firstMs, noDurations);
    batch.addHistogram(refs.duration, nowMs, durations.histogram());
    operation.slowest = operation.newest = undefined;
    if (refs.duration < 0) return;
    if (slowest !== undefined) this.#sink.addExemplar(refs.duration, slowest);
    if (newest !== undefined && newest.timeMs !== slowest?.timeMs) this.#sink.addExemplar(refs.duration, newest);
  }

  #refsOf({ labels }: Operation): NonNullable<Operation['refs']> {
    const { calls, duration } = this.#names;
    this.#sink.setMetadata(calls, { type: 'counter', help: 'Spans, by service and operation.', unit: '' });
    this.#sink.setMetadata(duration, {
      type: 'histogram',
      help: 'Durations of spans, by service and operation.',
      unit: this.#config.unit === 's' ? 'seconds' : 'milliseconds',
    });
    return { calls: this.#sink.ref(named(labels, calls)), duration: this.#sink.ref(named(labels, duration)) };
  }

  /** Ends the series of operations that nobody counts any more. */
  async #end(operations: readonly Operation[]): Promise<void> {
    const batch = this.#sink.batch();
    const nowMs = this.#clock.now();
    for (const { refs } of operations) {
      if (refs === undefined) continue;
      batch.addStale(refs.calls, nowMs);
      if (this.#config.histogram) batch.addStale(refs.duration, nowMs);
    }
    if (operations.length > 0) await settled(batch);
  }
}

/** A batch that accounts for its samples. */
class CountingBatch {
  received = 0;
  readonly #batch: Batch;
  readonly #rejected = new Map<string, number>();
  #stored = 0;

  constructor(batch: Batch) {
    this.#batch = batch;
  }

  add(ref: number, timeMs: UnixMs, value: number): void {
    this.#took(this.#batch.add(ref, timeMs, value));
  }

  addHistogram(ref: number, timeMs: UnixMs, histogram: typeof noDurations): void {
    this.#took(this.#batch.addHistogram(ref, timeMs, histogram));
  }

  async commit(ledger: Ledger): Promise<void> {
    const isStored = await settled(this.#batch);
    ledger.received(source, this.received);
    for (const [reason, count] of this.#rejected) ledger.rejected(source, reason, count);
    if (isStored) ledger.stored(source, this.#stored);
    else ledger.rejected(source, 'store_unavailable', this.#stored);
  }

  #took(verdict: Verdict): void {
    this.received++;
    if (verdict <= verdicts.duplicate) this.#stored++;
    else this.#rejected.set(verdictName(verdict), (this.#rejected.get(verdictName(verdict)) ?? 0) + 1);
  }
}

/** False: the store takes nothing now. What is counted is written again with the next flush. */
async function settled(batch: Batch): Promise<boolean> {
  try {
    await batch.commit('process');
    return true;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return false;
  }
}

/** A namespace ends in no dot; the parts are OpenTelemetry's `calls` and `duration`. */
function namesOf({ namespace, unit }: SpanMetricsConfig): { readonly calls: string; readonly duration: string } {
  const prefix = namespace === '' ? '' : `${namespace}.`;
  return {
    calls: prometheusName({ name: `${prefix}calls`, unit: '', kind: 'sum', monotonic: true }),
    duration: prometheusName({ name: `${prefix}duration`, unit, kind: 'histogram', monotonic: false }),
  };
}

/** 0 for a span that ends before it starts. */
function durationOf({ startNs, endNs }: Span, unit: 'ms' | 's'): number {
  const ns = endNs > startNs ? Number(endNs - startNs) : 0;
  return unit === 's' ? ns / 1e9 : ns / 1e6;
}

function exemplarOf({ traceId, spanId, endNs }: Span, value: number): Exemplar {
  return { labels: ['span_id', spanId, 'trace_id', traceId], value, timeMs: Number(endNs / 1_000_000n) };
}
