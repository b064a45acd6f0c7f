import { METRIC_NAME, type UnixMs } from '#core/model/index.ts';
import type { Catalogue, LabelName } from './catalogue.ts';

export interface Counted {
  readonly name: string;
  readonly count: number;
}

/** A label whose number of values grows: "user_id: 48,211 values since 10:20". */
export interface GrowingLabel {
  readonly label: string;
  readonly values: number;
  readonly added: number;
  readonly sinceMs: UnixMs;
}

/** Series that a limit kept out, by metric, with the label of that metric that has the most values. */
export interface RefusedSeries {
  readonly metric: string;
  /** As verdictName has it. */
  readonly reason: string;
  /** Times that such a series was asked for; one series may count often. */
  readonly times: number;
  readonly sinceMs: UnixMs;
  readonly lastMs: UnixMs;
  readonly label: string;
  readonly values: number;
}

/** What makes the number of series; each list the largest first. */
export interface Cardinality {
  readonly series: number;
  readonly pairs: number;
  /** Series of each metric. */
  readonly metrics: readonly Counted[];
  /** Values of each label. */
  readonly labels: readonly Counted[];
  /** Series of each pair, named `label=value`. */
  readonly labelPairs: readonly Counted[];
  readonly growing: readonly GrowingLabel[];
  readonly refused: readonly RefusedSeries[];
}

const snapshotEveryMs = 600_000;
const snapshotsMax = 7;
const refusedMetricsMax = 1000;
/** Series of a metric that are looked at to tell which of its labels explodes. */
const seriesLookedAtMax = 2000;

/** Keeps how many values each label had over the last hour, and what was refused. */
export class CardinalityWatch {
  readonly #catalogue: Catalogue;
  readonly #snapshots: { readonly atMs: UnixMs; readonly sizes: ReadonlyMap<LabelName, number> }[] = [];
  #nextMs = -Infinity;
  readonly #refused = new Map<string, { metric: string; reason: string; times: number; sinceMs: UnixMs; lastMs: UnixMs }>();

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
  }

  /** Called often; takes a snapshot every ten minutes of `monotonicMs`. */
  look(monotonicMs: number, nowMs: UnixMs): void {
    if (monotonicMs < this.#nextMs) return;
    this.#nextMs = monotonicMs + snapshotEveryMs;
    this.#snapshots.push({ atMs: nowMs, sizes: new Map(Array.from(this.#catalogue.names(), (name) => [name, name.pairs.size])) });
    if (this.#snapshots.length > snapshotsMax) this.#snapshots.shift();
  }

  refuse(metric: string, reason: string, nowMs: UnixMs): void {
    const key = `${reason} ${metric}`;
    const known = this.#refused.get(key);
    if (known !== undefined) {
      known.times++;
      known.lastMs = nowMs;
    } else if (this.#refused.size < refusedMetricsMax) this.#refused.set(key, { metric, reason, times: 1, sinceMs: nowMs, lastMs: nowMs });
  }

  report(limit: number): Cardinality {
    const names = [...this.#catalogue.names()];
    const metric = this.#catalogue.name(METRIC_NAME);
    return {
      series: this.#catalogue.size,
      pairs: names.reduce((sum, { pairs }) => sum + pairs.size, 0),
      metrics: this.#largestPairs(metric === undefined ? [] : [metric], limit, (_, value) => value),
      labels: largestLabels(names, limit),
      labelPairs: this.#largestPairs(names, limit, ({ text }, value) => `${text}=${value}`),
      growing: this.growing(limit),
      refused: this.refusals(limit),
    };
  }

  /** The pairs of some labels that most series have. */
  #largestPairs(names: readonly LabelName[], limit: number, called: (name: LabelName, value: string) => string): readonly Counted[] {
    const largest = new Largest(limit);
    for (const name of names)
      for (const [value, pair] of name.pairs) {
        const count = this.#catalogue.countHolding(pair);
        if (largest.takes(count)) largest.add({ name: called(name, value), count });
      }
    return largest.found;
  }

  /** Labels with more values than an hour ago, or than at the start, the most added first. */
  growing(limit: number): GrowingLabel[] {
    const [oldest] = this.#snapshots;
    if (oldest === undefined) return [];
    const found = Array.from(this.#catalogue.names(), (name) => {
      const before = oldest.sizes.get(name) ?? 0;
      const still = this.#snapshots.findLast(({ sizes }) => (sizes.get(name) ?? 0) === before) ?? oldest;
      return { label: name.text, values: name.pairs.size, added: name.pairs.size - before, sinceMs: still.atMs };
    });
    return found
      .filter(({ added }) => added > 0)
      .sort((a, b) => b.added - a.added)
      .slice(0, limit);
  }

  /** What limits kept out, the most often refused first. */
  refusals(limit: number): RefusedSeries[] {
    const worst = [...this.#refused.values()].sort((a, b) => b.times - a.times).slice(0, limit);
    return worst.map((one) => ({ ...one, ...this.#widestLabel(one.metric) }));
  }

  /** The label with the most values among the metric's series; empty when it has none. */
  #widestLabel(metric: string): { label: string; values: number } {
    const pair = this.#catalogue.name(METRIC_NAME)?.pairs.get(metric);
    const held = pair === undefined ? undefined : this.#catalogue.holding(pair);
    if (held === undefined || typeof held === 'number') return { label: '', values: 0 };
    const values = new Map<string, Set<string>>();
    for (const ref of held.toArray().subarray(-seriesLookedAtMax)) {
      const labels = this.#catalogue.labels(ref);
      for (let i = 0; i < labels.length; i += 2) {
        const known = values.get(labels[i]!);
        if (known === undefined) values.set(labels[i]!, new Set([labels[i + 1]!]));
        else known.add(labels[i + 1]!);
      }
    }
    const [label, widest] = [...values].reduce((a, b) => (b[1].size > a[1].size ? b : a));
    return { label, values: widest.size < 2 ? 1 : Math.max(widest.size, this.#catalogue.name(label)!.pairs.size) };
  }
}

function largestLabels(names: readonly LabelName[], limit: number): readonly Counted[] {
  const largest = new Largest(limit);
  for (const { text, pairs } of names) if (largest.takes(pairs.size)) largest.add({ name: text, count: pairs.size });
  return largest.found;
}

/** The largest of many counts, so that a million need not be sorted; of equal ones those that came first. */
class Largest {
  readonly #limit: number;
  readonly found: Counted[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  takes(count: number): boolean {
    return count > 0 && (this.found.length < this.#limit || count > (this.found.at(-1)?.count ?? Infinity));
  }

  add(one: Counted): void {
    const behind = this.found.findIndex(({ count }) => count < one.count);
    this.found.splice(behind < 0 ? this.found.length : behind, 0, one);
    if (this.found.length > this.#limit) this.found.pop();
  }
}
