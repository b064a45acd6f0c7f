import { labelPairs, labelValue, METRIC_NAME, type Clock, type Labels, type UnixMs } from '#core/model/index.ts';

/** Series of one metric that a source was not allowed to make, with the label that has the most values among them. */
export interface CutMetric {
  readonly metric: string;
  readonly label: string;
  /** Values of the label that were refused; counted up to 65,536. */
  readonly values: number;
  /** Series refused, each scrape anew. */
  readonly refused: number;
  readonly sinceMs: UnixMs;
  readonly lastMs: UnixMs;
}

interface Cut {
  refused: number;
  readonly sinceMs: UnixMs;
  lastMs: UnixMs;
  /** Values by label, as hashes: two that meet are a label value too few. */
  values: Map<string, Set<number>>;
}

/** After so many series it is known which label explodes, and only that one is counted. */
const sampleMax = 512;
const valuesMax = 65_536;
const metricsMax = 20;

/** What a source was cut of: which metrics, and which of their labels explodes. */
export class Explosion {
  readonly #clock: Clock;
  readonly #cuts = new Map<string, Cut>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(labels: Labels): void {
    const metric = labelValue(labels, METRIC_NAME);
    const nowMs = this.#clock.now();
    let cut = this.#cuts.get(metric);
    if (cut === undefined) {
      if (this.#cuts.size >= metricsMax) return;
      this.#cuts.set(metric, (cut = { refused: 0, sinceMs: nowMs, lastMs: nowMs, values: new Map() }));
    }
    cut.refused++;
    cut.lastMs = nowMs;
    if (cut.refused === sampleMax) cut.values = new Map([widest(cut)]);
    for (const [name, value] of labelPairs(labels)) if (name !== METRIC_NAME) count(cut, name, value);
  }

  /** The metric with the most refused series first. */
  cuts(): readonly CutMetric[] {
    const found = [...this.#cuts].map(([metric, cut]) => {
      const [label, values] = widest(cut);
      return { metric, label, values: values.size, refused: cut.refused, sinceMs: cut.sinceMs, lastMs: cut.lastMs };
    });
    return found.sort((a, b) => b.refused - a.refused);
  }
}

function widest({ values }: Cut): [label: string, values: Set<number>] {
  let found: [string, Set<number>] = ['', new Set()];
  for (const one of values) if (one[1].size > found[1].size) found = one;
  return found;
}

function count({ values, refused }: Cut, name: string, value: string): void {
  let known = values.get(name);
  if (known === undefined) {
    if (refused >= sampleMax) return;
    values.set(name, (known = new Set()));
  }
  if (known.size < valuesMax) known.add(hashOf(value));
}

/** FNV-1a of the UTF-16 units, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
