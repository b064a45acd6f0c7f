/** Decoded columns, the least recently used let go beyond `bytesMax`. Sizes are what the caller says. */
export class ColumnCache {
  readonly #bytesMax: number;
  readonly #kept = new Map<string, { readonly value: unknown; readonly bytes: number }>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The value kept under `key`, or what `make` makes, which is then kept. */
  take<T>(key: string, make: () => { readonly value: T; readonly bytes: number }): T {
    const known = this.#kept.get(key);
    if (known !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, known);
      return known.value as T;
    }
    const made = make();
    this.#kept.set(key, made);
    this.#bytes += made.bytes;
    for (const [oldest, { bytes }] of this.#kept) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#kept.delete(oldest);
      this.#bytes -= bytes;
    }
    return made.value;
  }
}
