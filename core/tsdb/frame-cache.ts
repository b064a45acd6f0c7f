import { openFrame } from './codec/frame.ts';
import type { Frame } from './codec/frame-form.ts';

/** Opened frames, the most recently read ones, up to a number of bytes. */
export class FrameCache {
  readonly #bytesMax: number;
  readonly #frames = new Map<number, Frame>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The frame `id`, read and opened when it is not here; undefined when it is no longer on disk. Throws DamageError. */
  open(id: number, read: (id: number) => Uint8Array | undefined): Frame | undefined {
    const known = this.#frames.get(id);
    if (known !== undefined) {
      this.#frames.delete(id);
      this.#frames.set(id, known);
      return known;
    }
    const bytes = read(id);
    if (bytes === undefined) return undefined;
    const frame = openFrame(bytes);
    this.#frames.set(id, frame);
    this.#bytes += frame.bytes;
    this.#shrink();
    return frame;
  }

  forget(id: number): void {
    this.#bytes -= this.#frames.get(id)?.bytes ?? 0;
    this.#frames.delete(id);
  }

  #shrink(): void {
    for (const [id, { bytes }] of this.#frames) {
      if (this.#bytes <= this.#bytesMax || this.#frames.size === 1) return;
      this.#frames.delete(id);
      this.#bytes -= bytes;
    }
  }
}
