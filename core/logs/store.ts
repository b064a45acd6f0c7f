import { join } from 'node:path';
import { closeDb, giveBackRoom, openDb, sql, transaction, type WriteDb } from '#core/db/index.ts';
import { LogBatch } from '#core/formats/index.ts';
import { EngineError, messageOf, type Cancel, type Clock, type LogRecord } from '#core/model/index.ts';
import { decodeBatch, encodeBatch } from './batch.ts';
import { breathe, ColumnCache, DamageError, inSteps } from '#core/blocks/index.ts';
import { encodeBlock, type EncodedBlock } from './block.ts';
import { allBlocks, blockOf, deleteBlock, insertBlock, quarantineBlock, verifyBlock } from './blocks.ts';
import { HeadPart, runsOf } from './head.ts';
import type { Block, Part } from './part.ts';
import { Loading, loadBlockRecords } from './loading.ts';
import { wholeRun } from './runs.ts';
import { Streams } from './streams.ts';
import type { LogLimits, LogRetention, LogsOptions, LogsStats, LogVerdict } from './types.ts';

const defaultLimits: LogLimits = { futureMs: 3_600_000, retentionMs: 7 * 86_400_000, retentionBytes: 8 * 2 ** 30 };
const tickMs = 1000;
/** Given back to the disk a tick: 4 MiB. */
const roomPages = 1024;
/** Word indexes of some 600 blocks, or the decoded lines of 50. */
const cacheBytesMax = 128 << 20;
/** A block made while others wait for the engine. */
const liveBlockRecords = 8192;
const headRecordsMax = 65_536;
const headCharsMax = 64 << 20;
const sealEveryMs = 600_000;
const lastNs = 2n ** 63n - 1n;
const lastSecond = Number(lastNs / 1_000_000_000n);
/** A line, and all that is beside it (reliability: default limits). */
const lineCharsMax = 256 << 10;
const lineBytesMax = 3 * lineCharsMax;
const labelsMax = 40;
const fieldsMax = 256;
const streamsMax = 100_000;

interface Waiting {
  readonly records: readonly LogRecord[];
  readonly settle: () => void;
  readonly refuse: (why: EngineError) => void;
}

/** Records on disk and the blocks they become; what is asked of them is elsewhere. One process writes a folder at a time. */
export class LogStore {
  readonly db: WriteDb;
  readonly clock: Clock;
  readonly #limits: LogLimits;
  #kept: LogRetention;
  readonly #cache = new ColumnCache(cacheBytesMax);
  readonly #streams: Streams;
  /** Records of each row of the head's table. */
  readonly #headRows = new Map<number, readonly LogRecord[]>();
  readonly #listeners = new Set<(records: readonly LogRecord[]) => void>();
  readonly #rejected = new Map<string, number>();
  readonly #damage: string[] = [];
  #headParts: readonly Part[] | undefined;
  #headCount = 0;
  #headChars = 0;
  #blocks: readonly Block[];
  #waiting: Waiting[] = [];
  readonly #loading: Loading;
  #sealing: Promise<void> | undefined;
  #sealedMs: number;
  #appended = 0;
  #upkeepFault = '';
  #cancelTick: Cancel;

  constructor({ folder, clock, limits, packer }: LogsOptions) {
    this.db = openDb(join(folder, 'logs.db'), 'logs');
    this.clock = clock;
    this.#limits = { ...defaultLimits, ...limits };
    this.#kept = this.#limits;
    this.#streams = new Streams(this.db);
    this.#loading = new Loading({ streams: this.#streams, put: (blocks) => this.#put(blocks), packer });
    this.#blocks = allBlocks(this.db, (id) => this.#streams.labelsOf(id), this.#cache);
    this.#sealedMs = clock.monotonicMs();
    this.#recoverHead();
    this.#cancelTick = clock.after(tickMs, () => this.#tick());
  }

