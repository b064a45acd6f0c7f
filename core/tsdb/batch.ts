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

  addRuns(runs: SampleRuns): Uint32Array {
    const { count, refs, ends } = runs;
    const found = new Uint32Array(verdictCount);
    this.#makeRoom(count === 0 ? 0 : ends[count - 1]!);
    for (let run = 0, from = 0; run < count; run++) {
      this.#addRun(refs[run]!, runs, from, ends[run]!, found);
      from = ends[run]!;
    }
    return found;
  }

  /** Adds samples [from, to) of one series and counts what became of them. A function of its own, as the runtime makes short ones fast first. */
  #addRun(ref: SeriesRef, { timesMs, values }: SampleRuns, from: number, to: number, found: Uint32Array): void {
    const { head } = this.#ledger;
    for (let at = from; at < to; at++) {
      const until = ref < 0 ? at : head.appendRun(ref, timesMs, values, at, to);
      if (at < until) {
        this.#note(ref, timesMs, values, at, until);
        found[verdicts.stored]! += until - at;
        at = until;
      }
      if (at < to) found[this.add(ref, timesMs[at]!, values[at]!)]!++;
    }
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

  /** Notes samples [from, to), which the head has taken and there is room for. */
  #note(ref: SeriesRef, timesMs: Float64Array, values: Float64Array, from: number, to: number): void {
    const columns = this.#columns;
    const shift = this.#count - from;
    for (let i = from; i < to; i++) {
      columns.refs[i + shift] = ref;
      columns.times[i + shift] = timesMs[i]!;
      columns.values[i + shift] = values[i]!;
    }
    this.#count += to - from;
    this.stored += to - from;
    this.#spans(timesMs[from]!, timesMs[to - 1]!);
  }

  #makeRoom(added: number): void {
    const { refs, times, values } = this.#columns;
    const length = this.#count + added;
    if (length > refs.length) this.#columns = { refs: grown(refs, length), times: grown(times, length), values: grown(values, length) };
  }
}
