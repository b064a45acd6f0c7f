import { spanStatuses, EngineError, type TraceSummary } from '#core/model/index.ts';
import { filterTable } from './filter.ts';
import { fingerprintOf } from './ids.ts';
import { parseTraceQuery } from './query.ts';
import { noParent, type SpanTable } from './table.ts';
import { lowerBound } from './values-column.ts';
import type { SearchQuery, TracePage } from './types.ts';

/** A table among those that are searched, and a quick way to know that a trace is not in it. */
export interface Part {
  readonly table: SpanTable;
  /** Absent: look. */
  readonly fingerprints?: () => Uint32Array;
}

const limitMax = 1000;
const errorStatus = spanStatuses.indexOf('error');

/** A trace with a match, by the first start that its part knows of: its own first start is that or earlier. */
interface Candidate {
  readonly part: Part;
  readonly trace: number;
  readonly matched: number;
  startNs: bigint;
  summary: TraceSummary | undefined;
}

/**
 * Traces by start, newest first. Parts are searched in order of their last start: once enough traces start later than
 * anything in the parts that are left can, the page is complete.
 */
export async function searchTraces(
  parts: readonly Part[],
  query: SearchQuery,
  breathe: () => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<TracePage> {
  const condition = parseTraceQuery(query.text);
  const [fromNs, toNs] = [query.fromNs ?? 0n, query.toNs ?? 2n ** 63n];
  const limit = Math.max(1, Math.min(limitMax, query.limit));
  const collector = new Collector(parts, limit, query.cursor);
  const ordered = parts.toSorted((a, b) => (a.table.meta.maxNs < b.table.meta.maxNs ? 1 : -1));
  let spansSearched = 0;
  for (const [i, part] of ordered.entries()) {
    const mask = filterTable(part.table, condition, fromNs, toNs);
    spansSearched += part.table.meta.spanCount;
    if (mask !== undefined) collector.add(part, mask);
    if (collector.complete(ordered[i + 1]?.table.meta.maxNs ?? -1n)) break;
    await breathe();
    signal?.throwIfAborted();
  }
  return { ...collector.page(), spansSearched };
}

class Collector {
  readonly #parts: readonly Part[];
  readonly #limit: number;
  readonly #after: { readonly startNs: bigint; readonly traceId: string } | undefined;
  /** By start, the newest last. */
  #waiting: Candidate[] = [];
  readonly #seen = new Set<string>();
  readonly #found: TraceSummary[] = [];

  constructor(parts: readonly Part[], limit: number, cursor: string | undefined) {
    this.#parts = parts;
    this.#limit = limit;
    this.#after = cursor === undefined ? undefined : parseCursor(cursor);
  }

  add(part: Part, mask: Uint8Array): void {
    const { table } = part;
    const rows = table.traceStarts();
    const starts = table.startNs();
    for (let trace = 0; trace < table.meta.traceCount; trace++) {
      let matched = 0;
      for (let row = rows[trace]!; row < rows[trace + 1]!; row++) matched += mask[row]!;
      if (matched === 0) continue;
      const startNs = table.meta.minNs + BigInt(starts[rows[trace]!]!);
      this.#waiting.push({ part, trace, matched, startNs, summary: undefined });
    }
    this.#waiting.sort((a, b) => (a.startNs < b.startNs ? -1 : a.startNs > b.startNs ? 1 : 0));
  }

  /** Takes what starts after `restNs`, the last start of all that is not searched yet. True when the page, and one more, is full. */
  complete(restNs: bigint): boolean {
    while (this.#found.length <= this.#limit) {
      const best = this.#waiting.at(-1);
      if (best === undefined || best.startNs <= restNs) return false;
      this.#waiting.pop();
      if (best.summary === undefined) this.#weigh(best);
      else this.#take(best.summary);
    }
    return true;
  }

  page(): { traces: TraceSummary[]; next: string | undefined } {
    const traces = this.#found.slice(0, this.#limit);
    const last = this.#found.length > this.#limit ? traces.at(-1) : undefined;
    return { traces, next: last && `${last.startNs}-${last.traceId}` };
  }

  /** Finds the trace's true start, and puts it back into the order by that. */
  #weigh(candidate: Candidate): void {
    const traceId = candidate.part.table.traceId(candidate.trace);
    if (this.#seen.has(traceId)) return;
    this.#seen.add(traceId);
    candidate.summary = summarise(this.#parts, traceId, candidate.matched);
    candidate.startNs = candidate.summary.startNs;
    let at = this.#waiting.length;
    while (at > 0 && isBefore(candidate, this.#waiting[at - 1]!)) at--;
    this.#waiting.splice(at, 0, candidate);
  }

  #take(summary: TraceSummary): void {
    const after = this.#after;
    if (after !== undefined) {
      if (summary.startNs > after.startNs || (summary.startNs === after.startNs && summary.traceId <= after.traceId)) return;
    }
    this.#found.push(summary);
  }
}

/** Order of waiting: later starts last; of equal ones those not weighed yet last, then the smaller id, so that pages part cleanly. */
function isBefore(a: Candidate, b: Candidate): boolean {
  if (a.startNs !== b.startNs) return a.startNs < b.startNs;
  if (b.summary === undefined) return true;
  return a.summary!.traceId > b.summary.traceId;
}

function parseCursor(cursor: string): { startNs: bigint; traceId: string } {
  const [, startNs, traceId] = /^(\d{1,20})-([0-9a-f]{32})$/.exec(cursor) ?? [];
  if (startNs === undefined || traceId === undefined) throw new EngineError('invalid', 'the cursor is not one that a search gave; search anew');
  return { startNs: BigInt(startNs), traceId };
}

/** Where a trace lies: a table and its rows [from, to). */
export interface Stretch {
  readonly table: SpanTable;
  readonly from: number;
  readonly to: number;
}

export function stretchesOf(parts: readonly Part[], traceId: string): Stretch[] {
  const fingerprint = fingerprintOf(traceId);
  return parts.flatMap(({ table, fingerprints }) => {
    if (fingerprints !== undefined) {
      const sorted = fingerprints();
      if (sorted[lowerBound(sorted, fingerprint)] !== fingerprint) return [];
    }
    const trace = table.findTrace(traceId);
    const starts = table.traceStarts();
    return trace < 0 ? [] : [{ table, from: starts[trace]!, to: starts[trace + 1]! }];
  });
}

/** What is known of the spans of a trace in one table. */
interface StretchSummary {
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly errorCount: number;
  readonly services: ReadonlySet<string>;
  /** The first span, and the first one without a parent. */
  readonly first: RootSketch;
  readonly root: RootSketch | undefined;
}
interface RootSketch {
  readonly startNs: bigint;
  readonly service: string;
  readonly name: string;
}

function summariseStretch({ table, from, to }: Stretch): StretchSummary {
  const [starts, durations, kinds, parents, resources] = [table.startNs(), table.durationNs(), table.kinds(), table.parents(), table.resources()];
  const { minNs } = table.meta;
  const seen = new Uint8Array(table.resourceList().length);
  let [end, errorCount, root] = [-Infinity, 0, -1];
  for (let row = from; row < to; row++) {
    end = Math.max(end, starts[row]! + durations[row]!);
    if (kinds[row]! >> 3 === errorStatus) errorCount++;
    seen[resources[row]!] = 1;
    if (root < 0 && parents[row] === noParent) root = row;
  }
  const sketch = (row: number): RootSketch => ({
    startNs: minNs + BigInt(starts[row]!),
    service: table.resourceList()[resources[row]!]!.service,
    name: table.nameTexts()[table.names()[row]!]!,
  });
  // Rows of a trace are in order of start.
  return {
    startNs: minNs + BigInt(starts[from]!),
    endNs: minNs + BigInt(end),
    errorCount,
    services: new Set(table.resourceList().flatMap(({ service }, code) => (seen[code] === 1 ? [service] : []))),
    first: sketch(from),
    root: root < 0 ? undefined : sketch(root),
  };
}

function summarise(parts: readonly Part[], traceId: string, matchedCount: number): TraceSummary {
  const stretches = stretchesOf(parts, traceId);
  const found = stretches.map(summariseStretch);
  const earliest = (sketches: readonly RootSketch[]): RootSketch | undefined =>
    sketches.reduce<RootSketch | undefined>((best, one) => (best === undefined || one.startNs < best.startNs ? one : best), undefined);
  const first = earliest(found.map((one) => one.first))!;
  const root = earliest(found.flatMap((one) => (one.root === undefined ? [] : [one.root])));
  const endNs = found.reduce((max, one) => (one.endNs > max ? one.endNs : max), 0n);
  return {
    traceId,
    rootService: (root ?? first).service,
    rootName: (root ?? first).name,
    hasRoot: root !== undefined,
    startNs: first.startNs,
    durationNs: Math.max(0, Number(endNs - first.startNs)),
    spanCount: stretches.reduce((sum, { from, to }) => sum + to - from, 0),
    errorCount: found.reduce((sum, one) => sum + one.errorCount, 0),
    matchedCount,
    services: [...new Set(found.flatMap((one) => [...one.services]))].sort(),
  };
}
