import { EngineError, type Clock } from '#core/model/index.ts';

export interface PaceOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Lets everything that waits for its turn run. */
  readonly breathe: () => Promise<void>;
  /** Ends the work when nobody waits for it any more. */
  readonly signal?: AbortSignal;
}

/** Others wait for no more than this, and one thing that is looked at between two looks at the clock. */
const sliceMs = 8;
const perLook = 16;

/** Long work that gives way: a scrape, a rule or a click never waits for the whole of it. */
export class Pace {
  readonly #options: PaceOptions | undefined;
  #sinceMs: number;

  /** Without options the work runs through. */
  constructor(options?: PaceOptions) {
    this.#options = options;
    this.#sinceMs = options?.clock.monotonicMs() ?? 0;
  }

  get signal(): AbortSignal | undefined {
    return this.#options?.signal;
  }

  /** Whether the slice is used up. */
  get isDue(): boolean {
    return this.#options !== undefined && this.#options.clock.monotonicMs() - this.#sinceMs >= sliceMs;
  }

  /** Gives way. Throws EngineError `cancelled` when the work was called off. */
  async rest(): Promise<void> {
    if (this.#options === undefined) return;
    await this.#options.breathe();
    if (this.#options.signal?.aborted === true) throw new EngineError('cancelled', 'cancelled');
    this.#sinceMs = this.#options.clock.monotonicMs();
  }

  /** Does `act` with each item, giving way in between. */
  async each<T>(items: Iterable<T>, act: (item: T) => void): Promise<void> {
    let left = perLook;
    for (const item of items) {
      act(item);
      if (--left > 0) continue;
      left = perLook;
      if (this.isDue) await this.rest();
    }
  }
}
