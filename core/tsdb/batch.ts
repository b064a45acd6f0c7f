import type { Exemplar, Histogram, Labels } from '#core/model/index.ts';
import { staleMarker } from '#core/model/index.ts';
import { ByteWriter } from './bytes/bytes.ts';
import { grown } from './bytes/growable.ts';
import type { Head } from './head.ts';
import { Bitmap } from './names/bitmap.ts';
import { verdictCount, verdicts, type Batch, type Durability, type SampleRuns, type SeriesRef, type Verdict } from './types.ts';
import type { Wal } from './log/wal.ts';
import type { Observers } from './observe.ts';
import { putCommit } from './log/wal-record.ts';

/** What a batch needs of the store. */
export interface Ledger {
  readonly head: Head;
  readonly wal: Wal;
  readonly labelsOf: (ref: SeriesRef) => Labels;
  /** Series that no commit has carried yet. */
  readonly unlogged: Bitmap;
  /** Exemplars that no commit has carried yet. */
  readonly pendingExemplars: readonly { readonly ref: number; readonly exemplar: Exemplar }[];
  /** A commit has carried these series, all exemplars, and `stored` samples. */
  committed(series: Uint32Array, stored: number): void;
  countRejected(verdict: Verdict): void;
  readonly observers: Observers;
}

const stale = staleMarker();
const writer = new ByteWriter(1 << 16);
/** A scrape of 200,000 series; the first of many series takes far more. */
const writerBytesMax = 1 << 21;

/** Columns of finished batches, for the next ones: a scrape should not allocate. */
const spare: { refs: Uint32Array; times: Float64Array; values: Float64Array }[] = [];
const spareMax = 4;

export class StoreBatch implements Batch {
  stored = 0;
  readonly #ledger: Ledger;
  #columns = spare.pop() ?? { refs: new Uint32Array(64), times: new Float64Array(64), values: new Float64Array(64) };
  #count = 0;
  #oldestMs = Infinity;
  #newestMs = -Infinity;
  readonly #histograms: { ref: number; timeMs: number; histogram: Histogram }[] = [];

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  add(ref: SeriesRef, timeMs: number, value: number): Verdict {
    const verdict = ref < 0 ? (-ref as Verdict) : this.#ledger.head.append(ref, timeMs, value);
    if (verdict !== verdicts.stored) return this.#refuse(verdict);
    this.#makeRoom(1);
    const at = this.#count++;
    const columns = this.#columns;
    columns.refs[at] = ref;
    columns.times[at] = timeMs;
    columns.values[at] = value;
    this.#spans(timeMs, timeMs);
    this.stored++;
    return verdict;
  }

  addStale(ref: SeriesRef, timeMs: number): Verdict {
    return this.add(ref, timeMs, stale);
  }

  addHistogram(ref: SeriesRef, timeMs: number, histogram: Histogram): Verdict {
    const verdict = ref < 0 ? (-ref as Verdict) : this.#ledger.head.appendHistogram(ref, timeMs, histogram);
    if (verdict !== verdicts.stored) return this.#refuse(verdict);
    this.#histograms.push({ ref, timeMs, histogram });
    this.#spans(timeMs, timeMs);
    this.stored++;
    return verdict;
  }

  addRuns({ count, refs, ends, timesMs, values }: SampleRuns): Uint32Array {
    const found = new Uint32Array(verdictCount);
    const { head } = this.#ledger;
    let at = 0;
    /** Taken by the head and not noted yet: samples from here to `at`. */
    let from = 0;
    const note = (): void => this.#note(timesMs.subarray(from, at), values.subarray(from, at));
    this.#makeRoom(count === 0 ? 0 : ends[count - 1]!);
    const refColumn = this.#columns.refs;
    for (let run = 0; run < count; run++) {
      const ref = refs[run]!;
      for (const end = ends[run]!; at < end;) {
        const until = ref < 0 ? at : head.appendRun(ref, timesMs, values, at, end);
        if (at < until) this.#spans(timesMs[at]!, timesMs[until - 1]!);
        for (; at < until; at++) refColumn[this.#count + at - from] = ref;
        if (at === end) break;
        note();
        found[this.add(ref, timesMs[at]!, values[at]!)]!++;
        from = ++at;
      }
    }
    note();
    found[verdicts.stored] = 0;
    found[verdicts.stored] = at - found.reduce((sum, samples) => sum + samples, 0);
    return found;
  }

  async commit(durability: Durability): Promise<void> {
    const lsn = this.#write();
    if (durability === 'power') await this.#ledger.wal.synced(lsn);
  }

  /** Writes the commit's frame and returns its lsn; without anything to write, the last one's. */
  #write(): number {
    const ledger = this.#ledger;
    if (this.stored === 0 && ledger.pendingExemplars.length === 0) return ledger.wal.lastLsn;
    const { refs, times, values } = this.#columns;
    const count = this.#count;
    const floats = { refs: refs.subarray(0, count), times: times.subarray(0, count), values: values.subarray(0, count) };
    const series = this.#unlogged(floats.refs);
    const { labelsOf, pendingExemplars: exemplars } = ledger;
    putCommit(writer, { series, labelsOf, floats, histograms: this.#histograms, exemplars });
    const lsn = this.#log(series.length > 0 || exemplars.length > 0);
    writer.giveUpRoom(writerBytesMax);
    if (spare.length < spareMax) spare.push(this.#columns);
    ledger.committed(series, this.stored);
    const span = { oldestMs: this.#oldestMs, newestMs: this.#newestMs };
    ledger.observers.added({ refs: floats.refs, timesMs: floats.times, values: floats.values, ...span, histograms: this.#histograms });
    return lsn;
  }

  /** Takes note of samples that were stored, from the oldest to the newest. */
  #spans(fromMs: number, toMs: number): void {
    if (fromMs < this.#oldestMs) this.#oldestMs = fromMs;
    if (toMs > this.#newestMs) this.#newestMs = toMs;
  }

  /** When the log takes no more, the head holds what no observer was told of. */
  #log(isUrgent: boolean): number {
    try {
      return this.#ledger.wal.append(writer, isUrgent);
    } catch (error) {
      this.#ledger.observers.changed();
      throw error;
    }
  }

  #unlogged(refs: Uint32Array): Uint32Array {
    const { unlogged, pendingExemplars } = this.#ledger;
    const found = new Bitmap();
    if (unlogged.size === 0) return found.toArray();
    for (let i = 0; i < refs.length; i++) if (unlogged.has(refs[i]!)) found.add(refs[i]!);
    for (const { ref } of [...this.#histograms, ...pendingExemplars]) if (unlogged.has(ref)) found.add(ref);
    return found.toArray();
  }

  #refuse(verdict: Verdict): Verdict {
    this.#ledger.countRejected(verdict);
    return verdict;
  }

  /** Notes samples that the head has taken and whose refs are in place. */
  #note(timesMs: Float64Array, values: Float64Array): void {
    this.#columns.times.set(timesMs, this.#count);
    this.#columns.values.set(values, this.#count);
    this.#count += timesMs.length;
    this.stored += timesMs.length;
  }

  #makeRoom(added: number): void {
    const { refs, times, values } = this.#columns;
    const length = this.#count + added;
    if (length > refs.length) this.#columns = { refs: grown(refs, length), times: grown(times, length), values: grown(values, length) };
  }
}
