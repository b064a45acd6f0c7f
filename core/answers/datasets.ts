import type { Dataset } from '#core/contract/index.ts';
import { caseNames, deleteCase, existingCase, openCase, type CaseStores } from '#core/intake/index.ts';
import type { Logs } from '#core/logs/index.ts';
import { EngineError, type Clock, type UnixMs } from '#core/model/index.ts';
import { createQueries, type AskAhead, type Queries } from '#core/promql/index.ts';
import type { Traces } from '#core/traces/index.ts';
import type { Tsdb } from '#core/tsdb/index.ts';

/** The stores of one dataset, and the queries on it. */
export interface DatasetStores {
  readonly metrics: Tsdb;
  readonly queries: Queries;
  readonly traces: Traces;
  readonly logs: Logs;
  readonly edges: CaseStores['edges'];
}

export interface DatasetsOptions {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly live: Omit<DatasetStores, 'edges'>;
  readonly breathe: () => Promise<void>;
  /** Threads that work for queries on a case. */
  readonly askAhead?: AskAhead | undefined;
}

interface Opened {
  readonly stores: DatasetStores;
  readonly own: CaseStores;
  usedMs: UnixMs;
}

/** A case that nobody asks about is closed after this long, so that the command line can have it. */
const idleMs = 120_000;
const openMax = 8;

/** The live dataset and the cases. A case is opened by the first question about it. */
export class Datasets {
  readonly #options: DatasetsOptions;
  readonly #live: DatasetStores;
  readonly #open = new Map<string, Opened>();
  /** Cases that an import writes: nobody else may. */
  readonly #lent = new Set<string>();
  readonly #sizes = new Map<string, { readonly size: Dataset; readonly atMs: UnixMs }>();
  #stopped = false;

  constructor(options: DatasetsOptions) {
    this.#options = options;
    this.#live = { ...options.live, edges: () => [] };
    this.#closeIdle();
  }

  /** Throws EngineError `not-found` when there is no dataset of this name. */
  of(name: string): DatasetStores {
    if (name === 'live') return this.#live;
    return this.#case(name).stores;
  }

  /** The stores of a case, with the reports of its imports. */
  case(name: string): CaseStores {
    return this.#case(name).own;
  }

  names(): string[] {
    return caseNames(this.#options.dataDir);
  }

  /** The live one first. A case that cannot be opened is listed with the reason: it is there, and can be deleted. */
  list(): Dataset[] {
    const cases = this.names().flatMap((name) => {
      if (this.#lent.has(name)) return this.#sizes.get(name)?.size ?? [];
      try {
        return [this.#size(name)];
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        return [{ ...unknownSize, name, problem: error.message }];
      }
    });
    return [sizeOf('live', this.#live), ...cases];
  }

  /** Of an open case as it is; of a closed one as it was at most `idleMs` ago, so that a list opens nothing again and again. */
  #size(name: string): Dataset {
    const nowMs = this.#options.clock.now();
    const known = this.#sizes.get(name);
    const opened = this.#open.get(name);
    if (opened === undefined && known !== undefined && known.atMs > nowMs - idleMs) return known.size;
    const size = sizeOf(name, (opened ?? this.#case(name)).stores);
    this.#sizes.set(name, { size, atMs: nowMs });
    return size;
  }

  /** Closes a case, new or there already, for somebody else to write; what is returned gives it back. Throws EngineError `conflict` while it is lent. */
  async lend(name: string): Promise<() => void> {
    if (this.#lent.has(name)) throw beingImported(name);
    this.#lent.add(name);
    await this.#close(name);
    return () => {
      this.#lent.delete(name);
      this.#sizes.delete(name);
    };
  }

  async delete(name: string): Promise<void> {
    existingCase(this.#options.dataDir, name);
    if (this.#lent.has(name)) throw beingImported(name);
    await this.#close(name);
    this.#sizes.delete(name);
    deleteCase(this.#options.dataDir, name);
  }

  async close(): Promise<void> {
    this.#stopped = true;
    for (const name of this.#open.keys()) await this.#close(name);
  }

  #case(name: string): Opened {
    const { clock, dataDir, breathe, askAhead } = this.#options;
    if (this.#lent.has(name)) throw beingImported(name);
    const known = this.#open.get(name);
    if (known !== undefined) {
      known.usedMs = clock.now();
      return known;
    }
    const own = openCase(existingCase(dataDir, name), clock);
    const queries = createQueries({ source: own.metrics, clock, breathe, askAhead });
    const opened = {
      own,
      usedMs: clock.now(),
      stores: { metrics: own.metrics, queries, traces: own.traces, logs: own.logs, edges: () => own.edges() },
    };
    this.#open.set(name, opened);
    return opened;
  }

  async #close(name: string): Promise<void> {
    const opened = this.#open.get(name);
    this.#open.delete(name);
    await opened?.own.close();
  }

  #closeIdle(): void {
    if (this.#stopped) return;
    const byUse = [...this.#open].sort((a, b) => b[1].usedMs - a[1].usedMs);
    const latestMs = this.#options.clock.now() - idleMs;
    byUse.forEach(([name, { usedMs }], i) => {
      if (usedMs < latestMs || i >= openMax) void this.#close(name);
    });
    this.#options.clock.after(idleMs / 10, () => this.#closeIdle());
  }
}

const beingImported = (name: string): EngineError =>
  new EngineError('conflict', `files are being imported into ${name}; ask again when that is done`);

function sizeOf(name: string, { metrics, traces, logs }: DatasetStores): Dataset {
  const stats = metrics.stats();
  const spans = traces.stats();
  const lines = logs.stats();
  const times = [stats.oldestMs, stats.newestMs, ...[spans.oldestNs, spans.newestNs, lines.oldestNs, lines.newestNs].map(msOf)].filter(
    (time) => time !== undefined,
  );
  return {
    name,
    oldestMs: times.length === 0 ? undefined : Math.min(...times),
    newestMs: times.length === 0 ? undefined : Math.max(...times),
    seriesCount: stats.series,
    sampleCount: stats.headSamples + stats.sealedSamples,
    spanCount: spans.headSpans + spans.blockSpans,
    logCount: lines.headRecords + lines.blockRecords,
    bytesOnDisk: stats.diskBytes + stats.walBytes + spans.blockBytes + lines.blockBytes,
  };
}

const unknownSize = { oldestMs: undefined, newestMs: undefined, seriesCount: 0, sampleCount: 0, spanCount: 0, logCount: 0, bytesOnDisk: 0 };

const msOf = (ns: bigint | undefined): number | undefined => (ns === undefined ? undefined : Number(ns / 1_000_000n));
