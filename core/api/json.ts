import { formatValue } from '#core/promql/index.ts';

/**
 * JSON written straight into bytes. A range answer has millions of numbers: built as one string it would be
 * flattened, copied and encoded again; this way each number is formatted once and copied once.
 */
const bytesAtStart = 4096;
const encoder = new TextEncoder();

export class JsonBytes {
  #bytes = new Uint8Array(bytesAtStart);
  #length = 0;

  /** Raw text known to be ASCII: punctuation, keys, formatted numbers. */
  ascii(text: string): this {
    this.#reserve(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[this.#length + i] = text.charCodeAt(i);
    this.#length += text.length;
    return this;
  }

  /** Any value as JSON.stringify writes it. */
  json(value: unknown): this {
    const text = JSON.stringify(value);
    this.#reserve(text.length * 3);
    this.#length += encoder.encodeInto(text, this.#bytes.subarray(this.#length)).written;
    return this;
  }

  /** A sample as Prometheus writes it: `[1700000000.123,"0.5"]`. `time` is a formatted time. */
  sample(time: string, value: number): this {
    return this.ascii('[').ascii(time).ascii(',"').ascii(formatValue(value)).ascii('"]');
  }

  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(more: number): void {
    const need = this.#length + more;
    if (need <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(need, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

/** Unix seconds with at most three decimals, as Prometheus writes times. */
export function formatSeconds(timeMs: number): string {
  const ms = Math.abs(timeMs % 1000);
  const seconds = `${timeMs < 0 ? '-' : ''}${Math.floor(Math.abs(timeMs) / 1000)}`;
  return ms === 0 ? seconds : `${seconds}.${String(ms).padStart(3, '0').replace(/0+$/, '')}`;
}
