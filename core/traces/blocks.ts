import { sql, transaction, type WriteDb } from '#core/db/index.ts';
import { ColumnCache, DamageError, unwrapBlob, wrapBlob } from '#core/blocks/index.ts';
import { encodeDigest } from './digest.ts';
import type { EncodedTable } from './encode.ts';
import { byEdge, byOperation, digestOf } from './grouping.ts';
import { fingerprintOfBytes } from './ids.ts';
import { byPeer } from './peers.ts';
import { SpanTable, tableOf, type ColumnSource, type TableMeta } from './table.ts';

/** A sealed table, and what finds its traces without reading it. */
export interface Block {
  readonly id: number;
  readonly table: SpanTable;
  readonly bytes: number;
  /** The last four bytes of every trace id, sorted. Loaded with the first search for a trace. */
  readonly fingerprints: () => Uint32Array;
}

/** The packed columns of a block, ready to be inserted. */
export interface PackedTable {
  readonly table: EncodedTable;
  readonly columns: readonly (readonly [name: string, bytes: Buffer])[];
}

/** Holds the few columns that digests are made of. */
const digestCacheBytes = 64 << 20;

/** Compresses a table's columns and digests its spans, pausing between them. */
export function* packInSteps(table: EncodedTable): Generator<undefined, PackedTable> {
  const columns: (readonly [string, Buffer])[] = [];
  for (const [name, payload] of table.columns) {
    columns.push([name, wrapBlob(payload)]);
    yield;
  }
  columns.push(['trace.find', wrapBlob(fingerprintsOf(table))]);
  const rows = tableOf(table, 'packed', new ColumnCache(digestCacheBytes));
  yield;
  columns.push(['digest:red', wrapBlob(encodeDigest(digestOf(rows, byOperation(rows))))]);
  yield;
  columns.push(['digest:edges', wrapBlob(encodeDigest(digestOf(rows, byEdge(rows))))]);
  yield;
  columns.push(['digest:peers', wrapBlob(encodeDigest(digestOf(rows, byPeer(rows))))]);
  return { table, columns };
}

function fingerprintsOf({ columns, traceCount }: EncodedTable): Uint8Array {
  const ids = columns.get('trace.id')!;
  const sorted = Uint32Array.from({ length: traceCount }, (_, trace) => fingerprintOfBytes(ids, trace)).sort();
  return new Uint8Array(sorted.buffer);
}

/** Inserts a block; the caller's transaction decides whether it stays. */
export function insertBlock(db: WriteDb, { table, columns }: PackedTable): { id: number; bytes: number } {
  const { spanCount, traceCount, minNs, maxNs, maxDurationNs } = table;
  const bytes = columns.reduce((sum, [name, { length }]) => sum + name.length + length, 0);
  const { lastInsertRowid } = sql(db, 'insert into block (spans, traces, min_ns, max_ns, max_duration_ns, size) values (?, ?, ?, ?, ?, ?)').run(
    spanCount,
    traceCount,
    minNs,
    maxNs,
    maxDurationNs,
    bytes,
  );
  const id = Number(lastInsertRowid);
  const insert = sql(db, 'insert into block_column (block, name, bytes) values (?, ?, ?)');
  for (const [name, blob] of columns) insert.run(id, name, blob);
  return { id, bytes };
}

export function blockOf(db: WriteDb, id: number, bytes: number, meta: Omit<TableMeta, 'key'>, cache: ColumnCache): Block {
  const source = new BlockColumns(db, id);
  let fingerprints: Uint32Array | undefined;
  return {
    id,
    bytes,
    table: new SpanTable({ ...meta, key: `b${id}` }, source, cache),
    fingerprints: () => (fingerprints ??= new Uint32Array(source.load('trace.find')!.slice().buffer)),
  };
}

/** Every block of the store. */
export function allBlocks(db: WriteDb, cache: ColumnCache): Block[] {
  const rows = sql(db, 'select id, spans, traces, min_ns, max_ns, max_duration_ns, size from block order by id').safeIntegers().all() as {
    id: bigint;
    spans: bigint;
    traces: bigint;
    min_ns: bigint;
    max_ns: bigint;
    max_duration_ns: number;
    size: bigint;
  }[];
  return rows.map((row) => {
    const meta = {
      spanCount: Number(row.spans),
      traceCount: Number(row.traces),
      minNs: row.min_ns,
      maxNs: row.max_ns,
      maxDurationNs: row.max_duration_ns,
    };
    return blockOf(db, Number(row.id), Number(row.size), meta, cache);
  });
}

export function deleteBlock(db: WriteDb, id: number): void {
  sql(db, 'delete from block where id = ?').run(id);
}

/** Takes a damaged block out of use; its bytes stay in the quarantine. */
export function quarantineBlock(db: WriteDb, id: number, cause: string, nowMs: number): void {
  transaction(db, () => {
    sql(
      db,
      `insert into quarantine (what, cause, found_ms, bytes)
       select 'block ' || block || ' ' || name, ?, ?, bytes from block_column where block = ?`,
    ).run(cause, nowMs, id);
    deleteBlock(db, id);
  });
}

class BlockColumns implements ColumnSource {
  readonly #db: WriteDb;
  readonly #block: number;
  #names: readonly string[] | undefined;

  constructor(db: WriteDb, block: number) {
    this.#db = db;
    this.#block = block;
  }

  load(name: string): Uint8Array | undefined {
    const row = sql(this.#db, 'select bytes from block_column where block = ? and name = ?').get(this.#block, name) as { bytes: Buffer } | undefined;
    return row === undefined ? undefined : unwrapBlob(row.bytes);
  }

  names(): readonly string[] {
    return (this.#names ??= sql(this.#db, 'select name from block_column where block = ?').pluck().all(this.#block) as string[]);
  }
}

/** Whether any column of a block fails its checksum, or cannot be read. */
export function isDamaged({ table }: Block): boolean {
  try {
    table.verify();
    return false;
  } catch (error) {
    if (error instanceof DamageError) return true;
    throw error;
  }
}
