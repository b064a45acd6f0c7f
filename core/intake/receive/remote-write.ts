import { LineCache, readRemoteWrite1, readRemoteWrite2, RemoteWriteColumns, remoteWriteLabels, remoteWriteTypes } from '#core/formats/index.ts';
import { snappyDecode, symbolText, type SymbolTable } from '#core/formats/index.ts';
import { EngineError, labelsFrom, labelValue, METRIC_NAME, noLabels } from '#core/model/index.ts';
import type { Clock, HttpAnswer, HttpRequest, Labels } from '#core/model/index.ts';
import type { Ledger } from '../ledger.ts';
import type { SampleSink } from '../sink.ts';
import { plainAnswer } from './answers.ts';
import { PushBatch } from './push-batch.ts';
import { PushedSeries } from './pushed-series.ts';

/** Unpacked; Prometheus' own receiver takes as much. */
const bodyBytesMax = 32 << 20;
/** What is kept for the next request. */
const roomBytesMax = 4 << 20;
const source = 'remote_write';
const messages = { v1: 'prometheus.WriteRequest', v2: 'io.prometheus.write.v2.Request' } as const;

/** Texts of version 2 requests, numbered for as long as fewer than this many are known. */
const symbolsMax = 1 << 18;

/** Prometheus remote write 1.0 and 2.0, the receiving side (the specifications of both). */
export class RemoteWriteReceiver {
  readonly #sink: SampleSink;
  readonly #ledger: Ledger;
  readonly #series1: PushedSeries;
  readonly #clock: Clock;
  #series2: PushedSeries;
  #symbols = new LineCache();
  readonly #columns = new RemoteWriteColumns();
  #room: Uint8Array = new Uint8Array(0);

  constructor(sink: SampleSink, clock: Clock, ledger: Ledger) {
    this.#sink = sink;
    this.#ledger = ledger;
    this.#clock = clock;
    this.#series1 = new PushedSeries(sink, clock);
    this.#series2 = new PushedSeries(sink, clock);
  }

  async receive(request: HttpRequest): Promise<HttpAnswer> {
    const version = versionOf(request.headers['content-type'] ?? '');
    if (version === undefined)
      return plainAnswer(415, `the content type must be application/x-protobuf with proto=${messages.v1} or proto=${messages.v2}`);
    const encoding = request.headers['content-encoding'] ?? 'snappy';
    if (encoding !== 'snappy') return plainAnswer(415, `the content encoding must be snappy, not ${encoding}`);
    const body = this.#unpacked(request.body);
    const batch = new PushBatch(this.#sink, this.#ledger, source);
    const exemplarCount = version === 1 ? this.#take1(body, batch) : this.#take2(body, batch);
    const { sampleCount, histograms, badHistograms } = this.#columns;
    await batch.commit(sampleCount + histograms.length + badHistograms.length);
    const written = {
      'x-prometheus-remote-write-samples-written': String(batch.storedSamples),
      'x-prometheus-remote-write-histograms-written': String(batch.storedHistograms),
      'x-prometheus-remote-write-exemplars-written': String(exemplarCount),
    };
    return batch.rejectedCount === 0 ? plainAnswer(204, '', written) : plainAnswer(400, batch.sentence, written);
  }

  /** Valid until the next request, which is unpacked into the same bytes. */
  #unpacked(packed: Uint8Array): Uint8Array {
    const body = snappyDecode(packed, bodyBytesMax, this.#room);
    if (body.buffer.byteLength > this.#room.length && body.length <= roomBytesMax) this.#room = new Uint8Array(body.buffer);
    return body;
  }

  /** Answers how many exemplars were of series that were taken; #take2 likewise. */
  #take1(body: Uint8Array, batch: PushBatch): number {
    const columns = this.#columns;
    readRemoteWrite1(body, columns, this.#series1.begin());
    const { seriesCount, labelsFrom, labelsTo, slots } = columns;
    const refs = new Int32Array(seriesCount);
    const labels = (series: number): Labels => remoteWriteLabels(body, labelsFrom[series]!, labelsTo[series]!);
    for (let i = 0; i < seriesCount; i++) refs[i] = this.#series1.ref(labelsFrom[i]!, labelsTo[i]!, slots[i]!, i, labels);
    for (const [metric, metadata] of columns.metadata) if (metric !== '') this.#sink.setMetadata(metric, metadata);
    return this.#addAll(refs, batch);
  }

  #take2(body: Uint8Array, batch: PushBatch): number {
    const columns = this.#columns;
    const symbols = readRemoteWrite2(body, columns);
    if (symbols.count > 0 && symbols.to[0] !== symbols.from[0]) throw new EngineError('invalid', 'the first symbol of the request must be empty');
    const numbers = this.#numberSymbols(body, symbols);
    const keys = this.#keysOf(numbers);
    this.#series2.begin().look(keys);
    const refs = new Int32Array(columns.seriesCount);
    const labels = (series: number): Labels => this.#labels2(body, symbols, series);
    for (let i = 0; i < columns.seriesCount; i++) {
      refs[i] = this.#series2.ref(columns.labelsFrom[i]! * 4, columns.labelsTo[i]! * 4, -1, i, labels);
      if (this.#series2.fresh) this.#noteMetadata2(body, symbols, i);
    }
    return this.#addAll(refs, batch);
  }

  /** The same number for the same text in every request, so that a series keeps its key. */
  #numberSymbols(body: Uint8Array, symbols: SymbolTable): Int32Array {
    if (this.#symbols.slotCount > symbolsMax) {
      this.#symbols = new LineCache();
      this.#series2 = new PushedSeries(this.#sink, this.#clock);
    }
    const numbers = new Int32Array(symbols.count);
    this.#symbols.look(body);
    let last = -1;
    for (let i = 0; i < symbols.count; i++) {
      const from = symbols.from[i]!;
      const to = symbols.to[i]!;
      const expected = this.#symbols.after(last);
      const known = expected >= 0 && this.#symbols.matchAt(expected, from) === to ? expected : this.#symbols.find(from, to);
      const number = known >= 0 ? known : this.#symbols.add(from, to, 0);
      if (number !== expected) this.#symbols.setAfter(last, number);
      numbers[i] = last = number;
    }
    return numbers;
  }

  /** The label references of all series with the lasting numbers in place of the request's; -1 for a symbol that is not there. */
  #keysOf(numbers: Int32Array): Uint8Array {
    const { labelRefs, labelRefCount } = this.#columns;
    const keys = new Int32Array(labelRefCount);
    for (let i = 0; i < labelRefCount; i++) keys[i] = numbers[labelRefs[i]!] ?? -1;
    return new Uint8Array(keys.buffer);
  }

