import { ExpositionColumns, ExpositionReader } from '#core/formats/index.ts';
import type { SeriesRef } from '#core/tsdb/index.ts';
import type { FileReader, ReaderInput } from './reader.ts';
import type { FileSink } from './sink.ts';

const sampleLine = /^(\{__name__="[^"]+".*\}|[a-zA-Z_:][a-zA-Z0-9_:]*(\{.*\})?) +([-+]?(\d[\d.eE+-]*|Inf)|NaN)( -?\d+(\.\d+)?)?( # .*)?\r?$/;
const linesLooked = 50;

/** Prometheus text, OpenMetrics, and what `promtool tsdb dump` prints; undefined when the head is none of them. */
export function expositionReader({ entry, head, sink }: ReaderInput): FileReader | undefined {
  const text = Buffer.from(head).toString('utf8');
  const lines = text.split('\n').slice(0, linesLooked);
  const known = lines.filter((line) => /^# (TYPE|HELP|UNIT) |^# EOF/.test(line) || sampleLine.test(line)).length;
  const content = lines.filter((line) => line.trim() !== '').length;
  if (content === 0 || known < content * 0.6) return undefined;
  const isOpenMetrics = /^# (EOF|UNIT )/m.test(text) || /\} \S+ \d{9,10}\.\d/.test(text) || /^[a-z_:{][^#\n]* \S+ \d{10}\r?$/im.test(text);
  return new PageReader(isOpenMetrics, entry.modifiedMs, sink);
}

const pageBytes = 1 << 20;

/** Cuts a long page into shorter ones at line ends; each begins with the last `# TYPE` of the one before. */
class PageReader implements FileReader {
  readonly format: string;
  readonly #reader: ExpositionReader;
  readonly #columns = new ExpositionColumns();
  readonly #refs: SeriesRef[] = [];
  readonly #sink: FileSink;
  readonly #fileMs: number;
  #rest: Buffer = Buffer.alloc(0);
  #type = '';
  #lines = 0;
  #timeless = 0;

  constructor(isOpenMetrics: boolean, fileMs: number, sink: FileSink) {
    this.format = isOpenMetrics ? 'OpenMetrics' : 'Prometheus text';
    this.#reader = new ExpositionReader(isOpenMetrics ? 'openmetrics' : 'text');
    this.#sink = sink;
    this.#fileMs = Math.round(fileMs);
  }

  push(bytes: Uint8Array): void {
    this.#rest = this.#rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#rest, bytes]);
    if (this.#rest.length < pageBytes) return;
    const end = this.#rest.lastIndexOf(10) + 1;
    this.#page(this.#rest.subarray(0, end));
    this.#rest = this.#rest.subarray(end);
  }

  end(): void {
    this.#page(this.#rest);
    if (this.#timeless > 0) this.#sink.notes.push(`${this.#timeless} samples have no time; they have the time at which the file was last written`);
  }

  #page(bytes: Buffer): void {
    const text = bytes
      .toString('utf8')
      .replaceAll(/^\{__name__="([a-zA-Z_:][a-zA-Z0-9_:]*)"(?:, ?)?/gm, '$1{')
      .replaceAll(/^# EOF\r?\n(?=.)/gm, '');
    const page = this.#reader.read(Buffer.from(this.#type + text), this.#columns);
    const types = text.match(/^# TYPE .*$/gm);
    if (types !== null) this.#type = `${types.at(-1)}\n`;
    for (let row = 0; row < this.#columns.rowCount; row++) this.#row(row);
    for (const { slot, timeMs, histogram } of page.histograms) this.#sink.histogram(this.#ref(slot), this.#time(timeMs), histogram);
    for (const { row, exemplar } of page.exemplars) this.#exemplar(row, exemplar);
    for (const [metric, metadata] of page.metadata) this.#sink.stores.metrics.setMetadata(metric, metadata);
    if (page.badLineCount > 0) {
      const [, line = '0', reason = page.firstBadLine] = /^line (\d+): (.*)$/s.exec(page.firstBadLine) ?? [];
      this.#sink.fault(this.#lines + Number(line), reason);
      for (let i = 1; i < page.badLineCount; i++) this.#sink.fault(0, 'a further line cannot be read');
    }
    this.#lines += text.split('\n').length - 1;
  }

  #row(row: number): void {
    this.#sink.sample(this.#ref(this.#columns.slots[row]!), this.#time(this.#columns.timesMs[row]!), this.#columns.values[row]!, 0);
  }

  #exemplar(row: number, exemplar: Parameters<FileSink['stores']['metrics']['addExemplar']>[1]): void {
    const ref = this.#ref(this.#columns.slots[row]!);
    if (ref >= 0) this.#sink.stores.metrics.addExemplar(ref, { ...exemplar, timeMs: this.#time(exemplar.timeMs) });
  }

  #ref(slot: number): SeriesRef {
    return (this.#refs[slot] ??= this.#sink.stores.metrics.ref(this.#reader.labels(slot)));
  }

  #time(timeMs: number): number {
    if (!Number.isNaN(timeMs)) return timeMs;
    this.#timeless++;
    return this.#fileMs;
  }
}
