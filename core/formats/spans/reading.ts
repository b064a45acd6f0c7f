import { EngineError, messageOf, type Span } from '#core/model/index.ts';
import { lineOf, type JsonPath } from './json-place.ts';
import { SpanIds } from './fields.ts';

/** What a text had that is no span, and where. */
export interface ReadFault {
  /** From 1. */
  readonly line: number;
  readonly reason: string;
}

/** What was read of a text: every span, and the first faults with the count of all. */
export interface SpanReading {
  /** Such as `OTLP JSON`; `unknown` when the text is of no format that is known here. */
  readonly format: string;
  readonly spans: readonly Span[];
  readonly faults: readonly ReadFault[];
  readonly faultCount: number;
  /** What was changed on the way, a sentence each. */
  readonly notes: readonly string[];
}

const faultsMax = 100;

/** Takes what a reader finds in one text, item by item: an item that cannot be read is a fault and the rest goes on. */
export class SpanCollector {
  format = 'unknown';
  readonly spans: Span[] = [];
  readonly ids = new SpanIds();
  readonly #faults: ReadFault[] = [];
  #faultCount = 0;
  /** The document that paths speak of, and the line that it begins on. */
  #text = '';
  #firstLine = 1;

  /** The document read next. */
  begin(format: string, text: string, firstLine: number): void {
    this.format = this.format === 'unknown' || this.format === format ? format : 'mixed';
    this.#text = text;
    this.#firstLine = firstLine;
  }

  /** Adds what `read` makes of each item of the list at `path`; an item for which it throws becomes a fault. */
  items(list: readonly unknown[], path: JsonPath, read: (item: unknown) => Span): void {
    for (let i = 0; i < list.length; i++) {
      try {
        this.spans.push(read(list[i]));
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        this.faultAt([...path, i], error.message);
      }
    }
  }

  /** Runs `act`; what it throws becomes a fault at `path`. */
  guard(path: JsonPath, act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      this.faultAt(path, error.message);
    }
  }

  faultAt(path: JsonPath, reason: string): void {
    this.fault(this.#faults.length < faultsMax ? this.#firstLine + lineOf(this.#text, path) : 0, reason);
  }

  fault(line: number, reason: string): void {
    this.#faultCount++;
    if (this.#faults.length < faultsMax) this.#faults.push({ line, reason });
  }

  done(): SpanReading {
    const { size } = this.ids.replaced;
    return {
      format: this.format,
      spans: this.spans,
      faults: this.#faults,
      faultCount: this.#faultCount,
      notes: size === 0 ? [] : [`${size} ids that are no hexadecimal numbers were replaced by hashes and kept as attributes`],
    };
  }
}

/** A whole number of 2^53 (9,007,199,254,740,992) or more may stand there; microseconds since 1970 are less. */
const mayBeInexact = /[:[,]\s*-?(?:9\d{15}|\d{17})/;

/** The document's value, numbers beyond 2^53 as texts of their digits. Throws EngineError `invalid`. */
export function parseJson(text: string): unknown {
  try {
    if (!mayBeInexact.test(text)) return JSON.parse(text);
    return JSON.parse(text, exactInteger as (key: string, value: unknown) => unknown);
  } catch (error) {
    throw new EngineError('invalid', `no JSON: ${messageOf(error)}`);
  }
}

function exactInteger(_key: string, value: unknown, context: { readonly source?: string }): unknown {
  const { source } = context;
  if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined) return value;
  return /^-?\d+$/.test(source) ? source : value;
}
