import type { Exemplar, Labels, MetricType } from '#core/model/index.ts';
import { LineCache } from '../line-cache.ts';
import { ProtoReader } from '../protobuf.ts';
import { boundText } from './bound.ts';
import { emptyNames, HeadReader, sortedPairs } from './line.ts';
import { MetadataBook } from './metadata.ts';
import { readMetric, type ProtoMetric } from './proto-metric.ts';
import type { ExpositionColumns, ExpositionPage, PageExemplar, PageHistogram, PageReader } from './reader.ts';

/**
 * The protobuf exposition format: MetricFamily messages one after the other, each behind its length. The only format that
 * carries native histograms. Source: prometheus/client_model, `io/prometheus/client/metrics.proto`.
 *
 * Series are named as the text format would name them, so that both formats give the same slots and labels.
 */
export class ProtobufReader implements PageReader {
  readonly format = 'protobuf';
  readonly #metadata = new MetadataBook();
  readonly #heads = new HeadReader('openmetrics');
  /** Whether a native histogram's classic buckets are wanted beside it. */
  readonly #classicToo: boolean;
  #cache = new LineCache();

  constructor(classicToo = false) {
    this.#classicToo = classicToo;
  }

  get slotCount(): number {
    return this.#cache.slotCount;
  }

  /** A message that cannot be read ends the page: nothing behind it can be found. */
  read(body: Uint8Array, into: ExpositionColumns, samplesMax = Number.POSITIVE_INFINITY): ExpositionPage {
    into.rowCount = 0;
    const page = new FamilyReader(body, into, this.#cache, this.#metadata, this.#classicToo);
    const problem = page.readAll(samplesMax);
    return {
      badLineCount: page.badCount + (problem === '' ? 0 : 1),
      firstBadLine: page.firstBad || problem,
      complete: problem === '',
      overLimit: into.rowCount + page.histograms.length > samplesMax,
      exemplars: page.exemplars,
      histograms: page.histograms,
      metadata: this.#metadata.takeChanged(),
    };
  }

  labels(slot: number): Labels {
    const head = this.#cache.bytesOf(slot);
    this.#heads.read(head, 0, head.length);
    return sortedPairs(this.#heads.pairs);
  }

  emptied(slot: number): readonly string[] {
    const head = this.#cache.bytesOf(slot);
    this.#heads.read(head, 0, head.length);
    return emptyNames(this.#heads.pairs);
  }

  compact(keep: (slot: number) => boolean): Int32Array {
    const { cache, newSlots } = this.#cache.compacted(keep);
    this.#cache = cache;
    return newSlots;
  }
}

const types: readonly MetricType[] = ['counter', 'gauge', 'summary', 'unknown', 'histogram', 'gaugehistogram'];

class FamilyReader {
  badCount = 0;
  firstBad = '';
  readonly exemplars: PageExemplar[] = [];
  readonly histograms: PageHistogram[] = [];
  readonly #reader: ProtoReader;
  readonly #into: ExpositionColumns;
  readonly #cache: LineCache;
  readonly #metadata: MetadataBook;
  readonly #classicToo: boolean;
  #last = -1;
  #family = '';

  constructor(body: Uint8Array, into: ExpositionColumns, cache: LineCache, metadata: MetadataBook, classicToo: boolean) {
    this.#reader = new ProtoReader(body);
    this.#into = into;
    this.#cache = cache;
    this.#metadata = metadata;
    this.#classicToo = classicToo;
  }

  /** Answers what is wrong with the page; empty when it was read to its end, or to its limit. */
  readAll(samplesMax: number): string {
    const reader = this.#reader;
    try {
      while (reader.at < reader.bytes.length && this.#into.rowCount + this.histograms.length <= samplesMax)
        reader.delimited(() => this.#readFamily());
      return '';
    } catch (error) {
      return `metric family ${JSON.stringify(this.#family)}: ${(error as Error).message}`;
    }
  }

  #readFamily(): void {
    const reader = this.#reader;
    this.#family = '';
    let type: MetricType = 'counter'; // Number 0, which proto2 senders may leave out.
    const metrics: ProtoMetric[] = [];
    while (reader.next()) {
      if (reader.field === 1) this.#family = reader.text();
      else if (reader.field === 2) this.#metadata.note({ kind: 'help', metric: this.#family, text: reader.text() });
      else if (reader.field === 3) type = types[reader.uint()] ?? 'unknown';
      else if (reader.field === 4) metrics.push(readMetric(reader));
      else if (reader.field === 5) this.#metadata.note({ kind: 'unit', metric: this.#family, text: reader.text() });
      else reader.skip();
    }
    this.#metadata.note({ kind: 'type', metric: this.#family, type });
    for (const metric of metrics) this.#addMetric(metric);
  }

  #addMetric(metric: ProtoMetric): void {
    if (metric.bad !== '') {
      this.badCount++;
      this.firstBad ||= `metric family ${JSON.stringify(this.#family)}: ${metric.bad}`;
      return;
    }
    if (metric.kind === 'summary') this.#addSummary(metric);
    else if (metric.kind === 'histogram') this.#addHistogram(metric);
    else this.#add('', '', metric.value ?? 0, metric, metric.exemplar);
  }

  #addSummary(metric: ProtoMetric): void {
    for (const { quantile, value } of metric.quantiles) this.#add('', `quantile="${boundText(quantile)}"`, value, metric);
    this.#add('_sum', '', metric.sum, metric);
    this.#add('_count', '', metric.count, metric);
  }

  #addHistogram(metric: ProtoMetric): void {
    const { native } = metric;
    if (native !== undefined) {
      this.histograms.push({ slot: this.#slot('', '', metric), timeMs: metric.timeMs, histogram: native, exemplars: metric.nativeExemplars });
      if (!this.#classicToo || metric.buckets.length === 0) return;
    }
    for (const { bound, count, exemplar } of metric.buckets) this.#add('_bucket', `le="${boundText(bound)}"`, count, metric, exemplar);
    if (metric.buckets.at(-1)?.bound !== Number.POSITIVE_INFINITY) this.#add('_bucket', 'le="+Inf"', metric.count, metric);
    this.#add('_sum', '', metric.sum, metric);
    this.#add('_count', '', metric.count, metric);
  }

  #add(suffix: string, label: string, value: number, metric: ProtoMetric, exemplar?: Exemplar): void {
    if (exemplar !== undefined) this.exemplars.push({ row: this.#into.rowCount, exemplar });
    this.#into.push(this.#slot(suffix, label, metric), value, metric.timeMs);
  }

  #slot(suffix: string, label: string, metric: ProtoMetric): number {
    const name = this.#family + suffix;
    const plain = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name);
    const inner = [plain ? '' : JSON.stringify(name), metric.labels, label].filter((part) => part !== '').join(',');
    const head = Buffer.from(`${plain ? name : ''}${inner === '' ? '' : `{${inner}}`}`);
    this.#cache.look(head);
    const expected = this.#cache.after(this.#last);
    const foreseen = expected >= 0 && this.#cache.matchAt(expected, 0) === head.length;
    const known = foreseen ? expected : this.#cache.find(0, head.length);
    const slot = known >= 0 ? known : this.#cache.add(0, head.length, 0);
    if (slot !== expected) this.#cache.setAfter(this.#last, slot);
    return (this.#last = slot);
  }
}
