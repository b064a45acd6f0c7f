import type { Cancel, Increments, StoreObserver } from '#core/model/index.ts';

/** Who is told what a store takes. Costs nothing while nobody observes. */
export class Observers {
  readonly #all = new Set<StoreObserver>();

  add(observer: StoreObserver): Cancel {
    this.#all.add(observer);
    return () => this.#all.delete(observer);
  }

  added(increments: Increments): void {
    for (const observer of this.#all) observer.added(increments);
  }

  changed(): void {
    for (const observer of this.#all) observer.changed();
  }
}