  append(records: readonly LogRecord[]): Promise<readonly LogVerdict[]> {
    const verdicts = records.map((record) => this.#judge(record, true));
    const stored = records.filter((_, i) => verdicts[i] === 'stored');
    if (stored.length === 0) return Promise.resolve(verdicts);
    return new Promise((done, refuse) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#commit());
      this.#waiting.push({ records: stored, settle: () => done(verdicts), refuse });
    });
  }

  load(records: readonly LogRecord[]): readonly LogVerdict[] {
    return records.map((record) => {
      const verdict = this.#judge(record, false);
      if (verdict === 'stored') this.#loading.add(record);
      return verdict;
    });
  }

  loadBatch(batch: LogBatch): ReadonlyMap<LogVerdict, number> {
    const verdicts = new Map<LogVerdict, number>();
    let from = 0;
    for (let i = 0; i < batch.count; i++) {
      const verdict = this.#verdictOfRow(batch, i);
      if (verdict === 'stored') continue;
      this.#loading.addFrom(batch, from, i);
      from = i + 1;
      this.#reject(verdict);
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
    }
    this.#loading.addFrom(batch, from, batch.count);
    const rejected = [...verdicts.values()].reduce((sum, count) => sum + count, 0);
    this.#appended += batch.count - rejected;
    if (batch.count > rejected) verdicts.set('stored', batch.count - rejected);
    return verdicts;
  }

  settle(): Promise<void> {
    return this.#loading.settle();
  }

  async flush(): Promise<void> {
    await this.#loading.flush();
    if (this.#waiting.length > 0) await breathe();
    while (this.#sealing !== undefined) await this.#sealing;
    const sealed = this.#seal(loadBlockRecords);
    // Upkeep waits for it and leaves a failure to the caller of flush.
    const settled = sealed.then(
      () => undefined,
      () => undefined,
    );
    this.#sealing = settled.finally(() => (this.#sealing = undefined));
    await sealed;
  }

  /** Tells each append after it is durable. Returns what ends that. */
  listen(act: (records: readonly LogRecord[]) => void): () => void {
    this.#listeners.add(act);
    return () => this.#listeners.delete(act);
  }

  /** All records, in parts. */
  parts(): readonly Part[] {
    this.#headParts ??= runsOf([...this.#headRows.values()].flat(), Number.POSITIVE_INFINITY).map((run) => new HeadPart(run));
    return [...this.#blocks, ...this.#headParts];
  }

  /** Runs a read; blocks found damaged on the way are set aside and it runs again. */
  async scan<T>(act: (parts: readonly Part[]) => Promise<T> | T): Promise<T> {
    for (;;) {
      const before = this.#blocks;
      try {
        return await act(this.parts());
      } catch (error) {
        this.#mend(error, before);
      }
    }
  }

  keep(retention: LogRetention): void {
    this.#kept = retention;
  }

  stats(): LogsStats {
    const parts = this.parts();
    const sum = (of: (block: Block) => number): number => this.#blocks.reduce((total, block) => total + of(block), 0);
    let [oldestNs, newestNs]: (bigint | undefined)[] = [];
    for (const { minNs, maxNs } of parts) {
      if (oldestNs === undefined || minNs < oldestNs) oldestNs = minNs;
      if (newestNs === undefined || maxNs > newestNs) newestNs = maxNs;
    }
    return {
      headRecords: this.#headCount,
      blockRecords: sum(({ records }) => records),
      blocks: this.#blocks.length,
      blockBytes: sum(({ bytes }) => bytes),
      rawBytes: sum(({ meta }) => meta.rawBytes),
      streams: this.#streams.count,
      oldestNs,
      newestNs,
      appended: this.#appended,
      rejected: this.#rejected,
      damage: this.#damage,
      upkeepFault: this.#upkeepFault,
    };
  }

  async close(): Promise<void> {
    this.#cancelTick();
    try {
      if (this.#waiting.length > 0) await breathe();
      await this.#loading.flush();
      await this.#sealing;
    } finally {
      closeDb(this.db);
    }
  }

  #judge(record: LogRecord, live: boolean): LogVerdict {
    const verdict = this.#verdictOf(record, live);
    if (verdict === 'stored') this.#appended++;
    else this.#reject(verdict);
    return verdict;
  }

  #reject(verdict: LogVerdict): void {
    this.#rejected.set(verdict, (this.#rejected.get(verdict) ?? 0) + 1);
  }

  #verdictOfRow({ seconds, starts, lineEnds, ends, labelSets, streams }: LogBatch, row: number): LogVerdict {
    if (!(seconds[row]! >= 0 && seconds[row]! < lastSecond)) return 'bad_time';
    if (lineEnds[row]! - starts[row]! > lineBytesMax || ends[row]! - lineEnds[row]! > lineBytesMax) return 'too_long';
    const labels = labelSets[streams[row]!]!;
    if (labels.length > labelsMax * 2) return 'too_many_labels';
    return this.#streams.count >= streamsMax && !this.#streams.has(labels) ? 'too_many_streams' : 'stored';
  }

  #verdictOf({ timeNs, line, labels, fields }: LogRecord, live: boolean): LogVerdict {
    if (timeNs < 0n || timeNs > lastNs) return 'bad_time';
    if (line.length > lineCharsMax) return 'too_long';
    if (labels.length > labelsMax * 2 || fields.length > fieldsMax * 2) return 'too_many_labels';
    if (this.#streams.count >= streamsMax && !this.#streams.has(labels)) return 'too_many_streams';
    if (live && Number(timeNs / 1_000_000n) > this.clock.now() + this.#limits.futureMs) return 'future';
    return 'stored';
  }

  /** Makes all appends that wait durable in one transaction. */
  #commit(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    const records = waiting.flatMap((one) => one.records);
    try {
      const { lastInsertRowid } = sql(this.db, 'insert into head (bytes) values (?)').run(encodeBatch(records));
      this.#addToHead(Number(lastInsertRowid), records);
    } catch (error) {
      this.#appended -= records.length;
      const fault = new EngineError('unavailable', `${this.db.path} takes no more records (${messageOf(error)}); free some space on its disk`);
      for (const { refuse } of waiting) refuse(fault);
      return;
    }
    for (const listener of this.#listeners) listener(records);
    // Senders wait while the head holds more than it should.
    const ready = this.#isHeadFull() ? this.#upkeep() : undefined;
    void (ready ?? Promise.resolve()).then(() => {
      for (const { settle } of waiting) settle();
    });
  }

  #addToHead(row: number, records: readonly LogRecord[]): void {
    this.#headRows.set(row, records);
    this.#headParts = undefined;
    this.#headCount += records.length;
    for (const { line } of records) this.#headChars += line.length;
  }

  #isHeadFull(): boolean {
    return this.#headCount > headRecordsMax || this.#headChars > headCharsMax;
  }