  /** No labels when the references are odd in number or point nowhere: the store then refuses the series. */
  #labels2(body: Uint8Array, symbols: SymbolTable, series: number): Labels {
    const { labelRefs, labelsFrom: begins, labelsTo: ends } = this.#columns;
    const texts: string[] = [];
    for (let i = begins[series]!; i < ends[series]!; i++) {
      const text = symbolText(body, symbols, labelRefs[i]!);
      if (text === undefined) return noLabels;
      texts.push(text);
    }
    if (texts.length % 2 === 1) return noLabels;
    return labelsFrom(Array.from({ length: texts.length / 2 }, (_, i) => [texts[i * 2]!, texts[i * 2 + 1]!]));
  }

  #noteMetadata2(body: Uint8Array, symbols: SymbolTable, series: number): void {
    const { metadataRefs } = this.#columns;
    const type = metadataRefs[series * 3]!;
    const help = symbolText(body, symbols, metadataRefs[series * 3 + 1]!) ?? '';
    const unit = symbolText(body, symbols, metadataRefs[series * 3 + 2]!) ?? '';
    const metric = labelValue(this.#labels2(body, symbols, series), METRIC_NAME);
    if (metric !== '' && (type !== 0 || help !== '' || unit !== ''))
      this.#sink.setMetadata(metric, { type: remoteWriteTypes[type] ?? 'unknown', help, unit });
  }

  #addAll(refs: Int32Array, batch: PushBatch): number {
    const { seriesCount, samplesTo, timesMs, values, histograms, badHistograms, exemplars } = this.#columns;
    batch.addRuns({ count: seriesCount, refs, ends: samplesTo, timesMs, values });
    for (const { series, timeMs, histogram } of histograms) batch.addHistogram(refs[series]!, timeMs, histogram);
    batch.reject('bad_histogram', badHistograms.length);
    const written = exemplars.filter(({ series }) => refs[series]! >= 0);
    for (const { series, exemplar } of written) this.#sink.addExemplar(refs[series]!, exemplar);
    return written.length;
  }
}

/** 1 or 2; undefined for a content type that is neither. Without `proto` it is version 1, as before there was a choice. */
function versionOf(contentType: string): 1 | 2 | undefined {
  const [type = '', ...params] = contentType.split(';').map((part) => part.trim());
  if (type.toLowerCase() !== 'application/x-protobuf') return undefined;
  const proto = params.find((param) => param.startsWith('proto='))?.slice('proto='.length) ?? messages.v1;
  if (proto === messages.v1) return 1;
  return proto === messages.v2 ? 2 : undefined;
}
