import type { Increments, StoreObserver, UnixMs } from '#core/model/index.ts';

/** A moment in the life of a store, to ask later what has changed since. Means nothing to another store. */
export interface StoreMark {
  readonly seq: number;
  readonly era: number;
  /** Samples that were stored and are not there any more: what retention, deletion and damage took. */
  readonly gone: number;
  /** Changes with the order in which series are read, on which the last bits of sums depend. */
  readonly order: number;
}

interface Added {
  readonly seq: number;
  readonly oldestMs: UnixMs;
}

/** Commits told apart at most; marks from before are answered as if anything had changed. */
const commitsMax = 4096;

/** Remembers of each commit how old its oldest sample was: answers about older times stay as they are. */
export class ChangeLog implements StoreObserver {
  #seq = 0;
  #era = 0;
  /** In order, each older than those after it are: a commit is forgotten once a later one goes back further. */
  #added: Added[] = [];
  /** Commits up to this one were forgotten for want of room. */
  #forgotten = 0;

  added({ oldestMs }: Increments): void {
    this.#seq++;
    while (this.#added.length > 0 && this.#added.at(-1)!.oldestMs >= oldestMs) this.#added.pop();
    this.#added.push({ seq: this.#seq, oldestMs });
    if (this.#added.length > commitsMax) {
      this.#forgotten = this.#added[commitsMax / 2]!.seq;
      this.#added = this.#added.slice(commitsMax / 2 + 1);
    }
  }

  changed(): void {
    this.#era++;
  }

  mark(gone: number, order: number): StoreMark {
    return { seq: this.#seq, era: this.#era, gone, order };
  }

  /** The time before which nothing was added or taken away between two marks; -Infinity when that cannot be told. */
  unchangedBefore(then: StoreMark, now: StoreMark): UnixMs {
    if (then.era !== now.era || then.gone !== now.gone || then.order !== now.order || then.seq < this.#forgotten) return -Infinity;
    return this.#added.find(({ seq }) => seq > then.seq)?.oldestMs ?? Infinity;
  }
}
