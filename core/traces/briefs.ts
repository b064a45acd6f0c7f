import { spanStatuses } from '#core/model/index.ts';
import { hexAt } from './ids.ts';
import type { Part } from './search.ts';
import type { SpanTable } from './table.ts';
import type { BriefPair, BriefQuestion, Briefs, SpanBrief } from './types.ts';
import { eachValue } from './values-column.ts';

/** Rows read between two pauses: about a millisecond's work. */
const rowsPerStep = 1024;
const errorStatus = spanStatuses.indexOf('error');

/** Reads whole traces, the newest part first and in it the newest trace first, and gives way in between. */
export async function briefsOf(
  parts: readonly Part[],
  { windows, most, keeps }: BriefQuestion,
  breathe: () => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<Briefs> {
  const spans: SpanBrief[] = [];
  const budget = new Budget(windows.length, most);
  const ordered = parts.toSorted((a, b) => (a.table.meta.maxNs < b.table.meta.maxNs ? 1 : a.table.meta.maxNs > b.table.meta.maxNs ? -1 : 0));
  for (const { table } of ordered) {
    if (!windows.some(({ fromNs, toNs }) => table.meta.maxNs >= fromNs && table.meta.minNs <= toNs)) continue;
    const reader = new BriefReader(table, keeps);
    for (const _column of reader.prepare()) await breathe();
    for (const [from, to] of chosenRows(table, windows, budget)) {
      reader.read(from, to, spans);
      await breathe();
      signal?.throwIfAborted();
    }
  }
  return { spans, isCut: budget.isCut };
}

/** How many more spans may be read for the sake of each window. */
class Budget {
  isCut = false;
  readonly #left: number[];

  constructor(windows: number, most: number) {
    this.#left = Array.from({ length: windows }, () => most);
  }

  /** Whether a trace of so many spans, which has some in the window, may be read. */
  takes(window: number, count: number): boolean {
    if (this.#left[window]! <= 0) {
      this.isCut = true;
      return false;
    }
    this.#left[window]! -= count;
    return true;
  }
}

/** The rows of the traces that have a span in a window, the last ones first, in runs of about `rowsPerStep`. */
function* chosenRows(table: SpanTable, windows: BriefQuestion['windows'], budget: Budget): Generator<readonly [from: number, to: number]> {
  const { minNs } = table.meta;
  const bounds = windows.map(({ fromNs, toNs }) => [Number(fromNs - minNs), Number(toNs - minNs)] as const);
  const [rows, starts] = [table.traceStarts(), table.startNs()];
  let [from, to] = [table.meta.spanCount, table.meta.spanCount];
  for (let trace = table.meta.traceCount - 1; trace >= 0; trace--) {
    const [first, end] = [rows[trace]!, rows[trace + 1]!];
    const isChosen = bounds.some((bound, window) => hasStartIn(starts, first, end, bound) && budget.takes(window, end - first));
    if (isChosen) from = first;
    if (from < to && (!isChosen || to - from >= rowsPerStep)) yield [from, to];
    if (!isChosen || to - from >= rowsPerStep) from = to = first;
  }
  if (from < to) yield [from, to];
}

function hasStartIn(starts: Float64Array, first: number, end: number, [low, high]: readonly [number, number]): boolean {
  for (let row = first; row < end; row++) if (starts[row]! >= low && starts[row]! <= high) return true;
  return false;
}

/** Reads rows of one table. Equal attributes of its spans are one object. */
class BriefReader {
  readonly #table: SpanTable;
  readonly #keeps: BriefQuestion['keeps'];
  /** Of each key, its values by their index; undefined for those that are not wanted. */
  readonly #pairs = new Map<string, readonly (BriefPair | undefined)[]>();
  #resourcePairs: readonly (readonly BriefPair[])[] = [];

  constructor(table: SpanTable, keeps: BriefQuestion['keeps']) {
    this.#table = table;
    this.#keeps = keeps;
  }

  /** Decodes what `read` needs, a column a step. */
  *prepare(): Generator<undefined, void> {
    const pairOf = (key: string, text: string): BriefPair | undefined => (this.#keeps(key, text) ? [key, text] : undefined);
    const isPair = (pair: BriefPair | undefined): pair is BriefPair => pair !== undefined;
    this.#resourcePairs = this.#table.resourceList().map(({ attributes }) => attributes.map(({ key, text }) => pairOf(key, text)).filter(isPair));
    for (const key of this.#table.attributeKeys()) {
      yield;
      this.#pairs.set(
        `a:${key}`,
        this.#table.values(`a:${key}`)!.texts.map((text) => pairOf(key, text)),
      );
    }
  }

  read(from: number, to: number, into: SpanBrief[]): void {
    const table = this.#table;
    const attributes = this.#attributesOf(from, to);
    const [resources, resourceList, names, nameTexts] = [table.resources(), table.resourceList(), table.names(), table.nameTexts()];
    const [starts, durations, kinds] = [table.startNs(), table.durationNs(), table.kinds()];
    const [traceIds, spanIds, parentIds] = [table.traceIdsOf(from, to), table.spanIds(), table.parentIds(from, to)];
    // The table's first start in whole milliseconds and what is left of it, so that no digit of an offset is lost.
    const [baseMs, restNs] = [Number(table.meta.minNs / 1_000_000n), Number(table.meta.minNs % 1_000_000n)];
    for (let row = from; row < to; row++) {
      into.push({
        service: resourceList[resources[row]!]!.service,
        operation: nameTexts[names[row]!]!,
        traceId: traceIds[row - from]!,
        spanId: hexAt(spanIds, row, 8),
        parentId: parentIds[row - from]!,
        startMs: baseMs + (starts[row]! + restNs) / 1e6,
        durationMs: Math.max(0, durations[row]! / 1e6),
        isError: kinds[row]! >> 3 === errorStatus,
        attributes: attributes[row - from]!,
      });
    }
  }

  #attributesOf(from: number, to: number): readonly (readonly BriefPair[])[] {
    const resources = this.#table.resources();
    const found = Array.from({ length: to - from }, (_, i) => this.#resourcePairs[resources[from + i]!]!.slice());
    for (const [name, pairs] of this.#pairs) {
      eachValue(this.#table.values(name)!, from, to, (row, value) => {
        const pair = pairs[value];
        if (pair !== undefined) found[row - from]!.push(pair);
      });
    }
    return found;
  }
}
