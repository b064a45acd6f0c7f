import type { Histogram, UnixMs } from '#core/model/index.ts';
import { EngineError } from '#core/model/index.ts';
import { verdictName, verdicts, type Batch, type SampleRuns, type SeriesRef, type Verdict } from '#core/tsdb/index.ts';
import type { Ledger } from '../ledger.ts';
import type { SampleSink } from '../sink.ts';

/** The samples of one pushed request: into the store, and into the account of their source. */
export class PushBatch {
  storedSamples = 0;
  storedHistograms = 0;
  readonly rejected = new Map<string, number>();
  readonly #batch: Batch;
  readonly #watched: SampleSink['watched'];
  readonly #ledger: Ledger;
  readonly #source: string;

  constructor(sink: SampleSink, ledger: Ledger, source: string) {
    this.#batch = sink.batch();
    this.#watched = sink.watched;
    this.#ledger = ledger;
    this.#source = source;
  }

  add(ref: SeriesRef, timeMs: UnixMs, value: number): void {
    if (this.#took(this.#batch.add(ref, timeMs, value))) this.storedSamples++;
  }

  addStale(ref: SeriesRef, timeMs: UnixMs): void {
    if (this.#took(this.#batch.addStale(ref, timeMs))) this.storedSamples++;
  }

  addRuns(runs: SampleRuns): void {
    this.#batch.addRuns(runs).forEach((count, verdict) => {
      if (verdict <= verdicts.duplicate) this.storedSamples += count;
      else this.reject(verdictName(verdict as Verdict), count);
    });
  }

  /** A stale marker of our own, which nobody sent: not accounted for. */
  end(ref: SeriesRef, timeMs: UnixMs): void {
    this.#batch.addStale(ref, timeMs);
  }

  addHistogram(ref: SeriesRef, timeMs: UnixMs, histogram: Histogram): void {
    if (this.#took(this.#batch.addHistogram(ref, timeMs, histogram))) this.storedHistograms++;
  }

  reject(reason: string, count = 1): void {
    if (count > 0) this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + count);
  }

  get rejectedCount(): number {
    return [...this.rejected.values()].reduce((sum, count) => sum + count, 0);
  }

  /** `3 samples were refused (future: 2, bad_labels: 1)`; empty when none was. */
  get sentence(): string {
    const parts = [...this.rejected].map(([reason, count]) => `${reason}: ${count}`);
    return parts.length === 0 ? '' : `${this.rejectedCount} samples were refused (${parts.join(', ')})`;
  }

  /** Makes the samples durable against a power cut, and accounts for `receivedCount` of them once their fate is known. */
  async commit(receivedCount: number): Promise<void> {
    const storedCount = this.storedSamples + this.storedHistograms;
    try {
      const commit = this.#batch.commit('power');
      await (this.#watched?.(commit) ?? commit);
    } catch (error) {
      if (error instanceof EngineError) this.#account(receivedCount, 'rejected', storedCount);
      throw error;
    }
    this.#account(receivedCount, 'stored', storedCount);
  }

  #account(receivedCount: number, fate: 'stored' | 'rejected', takenCount: number): void {
    this.#ledger.received(this.#source, receivedCount);
    for (const [reason, count] of this.rejected) this.#ledger.rejected(this.#source, reason, count);
    if (fate === 'stored') this.#ledger.stored(this.#source, takenCount);
    else this.#ledger.rejected(this.#source, 'store_unavailable', takenCount);
  }

  #took(verdict: Verdict): boolean {
    if (verdict <= verdicts.duplicate) return true;
    this.reject(verdictName(verdict));
    return false;
  }
}
