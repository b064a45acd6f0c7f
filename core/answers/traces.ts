import type { Handlers, SignalboxContract } from '#core/contract/index.ts';
import { writeOtlpJson } from '#core/formats/index.ts';
import { EngineError, type Clock, type Span, type TraceTree } from '#core/model/index.ts';
import { diffTraces, flameOf, type Traces } from '#core/traces/index.ts';

type Names = Extract<keyof SignalboxContract, `traces.${string}`>;
type Answer<K extends Names> = Awaited<ReturnType<Handlers<SignalboxContract>[K]>>;

const lastNs = 2n ** 63n - 1n;
/** More marks than these say nothing to an eye. */
const eventsMax = 20_000;

/** The spans of each dataset; throws EngineError `not-found` for a name that is none. */
export interface SpanDatasets {
  of(name: string): { readonly traces: Traces };
}

/** Traces: search, one trace as a tree, its spans, and what all of them say of operations and services. */
export class TraceDesk {
  readonly #datasets: SpanDatasets;
  readonly #clock: Clock;

  constructor({ datasets, clock }: { readonly datasets: SpanDatasets; readonly clock: Clock }) {
    this.#datasets = datasets;
    this.#clock = clock;
  }

  handlers(): Pick<Handlers<SignalboxContract>, Names> {
    return {
      'traces.search': ({ dataset, text, limit, cursor, ...range }, { signal }) => {
        return this.#search(dataset, { text, limit, ...boundsOf(range), ...(cursor === undefined ? {} : { cursor }) }, signal);
      },
      'traces.get': async ({ dataset, traceId }) => {
        const { baseNs, ...trace } = await this.#trace(dataset, traceId);
        return { ...trace, baseNs: String(baseNs) };
      },
      'traces.spans': ({ dataset, traceId, spanId }) => this.#store(dataset).span(traceId, spanId).map(detailOf),
      'traces.events': async ({ dataset, traceId }) => {
        const { baseNs, ...events } = await this.#store(dataset).events(traceId, eventsMax);
        return { ...events, baseNs: String(baseNs) };
      },
      'traces.find': ({ dataset, traceId, text }) => this.#store(dataset).find(traceId, text),
      'traces.statistics': ({ dataset, traceId, by }) => this.#store(dataset).statistics(traceId, by),
      'traces.flame': async ({ dataset, traceId }) => flameOf(await this.#trace(dataset, traceId)),
      'traces.export': ({ dataset, traceId }) => {
        const spans = this.#store(dataset).spans(traceId);
        if (spans.length === 0) throw noTrace(traceId);
        return { fileName: `trace-${traceId}.json`, json: writeOtlpJson(spans) };
      },
      'traces.diff': async ({ dataset, before, after }) => ({
        rows: diffTraces(await this.#trace(dataset, before), await this.#trace(dataset, after)),
      }),
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

  async #trace(dataset: string, traceId: string): Promise<TraceTree> {
    const trace = await this.#store(dataset).trace(traceId);
    if (trace === undefined) throw noTrace(traceId);
    return trace;
  }

  #store(dataset: string): Traces {
    return this.#datasets.of(dataset).traces;
  }
}

function boundsOf({ fromNs, toNs }: { readonly fromNs?: string | undefined; readonly toNs?: string | undefined }): { fromNs: bigint; toNs: bigint } {
  return { fromNs: fromNs === undefined ? 0n : BigInt(fromNs), toNs: toNs === undefined ? lastNs : BigInt(toNs) };
}

const noTrace = (traceId: string): EngineError =>
  new EngineError('not-found', `there is no span of trace ${traceId} here; it may be too old, or was never sent`);

/** A span with its times as decimal strings. */
function detailOf(span: Span): Answer<'traces.spans'>[number] {
  const { startNs, endNs, events } = span;
  return {
    ...span,
    startNs: String(startNs),
    endNs: String(endNs),
    events: events.map((event) => ({ ...event, timeNs: String(event.timeNs) })),
  };
}
