import { writeStale, type Exemplar, type Histogram, type MetricMetadata, type MetricType } from '#core/model/index.ts';
import { sortedPairs } from './exposition/line.ts';
import type { LineCache } from './line-cache.ts';
import { HistogramBuilder } from './proto-histogram.ts';
import { ProtoReader } from './protobuf.ts';

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

function widened<T extends Int32Array | Float64Array>(column: T): T {
  const wider = new (column.constructor as new (length: number) => T)(column.length * 2);
  wider.set(column);
  return wider;
}

/** By the number that both versions give to a type. */
export const remoteWriteTypes: readonly MetricType[] = ['unknown', 'counter', 'gauge', 'histogram', 'gaugehistogram', 'summary', 'info', 'stateset'];
const resetHints: readonly Histogram['resetHint'][] = ['unknown', 'reset', 'none', 'gauge'];

const histogramFields = {
  countInt: 1,
  countFloat: 2,
  sum: 3,
  schema: 4,
  zeroThreshold: 5,
  zeroCountInt: 6,
  zeroCountFloat: 7,
  negativeSpan: 8,
  negativeDelta: 9,
  negativeCount: 10,
  positiveSpan: 11,
  positiveDelta: 12,
  positiveCount: 13,
};

/**
 * Reads a `prometheus.WriteRequest` into the columns, which it empties first. Throws EngineError `invalid`.
 * `known` holds the labels of earlier requests as byte strings and which followed which: a series that comes where it came
 * last time is recognised by comparing bytes, and its labels are not even scanned.
 */
export function readRemoteWrite1(body: Uint8Array, into: RemoteWriteColumns, known: LineCache): void {
  into.clear();
  known.look(body);
  const reader = new ProtoReader(body);
  let last = -1;
  const readSeries = (): void => {
    const expected = known.after(last);
    const labelsTo = expected < 0 ? -1 : known.matchAt(expected, reader.at);
    const from = reader.at;
    const foreseen = labelsTo >= 0 && reader.skipTo(labelsTo);
    const at = into.seriesCount;
    readSeries1(reader, into, foreseen ? from : -1);
    last = foreseen && into.labelsFrom[at] === 0 ? expected : known.find(into.labelsFrom[at]!, into.labelsTo[at]!);
    into.slots[at] = last;
  };
  while (reader.next()) {
    if (reader.field === 1) reader.message(readSeries);
    else if (reader.field === 3) into.metadata.push(readMetadata1(reader));
    else reader.skip();
  }
}

/** The label set in a range of a version 1 body. */
export function remoteWriteLabels(body: Uint8Array, from: number, to: number): readonly string[] {
  const reader = new ProtoReader(body, from, to);
  const pairs: string[] = [];
  while (reader.next()) {
    if (reader.field === 1) readLabel(reader, pairs);
    else reader.skip();
  }
  return sortedPairs(pairs);
}

/** Leaves the range of labels at 0 when none come. `passedFrom`: labels from here on have been passed over; -1: none have. */
function readSeries1(reader: ProtoReader, into: RemoteWriteColumns, passedFrom: number): void {
  let labelsFrom = 0;
  let labelsTo = 0;
  for (;;) {
    into.takeSamples(reader);
    const at = reader.at;
    if (!reader.next()) break;
    if (reader.field === 2) reader.message(() => readSample(reader, into));
    else if (reader.field === 1) {
      reader.span();
      if (labelsFrom === 0) labelsFrom = at;
      labelsTo = reader.at;
    } else if (reader.field === 3) into.exemplars.push({ series: into.seriesCount, exemplar: readExemplar1(reader) });
    else if (reader.field === 4) takeHistogram(reader, into);
    else reader.skip();
  }
  // Other fields between the labels, which no sender writes, are passed over when the labels are decoded.
  into.addSeries(labelsFrom > 0 && passedFrom >= 0 ? passedFrom : labelsFrom, labelsTo);
}

function readSample(reader: ProtoReader, into: RemoteWriteColumns): void {
  let value = 0;
  let timeMs = 0;
  let stale = false;
  while (reader.next()) {
    if (reader.field === 1) {
      value = reader.double();
      stale = value !== value && isStaleAt(reader.bytes, reader.at - 8);
    } else if (reader.field === 2) timeMs = reader.int();
    else reader.skip();
  }
  into.addSample(timeMs, value, stale);
}

/** Whether the little-endian double at `at` is Prometheus' stale marker, 0x7ff0000000000002. */
function isStaleAt(bytes: Uint8Array, at: number): boolean {
  return (
    bytes[at] === 2 &&
    bytes[at + 1] === 0 &&
    bytes[at + 2] === 0 &&
    bytes[at + 3] === 0 &&
    bytes[at + 4] === 0 &&
    bytes[at + 5] === 0 &&
    bytes[at + 6] === 0xf0 &&
    bytes[at + 7] === 0x7f
  );
}

function readLabel(reader: ProtoReader, pairs: string[]): void {
  let name = '';
  let value = '';
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 1) name = reader.text();
      else if (reader.field === 2) value = reader.text();
      else reader.skip();
    }
  });
  pairs.push(name, value);
}

function readExemplar1(reader: ProtoReader): Exemplar {
  const pairs: string[] = [];
  let value = 0;
  let timeMs = 0;
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 1) readLabel(reader, pairs);
      else if (reader.field === 2) value = reader.double();
      else if (reader.field === 3) timeMs = reader.int();
      else reader.skip();
    }
  });
  return { labels: sortedPairs(pairs), value, timeMs };
}

