/** All decoded columns together: an hour of 16,000 series, or a day of 700. */
const bytesMax = 32 << 20;
/** A frame that decodes to more is not kept: of 64 series it would be one scraped every 3 s. */
const frameSamplesMax = 1 << 17;

/** The values of a frame's columns, end to end, as far as they were decoded. */
export interface Decoded {
  /** Undefined once it lost its room to another frame. */
  values: Float64Array | undefined;
  readonly bytes: number;
  /** 1 for each column that is there. */
  readonly has: Uint8Array;
  /** Whether it was read since the hand last passed. */
  isUsed: boolean;
}

/**
 * Who has room is decided as by the clock of a pager: a frame that asks moves the hand by one, and takes the room that the hand points at when
 * nobody read there since it came by last. So panels that together need more than there is room for do not drive each other out.
 */
class DecodedRoom {
  readonly #kept: Decoded[] = [];
  #bytes = 0;
  #hand = 0;

  /** Room for a frame of so many samples in so many columns; undefined when others need theirs. */
  take(samples: number, columns: number): Decoded | undefined {
    if (samples > frameSamplesMax) return undefined;
    const bytes = samples * 8;
    if (this.#bytes + bytes > bytesMax) this.#moveHand();
    if (this.#bytes + bytes > bytesMax) return undefined;
    const taken: Decoded = { values: new Float64Array(samples), bytes, has: new Uint8Array(columns), isUsed: true };
    this.#kept.push(taken);
    this.#bytes += bytes;
    return taken;
  }

  #moveHand(): void {
    if (this.#hand >= this.#kept.length) this.#hand = 0;
    const one = this.#kept[this.#hand]!;
    if (one.isUsed) {
      one.isUsed = false;
      this.#hand++;
      return;
    }
    one.values = undefined;
    this.#bytes -= one.bytes;
    const last = this.#kept.pop()!;
    if (last !== one) this.#kept[this.#hand] = last;
  }
}

/** Of all stores of the process: they share its memory. */
export const decodedRoom = new DecodedRoom();