  #recoverHead(): void {
    const rows = sql(this.db, 'select id, bytes from head order by id').all() as { id: number; bytes: Buffer }[];
    for (const { id, bytes } of rows) {
      try {
        this.#addToHead(id, decodeBatch(bytes));
      } catch (error) {
        if (!(error instanceof DamageError)) throw error;
        this.#setRowAside(id, bytes, error);
      }
    }
  }

  #setRowAside(id: number, bytes: Buffer, { message }: DamageError): void {
    this.#damage.push(`append ${id}: ${message}`);
    transaction(this.db, () => {
      const insert = sql(this.db, 'insert into quarantine (what, cause, found_ms, bytes) values (?, ?, ?, ?)');
      insert.run(`append ${id}`, message, this.clock.now(), bytes);
      sql(this.db, 'delete from head where id = ?').run(id);
    });
  }

  /** Takes damaged blocks out of use. Throws the failure again when the blocks are those of `before` even then. */
  #mend(error: unknown, before: readonly Block[]): void {
    if (!(error instanceof DamageError)) throw error;
    const damaged = this.#blocks.flatMap((block) => {
      const cause = this.#causeOf(block);
      return cause === undefined ? [] : [{ block, cause }];
    });
    for (const { block, cause } of damaged) {
      quarantineBlock(this.db, block.id, cause, this.clock.now());
      this.#damage.push(`block ${block.id} with ${block.records} records: ${cause}`);
    }
    if (damaged.length > 0) this.#blocks = this.#blocks.filter((block) => !damaged.some((one) => one.block === block));
    if (this.#blocks === before) throw error;
  }

  #causeOf({ id }: Block): string | undefined {
    try {
      verifyBlock(this.db, id);
      return undefined;
    } catch (error) {
      if (error instanceof DamageError) return error.message;
      throw error;
    }
  }

  #tick(): void {
    this.#cancelTick = this.clock.after(tickMs, () => this.#tick());
    void this.#upkeep();
  }

  /** Seals what is due and drops what is too old. Upkeep that fails (a full disk) is tried again with the next tick. */
  #upkeep(): Promise<void> {
    this.#sealing ??= this.#sealDue()
      .then(() => this.#retire())
      .then(
        () => void (this.#upkeepFault = ''),
        (error: unknown) => void (this.#upkeepFault = messageOf(error)),
      )
      .finally(() => (this.#sealing = undefined));
    return this.#sealing;
  }

  async #sealDue(): Promise<void> {
    const isDue = this.#headCount >= 2 * liveBlockRecords || this.#isHeadFull() || this.clock.monotonicMs() - this.#sealedMs >= sealEveryMs;
    if (isDue) await this.#seal(liveBlockRecords);
  }

  /** Moves what is in the head now into blocks, in one transaction. */
  async #seal(recordsMax: number): Promise<void> {
    const rows = [...this.#headRows];
    const encoded: EncodedBlock[] = [];
    for (const run of runsOf(
      rows.flatMap(([, records]) => records),
      recordsMax,
    )) {
      const batch = new LogBatch();
      for (const record of run) batch.addRecord(record);
      this.#streams.ensure(batch.labelSets);
      const streams = batch.labelSets.map((labels) => this.#streams.idOf(labels));
      encoded.push(await inSteps(encodeBlock(wholeRun(batch), streams)));
    }
    let blocks: Block[] = [];
    transaction(this.db, () => {
      blocks = this.#inserted(encoded);
      for (const [row] of rows) sql(this.db, 'delete from head where id = ?').run(row);
    });
    this.#blocks = [...this.#blocks, ...blocks];
    for (const [row, records] of rows) {
      this.#headRows.delete(row);
      this.#headCount -= records.length;
      for (const { line } of records) this.#headChars -= line.length;
    }
    this.#headParts = undefined;
    this.#sealedMs = this.clock.monotonicMs();
  }

  #put(encoded: readonly EncodedBlock[]): void {
    const blocks = transaction(this.db, () => this.#inserted(encoded));
    this.#blocks = [...this.#blocks, ...blocks];
  }

  /** Blocks that are in the store when the caller's transaction is. */
  #inserted(encoded: readonly EncodedBlock[]): Block[] {
    return encoded.map((one) => {
      const { id, bytes } = insertBlock(this.db, one);
      const streams = one.meta.streams.map((stream) => this.#streams.labelsOf(stream));
      return blockOf(this.db, id, bytes, one.meta, streams, this.#cache);
    });
  }

  /** Drops the blocks that are too old, and the oldest while there are too many bytes. */
  #retire(): void {
    const beforeNs = BigInt(Math.floor(Math.max(0, this.clock.now() - this.#kept.retentionMs))) * 1_000_000n;
    let bytes = this.#blocks.reduce((sum, block) => sum + block.bytes, 0);
    const gone = new Set<Block>();
    for (const block of this.#blocks.toSorted((a, b) => (a.maxNs < b.maxNs ? -1 : 1))) {
      if (block.maxNs >= beforeNs && bytes <= this.#kept.retentionBytes) break;
      gone.add(block);
      bytes -= block.bytes;
    }
    giveBackRoom(this.db, roomPages);
    if (gone.size === 0) return;
    transaction(this.db, () => {
      for (const { id } of gone) deleteBlock(this.db, id);
    });
    this.#blocks = this.#blocks.filter((block) => !gone.has(block));
  }
}
