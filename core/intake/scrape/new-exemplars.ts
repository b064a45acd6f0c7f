import { labelsKey, type Exemplar } from '#core/model/index.ts';

/** Names and values of an exemplar's labels together (OpenMetrics 1.0). */
const charsMax = 128;
/** Series whose last exemplar is known; beyond them one may be taken for new a second time. */
const seriesMax = 10_000;

/** Which exemplars of a target's pages are new: pages repeat an exemplar until a newer one takes its place, and it is stored once, as in Prometheus. */
export class NewExemplars {
  readonly #last = new Map<number, Exemplar>();

  /** False for what the series had last, what is older by its own time (NaN: it has none), and what is too long. */
  isNew(ref: number, exemplar: Exemplar): boolean {
    if (exemplar.labels.reduce((sum, text) => sum + Array.from(text).length, 0) > charsMax) return false;
    const last = this.#last.get(ref);
    if (last !== undefined && (last.timeMs > exemplar.timeMs || isSame(last, exemplar))) return false;
    if (this.#last.size >= seriesMax) this.#last.clear();
    this.#last.set(ref, exemplar);
    return true;
  }
}

function isSame(a: Exemplar, b: Exemplar): boolean {
  return Object.is(a.value, b.value) && Object.is(a.timeMs, b.timeMs) && labelsKey(a.labels) === labelsKey(b.labels);
}
