import { sql, transaction, type WriteDb } from '#core/db/index.ts';
import type { Labels } from '#core/model/index.ts';
import { type ColumnCache, DamageError, unwrapBlob } from '#core/blocks/index.ts';
import type { BlockMeta, EncodedBlock } from './block.ts';
import { Block } from './part.ts';

/** Inserts a block; the caller's transaction decides whether it stays. */
export function insertBlock(db: WriteDb, { meta, parts }: EncodedBlock): { readonly id: number; readonly bytes: number } {
  const { records, rawBytes, minNs, maxNs, streams, levels } = meta;
  const bytes = parts.reduce((sum, [name, { length }]) => sum + name.length + length, 0);
  const { lastInsertRowid } = sql(
    db,
    'insert into block (records, raw_bytes, min_ns, max_ns, size, streams, levels) values (?, ?, ?, ?, ?, ?, ?)',
  ).run(records, rawBytes, minNs, maxNs, bytes, JSON.stringify(streams), JSON.stringify(levels));
  const id = Number(lastInsertRowid);
  const insert = sql(db, 'insert into block_part (block, name, bytes) values (?, ?, ?)');
  for (const [name, blob] of parts) insert.run(id, name, blob);
  return { id, bytes };
}

export function blockOf(db: WriteDb, id: number, bytes: number, meta: BlockMeta, streams: readonly Labels[], cache: ColumnCache): Block {
  const loadIfThere = (name: string): Uint8Array | undefined => {
    const row = sql(db, 'select bytes from block_part where block = ? and name = ?').get(id, name) as { bytes: Buffer } | undefined;
    return row && unwrapBlob(row.bytes);
  };
  const load = (name: string): Uint8Array => {
    const part = loadIfThere(name);
    if (part === undefined) throw new DamageError(`the part ${name} is missing`);
    return part;
  };
  return new Block(id, bytes, meta, streams, { load, loadIfThere }, cache);
}

/** Every block of the store. `streamOf` gives the labels of a stream's number. */
export function allBlocks(db: WriteDb, streamOf: (id: number) => Labels, cache: ColumnCache): Block[] {
  const rows = sql(db, 'select id, records, raw_bytes, min_ns, max_ns, size, streams, levels from block order by id').safeIntegers().all() as {
    id: bigint;
    records: bigint;
    raw_bytes: bigint;
    min_ns: bigint;
    max_ns: bigint;
    size: bigint;
    streams: string;
    levels: string;
  }[];
  return rows.map((row) => {
    const streams = JSON.parse(row.streams) as number[];
    const meta: BlockMeta = {
      records: Number(row.records),
      rawBytes: Number(row.raw_bytes),
      minNs: row.min_ns,
      maxNs: row.max_ns,
      levels: JSON.parse(row.levels) as number[],
      streams,
    };
    return blockOf(db, Number(row.id), Number(row.size), meta, streams.map(streamOf), cache);
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
       select 'block ' || block || ' ' || name, ?, ?, bytes from block_part where block = ?`,
    ).run(cause, nowMs, id);
    deleteBlock(db, id);
  });
}

/** Throws DamageError when a part of the block does not say what it must. */
export function verifyBlock(db: WriteDb, id: number): void {
  const rows = sql(db, 'select bytes from block_part where block = ?').all(id) as { bytes: Buffer }[];
  if (rows.length === 0) throw new DamageError('the block has no parts');
  for (const { bytes } of rows) unwrapBlob(bytes);
}
