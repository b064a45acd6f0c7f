import { labelsFrom, METRIC_NAME, type Histogram, type LogRecord, type Span, type UnixMs } from '#core/model/index.ts';
import type { Logs } from '#core/logs/index.ts';
import type { Traces } from '#core/traces/index.ts';
import { refusal, verdictName, verdicts, type Batch, type SeriesRef, type Tsdb, type Verdict } from '#core/tsdb/index.ts';
import type { LogBatch, ReadFault } from '#core/formats/index.ts';

/** Where imported data goes. */
export interface ImportStores {
  readonly metrics: Pick<Tsdb, 'ref' | 'batch' | 'setMetadata' | 'addExemplar'>;
  readonly traces: Pick<Traces, 'load' | 'flush'>;
  readonly logs: Pick<Logs, 'load' | 'loadBatch' | 'settle' | 'flush'>;
  /** A call that a file states outright. */
  readonly addEdge: (caller: string, callee: string) => void;
}

const faultsMax = 1000;

/** What became of one file. Readers hand over what they find; the stores' refusals become faults. */
export class FileSink {
  readonly stores: ImportStores;
  samples = 0;
  spans = 0;
  logs = 0;
  edges = 0;
  /** Records that are there already. */
  duplicates = 0;
  faultCount = 0;
  readonly faults: ReadFault[] = [];
  readonly notes: string[] = [];
  #batch: Batch | undefined;

  constructor(stores: ImportStores) {
    this.stores = stores;
  }

  fault(line: number, reason: string): void {
    this.faultCount++;
    if (this.faults.length < faultsMax) this.faults.push({ line, reason });
  }

  /** The ref of a series; below 0 it was refused. */
  ref(metric: string, labels: Iterable<readonly [string, string]>): SeriesRef {
    return this.stores.metrics.ref(labelsFrom([...labels, [METRIC_NAME, metric]]));
  }

  sample(ref: SeriesRef, timeMs: UnixMs, value: number, line: number): void {
    const verdict = ref < 0 ? refusal(ref) : this.#open().add(ref, timeMs, value);
    this.#judge(verdict, line);
  }

  histogram(ref: SeriesRef, timeMs: UnixMs, histogram: Histogram): void {
    this.#judge(ref < 0 ? refusal(ref) : this.#open().addHistogram(ref, timeMs, histogram), 0);
  }

  takeSpans(spans: readonly Span[], line: number): void {
    this.stores.traces.load(spans).forEach((verdict) => {
      if (verdict === 'stored') this.spans++;
      else if (verdict === 'duplicate') this.duplicates++;
      else this.fault(line, `a span was refused: ${verdict}`);
    });
  }

  takeLogs(records: readonly LogRecord[], line: number): void {
    if (records.length === 0) return;
    this.stores.logs.load(records).forEach((verdict) => {
      if (verdict === 'stored') this.logs++;
      else this.fault(line, `a log record was refused: ${verdict}`);
    });
  }

  /** The same for many lines of a log. */
  takeLogBatch(batch: LogBatch): void {
    if (batch.count === 0) return;
    for (const [verdict, count] of this.stores.logs.loadBatch(batch)) {
      if (verdict === 'stored') this.logs += count;
      else for (let i = 0; i < count; i++) this.fault(0, `a log record was refused: ${verdict}`);
    }
  }

  edge(caller: string, callee: string): void {
    this.edges++;
    this.stores.addEdge(caller, callee);
  }

  /** Makes room: called between chunks of the file. */
  async settle(): Promise<void> {
    const batch = this.#batch;
    this.#batch = undefined;
    if (batch !== undefined) await batch.commit('process');
    await this.stores.logs.settle();
  }

  #open(): Batch {
    return (this.#batch ??= this.stores.metrics.batch());
  }

  #judge(verdict: Verdict, line: number): void {
    if (verdict === verdicts.stored) this.samples++;
    else if (verdict === verdicts.duplicate) this.duplicates++;
    else this.fault(line, `a sample was refused: ${verdictName(verdict)}`);
  }
}

/** A label set as pairs, for refs. */
export type Pairs = readonly (readonly [string, string])[];
