import type { Span } from '#core/model/index.ts';
import type { ColumnCache } from '#core/blocks/index.ts';
import { encodeSpans, tableRangeNs } from './encode.ts';
import { tableOf, type SpanTable } from './table.ts';

/** A full part is encoded once; the last one again whenever it has grown and somebody searches. */
const partSpans = 2048;

interface Part {
  readonly spans: Span[];
  table: SpanTable | undefined;
}

/** The spans that are in no block yet, searchable as tables. */
export class Head {
  readonly #cache: ColumnCache;
  #parts: Part[] = [];
  #tablesMade = 0;
  /** Spans by trace and span id, to know a repeated delivery. */
  readonly #known = new Map<string, Span[]>();
  /** When a span of the trace came last. */
  readonly #touchedMs = new Map<string, number>();

  constructor(cache: ColumnCache) {
    this.#cache = cache;
  }

  get spanCount(): number {
    return this.#parts.reduce((sum, { spans }) => sum + spans.length, 0);
  }

  /** Notes the span as known. False when the very same one is already: a sender that tried again. */
  claim(span: Span): boolean {
    const key = keyOf(span);
    const known = this.#known.get(key);
    if (known?.some((other) => isRepeat(span, other)) === true) return false;
    if (known === undefined) this.#known.set(key, [span]);
    else known.push(span);
    return true;
  }

  /** Takes back a claim whose commit failed, or that went into a block. */
  release(span: Span): void {
    const rest = this.#known.get(keyOf(span))?.filter((other) => other !== span) ?? [];
    if (rest.length === 0) this.#known.delete(keyOf(span));
    else this.#known.set(keyOf(span), rest);
  }

  add(spans: readonly Span[], nowMs: number): void {
    for (const span of spans) {
      let last = this.#parts.at(-1);
      if (last === undefined || last.spans.length >= partSpans || !near(span, last.spans[0]!)) {
        this.#parts.push((last = { spans: [], table: undefined }));
      }
      last.spans.push(span);
      last.table = undefined;
      this.#touchedMs.set(span.traceId, nowMs);
    }
  }

  /** The spans of traces to which nothing was added since `beforeMs`. */
  quiet(beforeMs: number): Span[] {
    return this.all().filter(({ traceId }) => this.#touchedMs.get(traceId)! <= beforeMs);
  }

  all(): Span[] {
    return this.#parts.flatMap(({ spans }) => spans);
  }

  /** Lets go of spans that are in a block now. */
  remove(gone: ReadonlySet<Span>): void {
    const rest = this.all().filter((span) => !gone.has(span));
    this.#parts = [];
    const touched = new Map(this.#touchedMs);
    this.#touchedMs.clear();
    for (const span of rest) this.add([span], touched.get(span.traceId)!);
    for (const span of gone) this.release(span);
  }

  tables(): SpanTable[] {
    return this.#parts.map((part) => (part.table ??= this.#tableOf(part.spans)));
  }

  #tableOf(spans: readonly Span[]): SpanTable {
    return tableOf(encodeSpans(spans), `h${this.#tablesMade++}`, this.#cache);
  }
}

const keyOf = ({ traceId, spanId }: Span): string => traceId + spanId;
/** Starts that are all near one of them lie within one table's range. */
const near = (a: Span, b: Span): boolean => (a.startNs > b.startNs ? a.startNs - b.startNs : b.startNs - a.startNs) < tableRangeNs / 2n;

/** Whether two spans of the same ids are one that was sent twice: the client's and the server's half of a Zipkin span are not. */
function isRepeat(a: Span, b: Span): boolean {
  return (
    a.startNs === b.startNs &&
    a.endNs === b.endNs &&
    a.name === b.name &&
    a.kind === b.kind &&
    a.parentId === b.parentId &&
    a.status === b.status &&
    a.attributes.length === b.attributes.length &&
    a.resource.service === b.resource.service
  );
}

/**
 * The spans cut so that each part fits one table: starts that lie near enough, and about `spansMax` of them. A trace stays whole
 * unless it is larger than that by itself.
 */
export function partition(spans: readonly Span[], spansMax: number): Span[][] {
  const parts: Span[][] = [];
  for (const trace of tracesByStart(spans)) {
    for (const span of trace) {
      let last = parts.at(-1);
      const full = last !== undefined && last.length >= (span === trace[0] ? spansMax : 2 * spansMax);
      if (last === undefined || full || !near(span, last[0]!)) parts.push((last = []));
      last.push(span);
    }
  }
  return parts;
}

/** The spans of each trace by start, traces by their first. */
function tracesByStart(spans: readonly Span[]): Span[][] {
  const traces = new Map<string, Span[]>();
  for (const span of spans) {
    const trace = traces.get(span.traceId);
    if (trace === undefined) traces.set(span.traceId, [span]);
    else trace.push(span);
  }
  for (const trace of traces.values()) trace.sort((a, b) => compareNs(a.startNs, b.startNs));
  return [...traces.values()].sort((a, b) => compareNs(a[0]!.startNs, b[0]!.startNs));
}

export function compareNs(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
