/** Silences: who asked that alerts with these labels stay quiet, from when to when. Semantics as Alertmanager's. */
import { EngineError, formatTime, matchesLabels, matcher, type Labels, type Matcher, type MatchOp, type UnixMs } from '#core/model/index.ts';
import { sql, type ReadDb, type WriteDb } from '#core/db/index.ts';
import { formatMatchers, matchesEmpty } from '#core/formats/index.ts';

export interface Silence {
  readonly id: string;
  readonly matchers: readonly Matcher[];
  readonly startsMs: UnixMs;
  readonly endsMs: UnixMs;
  readonly updatedMs: UnixMs;
  readonly createdBy: string;
  readonly comment: string;
}

export type SilenceState = 'active' | 'pending' | 'expired';

/** What a person asks for; with an `id`, a change of that silence. */
export interface SilenceRequest {
  readonly id?: string;
  readonly matchers: readonly Matcher[];
  readonly startsMs: UnixMs;
  readonly endsMs: UnixMs;
  readonly createdBy: string;
  readonly comment: string;
}

export function silenceState(silence: Silence, nowMs: UnixMs): SilenceState {
  if (silence.endsMs <= nowMs) return 'expired';
  return silence.startsMs > nowMs ? 'pending' : 'active';
}

/** How long an expired silence is still listed, as Alertmanager's default retention. It stays in the record for ever. */
const listedAfterEndMs = 120 * 3_600_000;

export interface SetResult {
  readonly silence: Silence;
  /** The silence that ended because of this one. */
  readonly replaced: Silence | undefined;
}

/** The silences of one journal, with those that can still matter in memory. */
export class SilenceStore {
  readonly #db: WriteDb;
  readonly #random: () => number;
  readonly #known = new Map<string, Silence>();

  /** `random` is uniform in [0, 1). */
  constructor(db: WriteDb, random: () => number, nowMs: UnixMs) {
    this.#db = db;
    this.#random = random;
    for (const silence of readSilences(db, 'where ends_ms > ?', nowMs - listedAfterEndMs)) this.#known.set(silence.id, silence);
  }

