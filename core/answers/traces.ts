import type { Handlers, SignalboxContract } from '#core/contract/index.ts';
import { EngineError, type Clock, type Span } from '#core/model/index.ts';
import { diffTraces, type AssembledTrace, type Traces } from '#core/traces/index.ts';

type Names = Extract<keyof SignalboxContract, `traces.${string}`>;
type Answer<K extends Names> = Awaited<ReturnType<Handlers<SignalboxContract>[K]>>;

const lastNs = 2n ** 63n - 1n;

/** Traces: search, one trace as a tree, its spans, and what all of them say of operations and services. */
export class TraceDesk {
  readonly #traces: Traces;
  readonly #clock: Clock;

  constructor({ traces, clock }: { readonly traces: Traces; readonly clock: Clock }) {
    this.#traces = traces;
    this.#clock = clock;
  }

  handlers(): Pick<Handlers<SignalboxContract>, Names> {
    return {
      'traces.search': ({ dataset, text, limit, cursor, ...range }, { signal }) => {
        return this.#search(dataset, { text, limit, ...boundsOf(range), ...(cursor === undefined ? {} : { cursor }) }, signal);
      },
      'traces.get': ({ dataset, traceId }) => {
        const { baseNs, ...trace } = this.#trace(dataset, traceId);
        return { ...trace, baseNs: String(baseNs) };
      },
      'traces.spans': ({ dataset, traceId, spanId }) => this.#store(dataset).span(traceId, spanId).map(detailOf),
      'traces.find': ({ dataset, traceId, text }) => this.#store(dataset).find(traceId, text),
      'traces.diff': ({ dataset, before, after }) => ({ rows: diffTraces(this.#trace(dataset, before), this.#trace(dataset, after)) }),
      'traces.operations': ({ dataset, ...range }, { signal }) => {
        const { fromNs, toNs } = boundsOf(range);
        return this.#store(dataset).red(fromNs, toNs, signal);
      },
      'traces.serviceMap': ({ dataset, ...range }, { signal }) => {
        const { fromNs, toNs } = boundsOf(range);
        return this.#store(dataset).serviceMap(fromNs, toNs, signal);
      },
      'traces.keys': ({ dataset }) => this.#store(dataset).attributeKeys(),
      'traces.values': ({ dataset, key, limit }) => this.#store(dataset).attributeValues(key, limit),
    };
  }

  async #search(dataset: string, query: Parameters<Traces['search']>[0], signal: AbortSignal): Promise<Answer<'traces.search'>> {
    const fromMs = this.#clock.monotonicMs();
    const { traces, next, spansSearched } = await this.#store(dataset).search(query, signal);
    const rows = traces.map((row) => ({ ...row, startNs: String(row.startNs) }));
    return { traces: rows, next, spansSearched, elapsedMs: this.#clock.monotonicMs() - fromMs };
  }

  #trace(dataset: string, traceId: string): AssembledTrace {
    const trace = this.#store(dataset).trace(traceId);
    if (trace === undefined) throw new EngineError('not-found', `there is no span of trace ${traceId} here; it may be too old, or was never sent`);
    return trace;
  }

  #store(dataset: string): Traces {
    if (dataset !== 'live') throw new EngineError('not-found', `there is no dataset "${dataset}"; cases are not yet supported`);
    return this.#traces;
  }
}

function boundsOf({ fromNs, toNs }: { readonly fromNs?: string | undefined; readonly toNs?: string | undefined }): { fromNs: bigint; toNs: bigint } {
  return { fromNs: fromNs === undefined ? 0n : BigInt(fromNs), toNs: toNs === undefined ? lastNs : BigInt(toNs) };
}

function detailOf(span: Span): Answer<'traces.spans'>[number] {
  const { startNs, endNs, resource, events, links, flags: _, droppedAttributes, droppedEvents, droppedLinks, ...rest } = span;
  return {
    ...rest,
    startNs: String(startNs),
    endNs: String(endNs),
    resource: resource.attributes,
    events: events.map(({ timeNs, name, attributes }) => ({ timeNs: String(timeNs), name, attributes })),
    links: links.map(({ traceId, spanId, attributes }) => ({ traceId, spanId, attributes })),
    dropped: { attributes: droppedAttributes, events: droppedEvents, links: droppedLinks },
  };
}
