import { join } from 'node:path';
import { closeDb, giveBackRoom, openDb, transaction, type WriteDb } from '#core/db/index.ts';
import { EngineError, messageOf } from '#core/model/index.ts';
import type { Cancel, Clock, OperationRed, ServiceMap, Span, SpanStatistics, TraceEvents, TraceTree } from '#core/model/index.ts';
import { assembleInSteps } from './assemble.ts';
import { atOnce, breathe, ColumnCache, DamageError, inSteps } from '#core/blocks/index.ts';
import { allBlocks, blockOf, deleteBlock, insertBlock, isDamaged, packInSteps, quarantineBlock, type Block, type PackedTable } from './blocks.ts';
import { briefsOf } from './briefs.ts';
import { encodeInSteps } from './encode.ts';
import { compareNs, Head, partition } from './head.ts';
import { HeadLog } from './head-log.ts';
import { isId } from './ids.ts';
import { parseTraceQuery } from './query.ts';
import { redOf, serviceMapOf } from './red.ts';
import { statisticsOf } from './statistics.ts';
import { keysOf, valuesOf } from './values.ts';
import { searchTraces, stretchesOf, type Part } from './search.ts';
import { eventsInSteps, matchingIds, spansWithId } from './lookups.ts';
import { gatherTrace } from './trace-columns.ts';
import { blocksToMerge, blocksToRetire, boundsOf, readSpans, sumsOf } from './upkeep.ts';
import type { BriefQuestion, Briefs, SearchQuery, SpanVerdict, TraceLimits, TracePage, Traces, TracesOptions, TracesStats } from './types.ts';

const defaultLimits: TraceLimits = { futureMs: 3_600_000, retentionMs: 7 * 86_400_000, retentionBytes: 8 * 2 ** 30 };
const tickMs = 1000;
/** Given back to the disk a tick: 4 MiB. */
const roomPages = 1024;
/** Decoded columns of about 3 million spans. */
const cacheBytesMax = 96 << 20;
/** A block made while others wait for the engine, and one made by an import. */
const liveBlockSpans = 8192;
const loadBlockSpans = 32_768;
/** The head seals traces that have been quiet this long, all of them when it holds too much, and what is left after a while. */
const quietMs = 30_000;
const headSpansMax = 65_536;
const sealEveryMs = 600_000;
const lastNs = 2n ** 63n - 1n;

/** Opens (and makes) the store of a folder: every span acknowledged before is there when this returns. */
export function openTraces(options: TracesOptions): Traces {
  return new Store(options);
}

interface Waiting {
  readonly spans: readonly Span[];
  readonly settle: () => void;
  readonly refuse: (why: EngineError) => void;
}

class Store implements Traces {
  readonly #db: WriteDb;
  readonly #clock: Clock;
  readonly #limits: TraceLimits;
  #kept: Pick<TraceLimits, 'retentionMs' | 'retentionBytes'>;
  readonly #cache = new ColumnCache(cacheBytesMax);
  readonly #head = new Head(this.#cache);
  readonly #log: HeadLog;
  #blocks: readonly Block[];
  #waiting: Waiting[] = [];
  #loading: Span[] = [];
  #sealing: Promise<void> | undefined;
  #sealedMs: number;
  #appended = 0;
  readonly #rejected = new Map<string, number>();
  readonly #damage: string[] = [];
  #upkeepFault = '';
  #cancelTick: Cancel;