  /** Listed ones: those that will be, are, or lately were in force; by end, then id. */
  list(nowMs: UnixMs): Silence[] {
    for (const [id, silence] of this.#known) if (silence.endsMs <= nowMs - listedAfterEndMs) this.#known.delete(id);
    return [...this.#known.values()].toSorted((a, b) => a.endsMs - b.endsMs || (a.id < b.id ? -1 : 1));
  }

  get(id: string): Silence | undefined {
    return this.#known.get(id) ?? readSilences(this.#db, 'where id = ?', id)[0];
  }

  /** Ids of the silences in force that match, in order of creation. */
  silencing(labels: Labels, nowMs: UnixMs): Silence[] {
    const found: Silence[] = [];
    for (const silence of this.#known.values()) {
      if (silence.startsMs <= nowMs && nowMs < silence.endsMs && matchesLabels(silence.matchers, labels)) found.push(silence);
    }
    return found;
  }

  /**
   * Creates or changes a silence. A change of matchers, of an expired silence, or of a start that has passed makes a new silence and
   * ends the old one, so that what was in force when stays true. Throws EngineError `invalid`, `not-found`.
   */
  set(request: SilenceRequest, nowMs: UnixMs): SetResult {
    checkRequest(request, nowMs);
    const before = request.id === undefined ? undefined : this.#mustGet(request.id);
    if (before !== undefined && canUpdate(before, request, nowMs)) {
      return { silence: this.#save({ ...before, ...request, id: before.id, updatedMs: nowMs }), replaced: undefined };
    }
    const replaced = before !== undefined && silenceState(before, nowMs) !== 'expired' ? this.expire(before.id, nowMs) : undefined;
    const startsMs = Math.max(request.startsMs, nowMs);
    return { silence: this.#save({ ...request, id: newId(this.#random), startsMs, updatedMs: nowMs }), replaced };
  }

  /** Ends a silence now. Throws EngineError `not-found`; `conflict` when it has ended already. */
  expire(id: string, nowMs: UnixMs): Silence {
    const silence = this.#mustGet(id);
    if (silenceState(silence, nowMs) === 'expired') throw new EngineError('conflict', `the silence ${id} ended at ${formatTime(silence.endsMs)}`);
    const startsMs = Math.min(silence.startsMs, nowMs);
    return this.#save({ ...silence, startsMs, endsMs: nowMs, updatedMs: nowMs });
  }

  #mustGet(id: string): Silence {
    const silence = this.get(id);
    if (silence === undefined) throw new EngineError('not-found', `there is no silence ${id}`);
    return silence;
  }

  #save(silence: Silence): Silence {
    sql(
      this.#db,
      `insert or replace into silences (id, matchers, starts_ms, ends_ms, updated_ms, created_by, comment) values (?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      silence.id,
      JSON.stringify(silence.matchers.map(({ name, op, value }) => [name, op, value])),
      silence.startsMs,
      silence.endsMs,
      silence.updatedMs,
      silence.createdBy,
      silence.comment,
    );
    this.#known.set(silence.id, silence);
    return silence;
  }
}

function checkRequest(request: SilenceRequest, nowMs: UnixMs): void {
  if (request.matchers.length === 0) throw new EngineError('invalid', 'a silence needs at least one matcher');
  if (matchesEmpty(request.matchers))
    throw new EngineError('invalid', `every matcher of ${formatMatchers(request.matchers)} also matches nothing: it would silence everything`);
  if (request.endsMs <= request.startsMs) throw new EngineError('invalid', 'a silence must end after it starts');
  if (request.endsMs <= nowMs) throw new EngineError('invalid', `a silence cannot end in the past (${formatTime(request.endsMs)})`);
}

/** A running silence may change its end, its comment and who it is by; one that has not begun, its start too. */
function canUpdate(before: Silence, request: SilenceRequest, nowMs: UnixMs): boolean {
  if (formatMatchers(before.matchers) !== formatMatchers(request.matchers)) return false;
  switch (silenceState(before, nowMs)) {
    case 'active':
      // Whole seconds, as Alertmanager compares: clients write no finer times back.
      return Math.floor(request.startsMs / 1000) === Math.floor(before.startsMs / 1000);
    case 'pending':
      return request.startsMs >= nowMs;
    case 'expired':
      return false;
  }
}

interface SilenceRow {
  readonly id: string;
  readonly matchers: string;
  readonly starts_ms: number;
  readonly ends_ms: number;
  readonly updated_ms: number;
  readonly created_by: string;
  readonly comment: string;
}

function readSilences(db: ReadDb, where: string, ...values: readonly (string | number)[]): Silence[] {
  const columns = 'id, matchers, starts_ms, ends_ms, updated_ms, created_by, comment';
  const rows = sql(db, `select ${columns} from silences ${where} order by rowid`).all(...values) as SilenceRow[];
  return rows.map((row) => ({
    id: row.id,
    matchers: (JSON.parse(row.matchers) as [string, MatchOp, string][]).map(([name, op, value]) => matcher(name, op, value)),
    startsMs: row.starts_ms,
    endsMs: row.ends_ms,
    updatedMs: row.updated_ms,
    createdBy: row.created_by,
    comment: row.comment,
  }));
}

/** The silences that were in force at a moment of the past, as far as their last edit tells. */
export function silencesAt(db: ReadDb, labels: Labels, timeMs: UnixMs): Silence[] {
  const then = readSilences(db, 'where starts_ms <= ? and ends_ms > ?', timeMs, timeMs);
  return then.filter((silence) => matchesLabels(silence.matchers, labels));
}

/** A UUID of version 4 (RFC 9562). */
function newId(random: () => number): string {
  const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16));
  hex[12] = '4';
  hex[16] = '89ab'[Math.floor(random() * 4)]!;
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].map((part) => part.join('')).join('-');
}
