import { spanStatuses, EngineError, type TraceSummary } from '#core/model/index.ts';
import { findTrace, fingerprintOf } from './blocks.ts';
import { filterTable } from './filter.ts';
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
    const trace = findTrace(table, traceId);
    const starts = table.traceStarts();
    return trace < 0 ? [] : [{ table, from: starts[trace]!, to: starts[trace + 1]! }];
  });
}

function summarise(parts: readonly Part[], traceId: string, matchedCount: number): TraceSummary {
  const stretches = stretchesOf(parts, traceId);
  const services = new Set<string>();
  let [startNs, endNs, rootNs, anyNs] = [2n ** 63n, 0n, 2n ** 63n, 2n ** 63n];
  let [spanCount, errorCount] = [0, 0];
  let [root, first] = [
    { service: '', name: '' },
    { service: '', name: '' },
  ];
  for (const { table, from, to } of stretches) {
    const [starts, durations, kinds, parents] = [table.startNs(), table.durationNs(), table.kinds(), table.parents()];
    const at = (row: number): { service: string; name: string } => ({
      service: table.resourceList()[table.resources()[row]!]!.service,
      name: table.nameTexts()[table.names()[row]!]!,
    });
    spanCount += to - from;
    for (let row = from; row < to; row++) {
      const beginNs = table.meta.minNs + BigInt(starts[row]!);
      const doneNs = beginNs + BigInt(durations[row]!);
      if (beginNs < startNs) startNs = beginNs;
      if (doneNs > endNs) endNs = doneNs;
      if (kinds[row]! >> 3 === errorStatus) errorCount++;
      services.add(table.resourceList()[table.resources()[row]!]!.service);
      if (beginNs < anyNs) [anyNs, first] = [beginNs, at(row)];
      if (parents[row] === noParent && beginNs < rootNs) [rootNs, root] = [beginNs, at(row)];
    }
  }
  const hasRoot = rootNs < 2n ** 63n;
  const shown = hasRoot ? root : first;
  return {
    traceId,
    rootService: shown.service,
    rootName: shown.name,
    hasRoot,
    startNs,
    durationNs: Math.max(0, Number(endNs - startNs)),
    spanCount,
    errorCount,
    matchedCount,
    services: [...services].sort(),
  };
}
