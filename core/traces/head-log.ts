import { sql, transaction, type WriteDb } from '#core/db/index.ts';
import type { Span } from '#core/model/index.ts';
import { decodeBatch, encodeBatch } from './batch.ts';
import { DamageError } from '#core/blocks/index.ts';

/** The appends whose spans are in no block yet, a row each. */
export class HeadLog {
  readonly #db: WriteDb;
  readonly #rows = new Map<number, readonly Span[]>();

  constructor(db: WriteDb) {
    this.#db = db;
  }

  /** Makes spans durable. Throws what the database throws. */
  put(spans: readonly Span[]): void {
    const { lastInsertRowid } = sql(this.#db, 'insert into head (bytes) values (?)').run(encodeBatch(spans));
    this.#rows.set(Number(lastInsertRowid), spans);
  }

  /** Every append that was there before. Those that are damaged are set aside, and told. */
  recover(nowMs: number, act: (spans: readonly Span[]) => void, onDamage: (sentence: string) => void): void {
    const rows = sql(this.#db, 'select id, bytes from head order by id').all() as { id: number; bytes: Buffer }[];
    for (const { id, bytes } of rows) {
      try {
        const spans = decodeBatch(bytes);
        this.#rows.set(id, spans);
        act(spans);
      } catch (error) {
        if (!(error instanceof DamageError)) throw error;
        onDamage(`append ${id}: ${error.message}`);
        this.#setAside(id, bytes, error, nowMs);
      }
    }
  }

  /** Takes out spans that go into a block, within the transaction that puts them there. What it gives is called when that stands. */
  trim(gone: ReadonlySet<Span>): () => void {
    const left = new Map<number, readonly Span[]>();
    for (const [row, spans] of this.#rows) {
      const rest = spans.filter((span) => !gone.has(span));
      if (rest.length < spans.length) left.set(row, rest);
    }
    for (const [row, rest] of left) {
      if (rest.length === 0) sql(this.#db, 'delete from head where id = ?').run(row);
      else sql(this.#db, 'update head set bytes = ? where id = ?').run(encodeBatch(rest), row);
    }
    return () => {
      for (const [row, rest] of left) {
        if (rest.length === 0) this.#rows.delete(row);
        else this.#rows.set(row, rest);
      }
    };
  }

  #setAside(id: number, bytes: Buffer, { message }: DamageError, nowMs: number): void {
    transaction(this.#db, () => {
      const insert = sql(this.#db, 'insert into quarantine (what, cause, found_ms, bytes) values (?, ?, ?, ?)');
      insert.run(`append ${id}`, message, nowMs, bytes);
      sql(this.#db, 'delete from head where id = ?').run(id);
    });
  }
}