  constructor({ folder, clock, limits }: TracesOptions) {
    this.#db = openDb(join(folder, 'traces.db'), 'traces');
    this.#log = new HeadLog(this.#db);
    this.#clock = clock;
    this.#limits = { ...defaultLimits, ...limits };
    this.#kept = this.#limits;
    this.#blocks = allBlocks(this.#db, this.#cache);
    this.#sealedMs = clock.monotonicMs();
    this.#log.recover(
      clock.now(),
      (spans) => {
        for (const span of spans) this.#head.claim(span);
        this.#head.add(spans, clock.monotonicMs());
      },
      (sentence) => this.#damage.push(sentence),
    );
    this.#cancelTick = clock.after(tickMs, () => this.#tick());
  }

  append(spans: readonly Span[]): Promise<readonly SpanVerdict[]> {
    const verdicts = spans.map((span) => this.#judge(span));
    const stored = spans.filter((_, i) => verdicts[i] === 'stored');
    if (stored.length === 0) return Promise.resolve(verdicts);
    return new Promise((done, refuse) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#commit());
      this.#waiting.push({ spans: stored, settle: () => done(verdicts), refuse });
    });
  }

  load(spans: readonly Span[]): readonly SpanVerdict[] {
    const verdicts = spans.map((span) => this.#judge(span, false));
    for (const [i, span] of spans.entries()) if (verdicts[i] === 'stored') this.#loading.push(span);
    if (this.#loading.length >= 2 * loadBlockSpans) this.#unload(false);
    return verdicts;
  }

  async flush(): Promise<void> {
    this.#unload(true);
    if (this.#waiting.length > 0) await breathe();
    while (this.#sealing !== undefined) await this.#sealing;
    const sealed = this.#seal(this.#head.all(), loadBlockSpans);
    // Upkeep waits for it and leaves a failure to the caller of flush.
    const settled = sealed.then(
      () => undefined,
      () => undefined,
    );
    this.#sealing = settled.finally(() => (this.#sealing = undefined));
    await sealed;
  }

  search(query: SearchQuery, signal?: AbortSignal): Promise<TracePage> {
    return this.#scan((parts) => searchTraces(parts, query, breathe, signal));
  }

  briefs(question: BriefQuestion, signal?: AbortSignal): Promise<Briefs> {
    return this.#scan((parts) => briefsOf(parts, question, breathe, signal));
  }

  red(fromNs: bigint, toNs: bigint, signal?: AbortSignal): Promise<readonly OperationRed[]> {
    return this.#scan((parts) => redOf(parts, { fromNs, toNs, breathe, signal }));
  }

  serviceMap(fromNs: bigint, toNs: bigint, signal?: AbortSignal): Promise<ServiceMap> {
    return this.#scan((parts) => serviceMapOf(parts, { fromNs, toNs, breathe, signal }));
  }

  attributeKeys(): readonly string[] {
    return this.#read(keysOf);
  }

  attributeValues(key: string, limit: number): readonly string[] {
    return this.#read((parts) => valuesOf(parts, key, limit));
  }

  async trace(traceId: string): Promise<TraceTree | undefined> {
    const columns = this.#read((parts) => gatherTrace(traceId, stretchesOf(parts, traceId)));
    return columns && inSteps(assembleInSteps(columns));
  }

  async statistics(traceId: string, by: string | undefined): Promise<readonly SpanStatistics[]> {
    const columns = this.#read((parts) => gatherTrace(traceId, stretchesOf(parts, traceId), by));
    return columns === undefined ? [] : statisticsOf(await inSteps(assembleInSteps(columns)));
  }

  span(traceId: string, spanId: string): readonly Span[] {
    return this.#read((parts) => {
      const found = stretchesOf(parts, traceId).flatMap((stretch) => spansWithId(stretch, spanId));
      return found.sort((a, b) => compareNs(a.startNs, b.startNs));
    });
  }

  events(traceId: string, most: number): Promise<TraceEvents> {
    const stretches = this.#read((parts) => stretchesOf(parts, traceId));
    return inSteps(eventsInSteps(stretches, most));
  }

  find(traceId: string, text: string): Uint8Array {
    const condition = parseTraceQuery(text);
    // A plain array: frames take a Buffer for JSON.
    return this.#read((parts) => new Uint8Array(Buffer.concat(stretchesOf(parts, traceId).map((stretch) => matchingIds(stretch, condition)))));
  }

  spans(traceId: string): readonly Span[] {
    return this.#read((parts) => {
      const found = stretchesOf(parts, traceId).flatMap(({ table, from, to }) => table.spans(from, to));
      return found.sort((a, b) => compareNs(a.startNs, b.startNs));
    });
  }

  keep(retention: Pick<TraceLimits, 'retentionMs' | 'retentionBytes'>): void {
    this.#kept = retention;
  }

  stats(): TracesStats {
    return {
      headSpans: this.#head.spanCount,
      ...sumsOf(this.#blocks),
      ...boundsOf(this.#parts().map(({ table }) => table.meta)),
      appended: this.#appended,
      rejected: this.#rejected,
      damage: this.#damage,
      upkeepFault: this.#upkeepFault,
    };
  }

  async close(): Promise<void> {
    this.#cancelTick();
    if (this.#waiting.length > 0) await breathe();
    this.#unload(true);
    await this.#sealing;
    closeDb(this.#db);
  }

  #judge(span: Span, live = true): SpanVerdict {
    const verdict = this.#verdictOf(span, live);
    if (verdict === 'stored') this.#appended++;
    else if (verdict !== 'duplicate') this.#rejected.set(verdict, (this.#rejected.get(verdict) ?? 0) + 1);
    return verdict;
  }

  #verdictOf(span: Span, live: boolean): SpanVerdict {
    if (!isId(span.traceId, 16)) return 'bad_trace_id';
    if (!isId(span.spanId, 8) || (span.parentId !== '' && !isId(span.parentId, 8))) return 'bad_span_id';
    if (span.startNs < 0n || span.startNs > lastNs || span.endNs < 0n || span.endNs > lastNs) return 'bad_time';
    if (!live) return 'stored';
    if (Number(span.startNs / 1_000_000n) > this.#clock.now() + this.#limits.futureMs) return 'future';
    return this.#head.claim(span) ? 'stored' : 'duplicate';
  }

  /** Makes all appends that wait durable in one transaction. */
  #commit(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    const spans = waiting.flatMap((one) => one.spans);
    try {
      this.#log.put(spans);
    } catch (error) {
      for (const span of spans) this.#head.release(span);
      this.#appended -= spans.length;
      const fault = new EngineError('unavailable', `${this.#db.path} takes no more spans (${messageOf(error)}); free some space on its disk`);
      for (const { refuse } of waiting) refuse(fault);
      return;
    }
    this.#head.add(spans, this.#clock.monotonicMs());
    // Senders wait while the head holds more than it should.
    const ready = this.#head.spanCount > headSpansMax ? this.#upkeep() : undefined;
    void (ready ?? Promise.resolve()).then(() => {
      for (const { settle } of waiting) settle();
    });
  }

  #parts(): Part[] {
    return [...this.#head.tables().map((table) => ({ table })), ...this.#blocks];
  }

  async #scan<T>(act: (parts: readonly Part[]) => Promise<T>): Promise<T> {
    for (;;) {
      const before = this.#blocks;
      try {
        return await act(this.#parts());
      } catch (error) {
        this.#mend(error, before);
      }
    }
  }

  #read<T>(act: (parts: readonly Part[]) => T): T {
    for (;;) {
      const before = this.#blocks;
      try {
        return act(this.#parts());
      } catch (error) {
        this.#mend(error, before);
      }
    }
  }

  /** Takes damaged blocks out of use. Throws the failure again when the blocks are those of `before` even then. */
  #mend(error: unknown, before: readonly Block[]): void {
    if (!(error instanceof DamageError)) throw error;
    const damaged = this.#blocks.filter(isDamaged);
    for (const { id, table } of damaged) {
      quarantineBlock(this.#db, id, error.message, this.#clock.now());
      this.#damage.push(`block ${id} with ${table.meta.spanCount} spans: ${error.message}`);
    }
    if (damaged.length > 0) this.#blocks = this.#blocks.filter((block) => !damaged.includes(block));
    if (this.#blocks === before) throw error;
  }

  #tick(): void {
    this.#cancelTick = this.#clock.after(tickMs, () => this.#tick());
    void this.#upkeep();
  }

  /** Seals what is due, drops what is too old, and merges what is too small. Upkeep that fails (a full disk) is tried again with the next tick. */
  #upkeep(): Promise<void> {
    this.#sealing ??= this.#sealDue()
      .then(() => this.#retire())
      .then(() => this.#merge())
      .then(
        () => void (this.#upkeepFault = ''),
        (error: unknown) => void (this.#upkeepFault = messageOf(error)),
      )
      .finally(() => (this.#sealing = undefined));
    return this.#sealing;
  }

  async #sealDue(): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    const total = this.#head.spanCount;
    if (total < liveBlockSpans && nowMs - this.#sealedMs < sealEveryMs) return;
    const due = total > headSpansMax / 2 ? this.#head.all() : this.#head.quiet(nowMs - quietMs);
    if (due.length >= liveBlockSpans || nowMs - this.#sealedMs >= sealEveryMs) await this.#seal(due, liveBlockSpans);
  }

  /** Moves spans of the head into blocks, a block a transaction. */
  async #seal(spans: readonly Span[], spansMax: number): Promise<void> {
    for (const part of partition(spans, spansMax)) {
      const packed = await this.#packed(part);
      const gone = new Set(part);
      const { block, trimmed } = transaction(this.#db, () => ({ trimmed: this.#log.trim(gone), block: this.#insert(packed) }));
      trimmed();
      this.#blocks = [...this.#blocks, block];
      this.#head.remove(gone);
    }
    this.#sealedMs = this.#clock.monotonicMs();
  }

  async #packed(spans: readonly Span[]): Promise<PackedTable> {
    const table = await inSteps(encodeInSteps(spans));
    return inSteps(packInSteps(table));
  }

  #insert(packed: PackedTable): Block {
    const { id, bytes } = insertBlock(this.#db, packed);
    return blockOf(this.#db, id, bytes, packed.table, this.#cache);
  }

  /** Writes what an import has loaded; unless it is all, the last block waits for more. */
  #unload(all: boolean): void {
    const parts = partition(this.#loading, loadBlockSpans);
    this.#loading = (all ? undefined : parts.pop()) ?? [];
    for (const part of parts) {
      const packed = atOnce(packInSteps(atOnce(encodeInSteps(part))));
      const block = transaction(this.#db, () => this.#insert(packed));
      this.#blocks = [...this.#blocks, block];
    }
  }

  /** Writes small blocks that lie next to each other as one: whole or not at all, so that a crash leaves either. */
  async #merge(): Promise<void> {
    const before = this.#blocks;
    const small = blocksToMerge(before);
    if (small.length === 0) return;
    try {
      const packed = await this.#packed(await inSteps(readSpans(small)));
      // One may have been found damaged meanwhile, by a search.
      if (small.some((block) => !this.#blocks.includes(block))) return;
      const merged = transaction(this.#db, () => {
        for (const { id } of small) deleteBlock(this.#db, id);
        return this.#insert(packed);
      });
      this.#blocks = [...this.#blocks.filter((block) => !small.includes(block)), merged];
      this.#db.connection.pragma('incremental_vacuum(1024)');
    } catch (error) {
      this.#mend(error, before);
    }
  }

  #retire(): void {
    const beforeNs = BigInt(Math.floor(Math.max(0, this.#clock.now() - this.#kept.retentionMs))) * 1_000_000n;
    const gone = blocksToRetire(this.#blocks, beforeNs, this.#kept.retentionBytes);
    giveBackRoom(this.#db, roomPages);
    if (gone.size === 0) return;
    transaction(this.#db, () => {
      for (const { id } of gone) deleteBlock(this.#db, id);
    });
    this.#blocks = this.#blocks.filter((block) => !gone.has(block));
  }
}
