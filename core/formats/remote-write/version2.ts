import type { Exemplar } from '#core/model/index.ts';
import { sortedPairs } from '../exposition/line.ts';
import { ProtoReader } from '../protobuf.ts';
import { widened, type RemoteWriteColumns } from './columns.ts';
import { readSample, takeHistogram } from './fields.ts';

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