function takeHistogram(reader: ProtoReader, into: RemoteWriteColumns): void {
  const builder = new HistogramBuilder(histogramFields);
  let timeMs = 0;
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 14) builder.resetHint = resetHints[reader.uint()] ?? 'unknown';
      else if (reader.field === 15) timeMs = reader.int();
      else if (reader.field === 16) reader.numbers(builder.bounds, 'double');
      else if (!builder.take(reader)) reader.skip();
    }
  });
  const histogram = builder.build();
  if (histogram === undefined) into.badHistograms.push(into.seriesCount);
  else into.histograms.push({ series: into.seriesCount, timeMs, histogram });
}

function readMetadata1(reader: ProtoReader): readonly [string, MetricMetadata] {
  let metric = '';
  let type: MetricType = 'unknown';
  let help = '';
  let unit = '';
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 1) type = remoteWriteTypes[reader.uint()] ?? 'unknown';
      else if (reader.field === 2) metric = reader.text();
      else if (reader.field === 4) help = reader.text();
      else if (reader.field === 5) unit = reader.text();
      else reader.skip();
    }
  });
  return [metric, { type, help, unit }];
}

/** The texts of a version 2 request, as byte ranges of its body. */
export interface SymbolTable {
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly count: number;
}

/** Reads an `io.prometheus.write.v2.Request` into the columns, which it empties first. Throws EngineError `invalid`. */
export function readRemoteWrite2(body: Uint8Array, into: RemoteWriteColumns): SymbolTable {
  into.clear();
  const symbols = readSymbols(body);
  const series = new SeriesReader2(body, symbols, into);
  series.readAll();
  return symbols;
}

/** The text of a symbol; undefined when the table has none. Throws EngineError `invalid` when it is not UTF-8. */
export function symbolText(body: Uint8Array, symbols: SymbolTable, symbol: number): string | undefined {
  return symbol < symbols.count ? new ProtoReader(body).textAt(symbols.from[symbol]!, symbols.to[symbol]!) : undefined;
}

function readSymbols(body: Uint8Array): SymbolTable {
  const reader = new ProtoReader(body);
  let from = new Int32Array(256);
  let to = new Int32Array(256);
  let count = 0;
  while (reader.next()) {
    if (reader.field !== 4) {
      reader.skip();
      continue;
    }
    reader.span();
    if (count === from.length) [from, to] = [widened(from), widened(to)];
    from[count] = reader.spanFrom;
    to[count++] = reader.spanTo;
  }
  return { from, to, count };
}

class SeriesReader2 {
  readonly #reader: ProtoReader;
  readonly #body: Uint8Array;
  readonly #symbols: SymbolTable;
  readonly #into: RemoteWriteColumns;
  readonly #readSample: () => void;
  readonly #takeLabelRef: (symbol: number) => void;
  #type = 0;
  #help = 0;
  #unit = 0;

  constructor(body: Uint8Array, symbols: SymbolTable, into: RemoteWriteColumns) {
    const reader = new ProtoReader(body);
    this.#reader = reader;
    this.#body = body;
    this.#symbols = symbols;
    this.#into = into;
    this.#readSample = () => readSample(reader, into);
    this.#takeLabelRef = (symbol) => into.addLabelRef(symbol);
  }

  readAll(): void {
    const reader = this.#reader;
    const readSeries = (): void => this.#readSeries();
    while (reader.next()) {
      if (reader.field === 5) reader.message(readSeries);
      else reader.skip();
    }
  }

  #readSeries(): void {
    const reader = this.#reader;
    const into = this.#into;
    const labelsFrom = into.labelRefCount;
    this.#type = this.#help = this.#unit = 0;
    for (;;) {
      into.takeSamples(reader);
      if (!reader.next()) break;
      if (reader.field === 1) reader.eachUint(this.#takeLabelRef);
      else if (reader.field === 2) reader.message(this.#readSample);
      else if (reader.field === 3) takeHistogram(reader, into);
      else if (reader.field === 4) into.exemplars.push({ series: into.seriesCount, exemplar: this.#readExemplar() });
      else if (reader.field === 5) reader.message(() => this.#readMetadata());
      else reader.skip();
    }
    into.addSeries(labelsFrom, into.labelRefCount, this.#type, this.#help, this.#unit);
  }

  #readExemplar(): Exemplar {
    const reader = this.#reader;
    const pairs: string[] = [];
    let value = 0;
    let timeMs = 0;
    const take = (symbol: number): void => void pairs.push(symbolText(this.#body, this.#symbols, symbol) ?? '');
    reader.message(() => {
      while (reader.next()) {
        if (reader.field === 1) reader.eachUint(take);
        else if (reader.field === 2) value = reader.double();
        else if (reader.field === 3) timeMs = reader.int();
        else reader.skip();
      }
    });
    return { labels: sortedPairs(pairs.slice(0, pairs.length & ~1)), value, timeMs };
  }

  #readMetadata(): void {
    const reader = this.#reader;
    while (reader.next()) {
      if (reader.field === 1) this.#type = reader.uint();
      else if (reader.field === 3) this.#help = reader.uint();
      else if (reader.field === 4) this.#unit = reader.uint();
      else reader.skip();
    }
  }
}
