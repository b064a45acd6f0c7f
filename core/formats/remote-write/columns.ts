import { writeStale, type Exemplar, type Histogram, type MetricMetadata } from '#core/model/index.ts';
import type { ProtoReader } from '../protobuf.ts';

/**
 * Prometheus remote write, both versions, into columns. Labels stay bytes: a sender repeats the same series in every
 * request, so whoever stores them looks the bytes up and decodes only those it has never seen.
 * Source: the remote write 1.0 and 2.0 specifications; prompb `remote.proto`, `types.proto` and `io/prometheus/write/v2/types.proto`.
 */
export class RemoteWriteColumns {
  seriesCount = 0;
  sampleCount = 0;
  /** By series: where its labels stand. Version 1: a range of the body's bytes. Version 2: a range of `labelRefs`. */
  labelsFrom = new Int32Array(256);
  labelsTo = new Int32Array(256);
  /** By series, version 1: its labels' slot in the cache given to `readRemoteWrite1`, -1 when they were not foreseen. */
  slots = new Int32Array(256);
  /** By series: its samples end here, and begin where those of the series before end. */
  samplesTo = new Int32Array(256);
  timesMs = new Float64Array(1024);
  /** Stale markers bit for bit. */
  values = new Float64Array(1024);
  /** Version 2: symbols of all series' labels, name and value in turn. */
  labelRefs = new Int32Array(1024);
  labelRefCount = 0;
  /** Version 2, by series: type, help and unit of its metric as a type number and two symbols; all 0 when it has none. */
  metadataRefs = new Int32Array(768);
  histograms: { readonly series: number; readonly timeMs: number; readonly histogram: Histogram }[] = [];
  exemplars: { readonly series: number; readonly exemplar: Exemplar }[] = [];
  /** Version 1. */
  metadata: (readonly [metric: string, metadata: MetricMetadata])[] = [];
  /** Native histograms that do not fit together, by series. */
  badHistograms: number[] = [];

  clear(): void {
    this.seriesCount = this.sampleCount = this.labelRefCount = 0;
    this.histograms = [];
    this.exemplars = [];
    this.metadata = [];
    this.badHistograms = [];
  }

  addSample(timeMs: number, value: number, stale: boolean): void {
    const at = this.sampleCount++;
    if (at === this.timesMs.length) this.#widenSamples();
    this.timesMs[at] = timeMs;
    this.values[at] = value;
    if (stale) writeStale(this.values, at);
  }

  /** Takes the samples that come next in a series, as far as they are of the usual form. */
  takeSamples(reader: ProtoReader): void {
    for (;;) {
      this.sampleCount = reader.samples(this.timesMs, this.values, this.sampleCount);
      if (this.sampleCount < this.timesMs.length) return;
      this.#widenSamples();
    }
  }

  #widenSamples(): void {
    this.timesMs = widened(this.timesMs);
    this.values = widened(this.values);
  }

  addLabelRef(symbol: number): void {
    if (this.labelRefCount === this.labelRefs.length) this.labelRefs = widened(this.labelRefs);
    this.labelRefs[this.labelRefCount++] = symbol;
  }

  /** Ends a series whose samples have been added. */
  addSeries(labelsFrom: number, labelsTo: number, type = 0, help = 0, unit = 0): void {
    const at = this.seriesCount++;
    if (at === this.labelsFrom.length) {
      this.metadataRefs = widened(this.metadataRefs);
      this.labelsFrom = widened(this.labelsFrom);
      this.labelsTo = widened(this.labelsTo);
      this.slots = widened(this.slots);
      this.samplesTo = widened(this.samplesTo);
    }
    this.labelsFrom[at] = labelsFrom;
    this.labelsTo[at] = labelsTo;
    this.slots[at] = -1;
    this.samplesTo[at] = this.sampleCount;
    this.metadataRefs[at * 3] = type;
    this.metadataRefs[at * 3 + 1] = help;
    this.metadataRefs[at * 3 + 2] = unit;
  }
}

/** Twice as long, what is in it kept. */
export function widened<T extends Int32Array | Float64Array>(column: T): T {
  const wider = new (column.constructor as new (length: number) => T)(column.length * 2);
  wider.set(column);
  return wider;
}
