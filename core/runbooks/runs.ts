import { transaction, type WriteDb } from '#core/db/index.ts';
import { EngineError, type Clock, type Runbook, type RunbookEvent, type RunbookRun, type UnixMs } from '#core/model/index.ts';
import type { ParamValue } from './params.ts';
import { foldRun, type LoggedRunEvent } from './run.ts';
import { insertRun, insertRunEvents, selectRun, selectRunEvents, selectRunIds } from './store.ts';

/** An event of a run that belongs to an incident, for the incident's log. */
export interface RunRecord {
  readonly incident: number;
  readonly run: string;
  /** The runbook's title. */
  readonly runbook: string;
  readonly atMs: UnixMs;
  readonly by: string;
  readonly event: RunbookEvent;
}

export interface RunsOptions {
  readonly db: WriteDb;
  readonly clock: Clock;
  /** Called inside the transaction that stores the event, so that run and incident never disagree; what it throws undoes both. */
  readonly record?: (entry: RunRecord) => void;
  /** Called after the commit. */
  readonly onChange?: (run: RunbookRun) => void;
}

export interface RunLog {
  readonly run: RunbookRun;
  readonly events: readonly LoggedRunEvent[];
}

const listedMax = 200;

/** The log of all runs: each change is events added, committed, and only then told. */
export class Runs {
  readonly #options: RunsOptions;

  constructor(options: RunsOptions) {
    this.#options = options;
  }

  /** Throws EngineError `not-found`. */
  load(id: string): RunbookRun {
    return this.#read(id).run;
  }

  /** The newest first. */
  list(incident: number | undefined, limit: number): readonly RunbookRun[] {
    return selectRunIds(this.#options.db, incident, Math.min(limit, listedMax)).map((number) => this.load(`run-${number}`));
  }

  /** The newest runs with their events. */
  logs(): readonly RunLog[] {
    return selectRunIds(this.#options.db, undefined, listedMax).map((number) => ({
      run: this.load(`run-${number}`),
      events: selectRunEvents(this.#options.db, number),
    }));
  }

  start(runbook: Runbook, params: readonly ParamValue[], incident: number | undefined, by: string): RunbookRun {
    const { db, clock } = this.#options;
    const id = transaction(db, () => {
      const made = `run-${insertRun(db, incident, runbook, clock.now())}`;
      this.#add(made, by, () => [{ kind: 'started', params }]);
      return made;
    });
    return this.#changed(id);
  }

  /** Appends what `decide` makes of the run as it stands inside the transaction; answers with the run as it then is. */
  append(id: string, by: string, decide: (run: RunbookRun) => readonly RunbookEvent[]): RunbookRun {
    transaction(this.#options.db, () => this.#add(id, by, decide));
    return this.#changed(id);
  }

  #add(id: string, by: string, decide: (run: RunbookRun) => readonly RunbookEvent[]): void {
    const { db, clock, record } = this.#options;
    const { number, eventCount, run } = this.#read(id);
    const atMs = clock.now();
    const events = decide(run).map((event) => ({ atMs, by, event }));
    insertRunEvents(db, number, eventCount, events);
    if (run.incident === undefined) return;
    for (const logged of events) record?.({ incident: run.incident, run: id, runbook: run.runbook.title, ...logged });
  }

  #read(id: string): { readonly number: number; readonly eventCount: number; readonly run: RunbookRun } {
    const number = Number(/^run-(\d{1,15})$/.exec(id)?.[1] ?? 0);
    const head = selectRun(this.#options.db, number);
    if (head === undefined) throw new EngineError('not-found', `there is no run "${id}"`);
    const events = selectRunEvents(this.#options.db, number);
    return { number, eventCount: events.length, run: foldRun(head, events) };
  }

  #changed(id: string): RunbookRun {
    const run = this.load(id);
    this.#options.onChange?.(run);
    return run;
  }
}
