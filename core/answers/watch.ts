import { messageOf, type Cancel, type Clock } from '#core/model/index.ts';

/** Changes that follow each other faster than this are told as one: a screen cannot be read faster. */
const gatherMs = 200;
/** A state that takes long to make and to send, such as ten thousand alerts, is told more rarely: it takes at most this share of the engine's time. */
const shareMax = 0.05;
const gatherMaxMs = 5000;

/** A state that screens watch. Each watcher gets it at once, and again after each change. */
export class Watched<T> {
  readonly #read: () => T | Promise<T>;
  readonly #clock: Clock;
  readonly #report: (problem: string) => void;
  readonly #emits = new Set<(state: T) => void>();
  #waiting: Cancel | undefined;
  /** What telling it took the last time. */
  #tookMs = 0;

  /** `read` makes the state; when it fails the watchers keep what they have and `report` gets the sentence. */
  constructor(clock: Clock, report: (problem: string) => void, read: () => T | Promise<T>) {
    this.#clock = clock;
    this.#report = report;
    this.#read = read;
  }

  /** Returns what ends the watching. */
  open(emit: (state: T) => void): () => void {
    this.#emits.add(emit);
    void this.#tell([emit]);
    return () => this.#emits.delete(emit);
  }

  changed(): void {
    if (this.#waiting !== undefined || this.#emits.size === 0) return;
    const delayMs = Math.min(gatherMaxMs, Math.max(gatherMs, this.#tookMs / shareMax));
    this.#waiting = this.#clock.after(delayMs, () => {
      this.#waiting = undefined;
      void this.#tell(this.#emits);
    });
  }

  async #tell(emits: Iterable<(state: T) => void>): Promise<void> {
    const beganMs = this.#clock.monotonicMs();
    try {
      const state = await this.#read();
      for (const emit of emits) emit(state);
      this.#tookMs = this.#clock.monotonicMs() - beganMs;
    } catch (error) {
      this.#report(messageOf(error));
    }
  }
}

/** The value of `key`, made when it is asked for first. */
export function remembered<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
