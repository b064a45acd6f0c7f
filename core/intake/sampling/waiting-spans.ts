import { sql, transaction, type WriteDb } from '#core/db/index.ts';
import { readOtlpSpansJson, writeOtlpJson } from '#core/formats/index.ts';
import { EngineError, messageOf, type Span, type UnixMs } from '#core/model/index.ts';

/** What became of a trace, and why. */
export interface SamplingDecision {
  readonly traceId: string;
  readonly atMs: UnixMs;
  readonly kept: boolean;
  /** The policy that decided; empty when none wanted the trace. */
  readonly policy: string;
  /** Of a composite policy, the part that decided; otherwise empty. */
  readonly part: string;
  /** Why it was decided before its time, a sentence; otherwise empty. */
  readonly cause: string;
  /** Spans that had come by then. */
  readonly spanCount: number;
}

/** Decisions, traces whose decisions are forgotten, and rows of spans that wait no more. */
export interface Settled {
  readonly decisions: readonly SamplingDecision[];
  readonly forgotten: readonly string[];
  readonly rows: readonly number[];
}

/** A push on its way to the disk. */
interface Coming {
  readonly source: string;
  readonly text: string;
  readonly done: (row: number) => void;
  readonly refuse: (why: EngineError) => void;
}

/** A push whose traces are not all decided. */
export interface WaitingRow {
  readonly row: number;
  readonly source: string;
  readonly spans: readonly Span[];
}

/**
 * Spans that wait for a decision, and the decisions, on stable storage: a push that was answered 2xx survives whatever happens while
 * its traces wait.
 */
export class WaitingSpans {
  readonly #db: WriteDb;
  #owed: Settled[] = [];
  #coming: Coming[] = [];

  constructor(db: WriteDb) {
    this.#db = db;
  }

  /**
   * Keeps spans until `settle` names their row. Pushes that come together share a commit. Rejects with EngineError `unavailable` when
   * the disk takes no more.
   */
  put(source: string, spans: readonly Span[]): Promise<number> {
    return new Promise((done, refuse) => {
      if (this.#coming.length === 0) setImmediate(() => this.#commit());
      this.#coming.push({ source, text: writeOtlpJson(spans), done, refuse });
    });
  }

  #commit(): void {
    const coming = this.#coming;
    this.#coming = [];
    try {
      const insert = sql(this.#db, 'insert into waiting_spans (source, spans) values (?, ?)');
      const rows = transaction(this.#db, () => coming.map(({ source, text }) => Number(insert.run(source, text).lastInsertRowid)));
      for (const [i, { done }] of coming.entries()) done(rows[i]!);
    } catch (error) {
      const fault = new EngineError('unavailable', `${this.#db.path} takes no more spans (${messageOf(error)}); free some space on its disk`);
      for (const { refuse } of coming) refuse(fault);
    }
  }

  /** Every push that was not settled, the oldest first. */
  rows(): readonly WaitingRow[] {
    const rows = sql(this.#db, 'select id, source, spans from waiting_spans order by id').all() as { id: number; source: string; spans: string }[];
    return rows.map(({ id, source, spans }) => ({ row: id, source, spans: readOtlpSpansJson(Buffer.from(spans)).spans }));
  }

  /** Records what was settled. What the disk does not take now is recorded with the next call. */
  settle({ decisions, forgotten, rows }: Settled): void {
    this.#owed.push({ decisions, forgotten, rows });
    try {
      transaction(this.#db, () => {
        for (const settled of this.#owed) this.#record(settled);
      });
      this.#owed = [];
    } catch (error) {
      if (!isDiskFault(error)) throw error;
    }
  }

  #record({ decisions, forgotten, rows }: Settled): void {
    const insert = sql(
      this.#db,
      'insert or replace into sampling_decisions (trace_id, at_ms, kept, policy, part, cause, span_count) values (?, ?, ?, ?, ?, ?, ?)',
    );
    for (const { traceId, atMs, kept, policy, part, cause, spanCount } of decisions)
      insert.run(traceId, Math.round(atMs), kept ? 1 : 0, policy, part, cause, spanCount);
    for (const traceId of forgotten) sql(this.#db, 'delete from sampling_decisions where trace_id = ?').run(traceId);
    for (const row of rows) sql(this.#db, 'delete from waiting_spans where id = ?').run(row);
  }

  decision(traceId: string): SamplingDecision | undefined {
    const found = sql(this.#db, `select ${columns} from sampling_decisions where trace_id = ?`).get(traceId) as DecisionRow | undefined;
    return found && decisionOf(found);
  }

  /** The newest first. */
  decisions(limit: number): readonly SamplingDecision[] {
    const rows = sql(this.#db, `select ${columns} from sampling_decisions order by at_ms desc limit ?`).all(limit) as DecisionRow[];
    return rows.map(decisionOf);
  }
}

/** SQLite could not write: the disk is full, or fails. */
function isDiskFault(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^SQLITE_(?:FULL|IOERR|READONLY)/.test(String(error.code));
}

const columns = 'trace_id, at_ms, kept, policy, part, cause, span_count';

interface DecisionRow {
  readonly trace_id: string;
  readonly at_ms: number;
  readonly kept: number;
  readonly policy: string;
  readonly part: string;
  readonly cause: string;
  readonly span_count: number;
}

function decisionOf({ trace_id, at_ms, kept, policy, part, cause, span_count }: DecisionRow): SamplingDecision {
  return { traceId: trace_id, atMs: at_ms, kept: kept === 1, policy, part, cause, spanCount: span_count };
}
