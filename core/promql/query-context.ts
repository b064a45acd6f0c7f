import type { DurationMs, UnixMs } from '#core/model/index.ts';
import type { AskAhead } from './ahead/ask.ts';
import type { Board } from './ahead/board.ts';
import type { Budget } from './budget.ts';
import type { Notebook } from './notes.ts';
import type { SeriesSource } from './read/source.ts';

/** The query as a whole: what its parts share. */
export interface QueryContext {
  readonly source: SeriesSource;
  readonly budget: Budget;
  readonly notes: Notebook;
  readonly signal: AbortSignal | undefined;
  readonly lookbackMs: DurationMs;
  /** Step of a subquery that names none. */
  readonly subqueryStepMs: DurationMs;
  /** Metric names go at the end of the query, not at once. */
  readonly delayedNames: boolean;
  readonly startMs: UnixMs;
  readonly endMs: UnixMs;
  /** 0 for an instant query. */
  readonly stepMs: DurationMs;
  /** Undefined where a query has one thread only. */
  readonly askAhead: AskAhead | undefined;
  /** What other threads may still be working on. */
  readonly boards: Board[];
}
