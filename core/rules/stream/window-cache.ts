import { matchesLabels, type DurationMs, type Histogram, type Increments, type Matcher, type SeriesColumns, type UnixMs } from '#core/model/index.ts';
import type { IncrementalStore } from './increments.ts';
import { Window } from './window.ts';

/** The series that a selector finds, with their windows, in the store's order. */
export class Selection {
  readonly matchers: readonly Matcher[];
  /** Rises when anything in it changed. */
  version = 0;
  /** Has to be read anew before it is used: a series may have joined, or a sample came late. */
  dirty = true;
  /** How far back of the newest sample it has been asked for. */
  reachMs: DurationMs = 0;
  floorMs: UnixMs = Infinity;
  windows: readonly Window<Selection>[] = [];

  constructor(matchers: readonly Matcher[]) {
    this.matchers = matchers;
  }

  /** What the store would answer. */
  read(minMs: UnixMs, maxMs: UnixMs): readonly SeriesColumns[] {
    const found: SeriesColumns[] = [];
    for (const window of this.windows) {
      const part = window.read(minMs, maxMs);
      if (part !== undefined) found.push(part);
    }
    return found;
  }
}

/** Windows keep this much more than is asked for, so that trimming is rare. */
const slackMs: DurationMs = 120_000;

/** The recent samples of the series that rules read: decoded once for all rules together, and kept up to date by what arrives. */
export class WindowCache {
  /** Rises with each commit of the store. */
  version = 0;
  readonly #store: IncrementalStore;
  readonly #selections = new Map<string, Selection>();
  readonly #windows: (Window<Selection> | undefined)[] = [];
  /** By ref, 1: no selection wants the series. */
  #strangers = new Uint8Array(1024);
  /** Time of the newest sample that has arrived. */
  newestMs: UnixMs = -Infinity;

  constructor(store: IncrementalStore) {
    this.#store = store;
  }

  /** The selection for some matchers, ready to be read from `minMs` to `maxMs`. */
  selection(matchers: readonly Matcher[], minMs: UnixMs, maxMs: UnixMs): Selection {
    const key = matchersKey(matchers);
    let selection = this.#selections.get(key);
    if (selection === undefined) {
      this.#selections.set(key, (selection = new Selection(matchers)));
      this.#strangers.fill(0);
    }
    const latestMs = Math.max(this.newestMs, maxMs);
    selection.reachMs = Math.max(selection.reachMs, latestMs - minMs);
    const floorMs = latestMs - selection.reachMs;
    if (selection.dirty || minMs < selection.floorMs) this.#read(selection, floorMs);
    else if (selection.floorMs + slackMs < floorMs) this.#trim(selection, floorMs);
    return selection;
  }

  /** Reads a selection from the store. */
  #read(selection: Selection, floorMs: UnixMs): void {
    const columns = this.#store.select(selection.matchers, floorMs, Number.MAX_SAFE_INTEGER);
    const windows = columns.map((series) => this.#window(series, floorMs));
    const kept = new Set(windows);
    for (const window of selection.windows) if (!kept.has(window)) this.#leave(window, selection);
    for (const window of windows) window.users.add(selection);
    selection.windows = windows;
    selection.floorMs = floorMs;
    selection.dirty = false;
    selection.version++;
  }

  #window(columns: SeriesColumns, floorMs: UnixMs): Window<Selection> {
    const ref = this.#store.ref(columns.labels);
    const window = this.#windows[ref] ?? (this.#windows[ref] = new Window(ref, columns.labels));
    if (window.broken || window.floorMs > floorMs) window.fill(columns, floorMs);
    return window;
  }

  #leave(window: Window<Selection>, selection: Selection): void {
    window.users.delete(selection);
    if (window.users.size === 0) this.#windows[window.ref] = undefined;
  }

  #trim(selection: Selection, floorMs: UnixMs): void {
    selection.floorMs = floorMs;
    for (const window of selection.windows) {
      let floor = floorMs;
      for (const user of window.users) if (user.floorMs < floor) floor = user.floorMs;
      window.trim(floor);
      // A series that has ended leaves with the next reading.
      if (window.length === 0) selection.dirty = true;
    }
  }

  /** Takes in what arrived. */
  take({ refs, timesMs, values, newestMs, histograms }: Increments): void {
    this.version++;
    if (newestMs > this.newestMs) this.newestMs = newestMs;
    if (this.#selections.size === 0) return;
    const touched = new Set<Selection>();
    for (let i = 0; i < refs.length; i++) {
      const ref = refs[i]!;
      if (this.#strangers[ref] === 1) continue;
      const window = this.#windows[ref];
      if (window === undefined) this.#meet(ref, touched);
      else push(window, timesMs[i]!, values, i, undefined, touched);
    }
    for (const { ref, timeMs, histogram } of histograms) {
      const window = this.#windows[ref];
      if (window === undefined) this.#meet(ref, touched);
      else push(window, timeMs, values, 0, histogram, touched);
    }
    for (const selection of touched) selection.version++;
  }

  /** A series that no window is kept of: a selection that wants it reads anew. */
  #meet(ref: number, touched: Set<Selection>): void {
    if (this.#strangers[ref] === 1) return;
    const labels = this.#store.labelsOf(ref);
    let wanted = false;
    for (const selection of this.#selections.values()) {
      if (!matchesLabels(selection.matchers, labels)) continue;
      wanted = true;
      selection.dirty = true;
      touched.add(selection);
    }
    if (!wanted) this.#estrange(ref);
  }

  #estrange(ref: number): void {
    if (ref >= this.#strangers.length) {
      const wider = new Uint8Array(Math.max(ref + 1, this.#strangers.length * 2));
      wider.set(this.#strangers);
      this.#strangers = wider;
    }
    this.#strangers[ref] = 1;
  }

  /** Forgets everything. */
  clear(): void {
    this.#selections.clear();
    this.#windows.length = 0;
    this.#strangers.fill(0);
  }
}

function push(
  window: Window<Selection>,
  timeMs: UnixMs,
  values: Float64Array,
  at: number,
  histogram: Histogram | undefined,
  touched: Set<Selection>,
): void {
  window.push(timeMs, values, at, histogram);
  for (const selection of window.users) {
    touched.add(selection);
    if (window.broken) selection.dirty = true;
  }
}

function matchersKey(matchers: readonly Matcher[]): string {
  return matchers.map(({ name, op, value }) => `${name}\u0000${op}\u0000${value}`).join('\u0001');
}
