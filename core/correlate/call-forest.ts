import type { Pace } from './pace.ts';
import type { CallSpan } from './types.ts';

/** Spans with who called whom. One that came twice is there once. */
export class CallForest {
  readonly spans: readonly CallSpan[];
  readonly #parents: ReadonlyMap<CallSpan, CallSpan>;
  readonly #children: ReadonlyMap<CallSpan, readonly CallSpan[]>;

  private constructor(spans: readonly CallSpan[], parents: ReadonlyMap<CallSpan, CallSpan>, children: ReadonlyMap<CallSpan, readonly CallSpan[]>) {
    this.spans = spans;
    this.#parents = parents;
    this.#children = children;
  }

  static async of(all: readonly CallSpan[], pace: Pace): Promise<CallForest> {
    const ids = new SpanIds();
    const spans: CallSpan[] = [];
    await pace.each(all, (span) => {
      if (ids.add(span)) spans.push(span);
    });
    const parents = new Map<CallSpan, CallSpan>();
    const children = new Map<CallSpan, CallSpan[]>();
    await pace.each(spans, (span) => {
      const parent = ids.callerOf(span);
      if (parent === undefined) return;
      parents.set(span, parent);
      const siblings = children.get(parent);
      if (siblings === undefined) children.set(parent, [span]);
      else siblings.push(span);
    });
    return new CallForest(spans, parents, children);
  }

  parentOf(span: CallSpan): CallSpan | undefined {
    return this.#parents.get(span);
  }

  childrenOf(span: CallSpan): readonly CallSpan[] {
    return this.#children.get(span) ?? none;
  }
}

const none: readonly CallSpan[] = [];

/** Spans by their ids. Several have one where a client's half and a server's half of a call share it (Zipkin). */
class SpanIds {
  readonly #traces = new Map<string, Map<string, CallSpan | CallSpan[]>>();
  #last: readonly [traceId: string, spans: Map<string, CallSpan | CallSpan[]>] | undefined;

  /** False when the very same span is there already. */
  add(span: CallSpan): boolean {
    const trace = this.#traceOf(span.traceId);
    const known = trace.get(span.spanId);
    if (known === undefined) trace.set(span.spanId, span);
    else if (Array.isArray(known)) {
      if (known.some((other) => isSame(other, span))) return false;
      known.push(span);
    } else if (isSame(known, span)) return false;
    else trace.set(span.spanId, [known, span]);
    return true;
  }

  /** The client's half of a server's; else the span with the parent's id, of the same service where there are several. */
  callerOf(span: CallSpan): CallSpan | undefined {
    const trace = this.#traceOf(span.traceId);
    const halves = trace.get(span.spanId);
    if (Array.isArray(halves)) {
      const first = halves.reduce((a, b) => (b.startMs < a.startMs ? b : a));
      if (first !== span && first.service !== span.service) return first;
    }
    const parent = span.parentId === '' ? undefined : trace.get(span.parentId);
    if (!Array.isArray(parent)) return parent === span ? undefined : parent;
    return parent.find(({ service }) => service === span.service) ?? parent[0];
  }

  #traceOf(traceId: string): Map<string, CallSpan | CallSpan[]> {
    if (this.#last?.[0] === traceId) return this.#last[1];
    let trace = this.#traces.get(traceId);
    if (trace === undefined) this.#traces.set(traceId, (trace = new Map()));
    this.#last = [traceId, trace];
    return trace;
  }
}

const isSame = (a: CallSpan, b: CallSpan): boolean =>
  a.startMs === b.startMs && a.service === b.service && a.operation === b.operation && a.durationMs === b.durationMs;
