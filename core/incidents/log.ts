import { transaction, type WriteDb } from '#core/db/index.ts';
import { EngineError, type Clock, type Incident, type IncidentEvent, type IncidentFact, type UnixMs } from '#core/model/index.ts';
import { fold, type Folded } from './fold.ts';
import { insertEvent, insertIncident, selectEvents, selectHeads } from './store.ts';

export interface LogOptions {
  readonly db: WriteDb;
  readonly clock: Clock;
  /** Called after each commit with the incident that changed. */
  readonly onChange?: (incident: number) => void;
}

/** A fact to log; `atMs` is when it happened, the engine's present when absent. */
export interface Entry {
  readonly by: string;
  readonly what: IncidentFact;
  readonly atMs?: UnixMs | undefined;
}

/**
 * The append-only log of every incident. What it answers is on stable storage (class A). Reading folds only what is new: the
 * last fold of each incident is kept, but never one that saw an open transaction, which may yet be undone.
 */
export class IncidentLog {
  readonly #options: LogOptions;
  readonly #known = new Map<number, Folded>();

  constructor(options: LogOptions) {
    this.#options = options;
  }

  /** Throws EngineError `not-found`. */
  read(incident: number): Folded {
    const known = this.#known.get(incident);
    const now = fold(known, selectEvents(this.#options.db, incident, known?.seq ?? 0));
    if (now === undefined) throw new EngineError('not-found', `there is no incident ${incident}`);
    if (!this.#options.db.connection.inTransaction) this.#known.set(incident, now);
    return now;
  }

  /** Every incident, the newest first. */
  all(): readonly Folded[] {
    return selectHeads(this.#options.db).map(({ incident, seq }) => {
      const known = this.#known.get(incident);
      return known?.seq === seq ? known : this.read(incident);
    });
  }

  events(incident: number): readonly IncidentEvent[] {
    const events = selectEvents(this.#options.db, incident, 0);
    if (events.length === 0) throw new EngineError('not-found', `there is no incident ${incident}`);
    return events;
  }

  open(entries: readonly Entry[]): Incident {
    const { db, clock } = this.#options;
    const id = transaction(db, () => {
      const made = insertIncident(db, clock.now());
      this.#insert(made, 0, entries);
      return made;
    });
    return this.#changed(id);
  }

  /** Appends what `decide` makes of the incident as it stands inside the transaction; answers with the incident as it then is. */
  append(incident: number, decide: (now: Folded) => readonly Entry[]): Incident {
    transaction(this.#options.db, () => this.appendWithin(incident, decide));
    return this.#changed(incident);
  }

  /** The same inside a transaction of the caller's, who tells of the change when it is committed. */
  appendWithin(incident: number, decide: (now: Folded) => readonly Entry[]): void {
    const now = this.read(incident);
    this.#insert(incident, now.seq, decide(now));
  }

  #insert(incident: number, seq: number, entries: readonly Entry[]): void {
    const loggedMs = this.#options.clock.now();
    entries.forEach(({ by, what, atMs }, i) => {
      insertEvent(this.#options.db, { incident, seq: seq + i + 1, atMs: Math.round(atMs ?? loggedMs), loggedMs, by, what });
    });
  }

  #changed(incident: number): Incident {
    const { incident: now } = this.read(incident);
    this.#options.onChange?.(incident);
    return now;
  }
}
