import type { QueryContext } from '../query-context.ts';
import type { ScannedColumns } from '../read/source.ts';
import type { Row } from '../vector.ts';
import type { Board } from './board.ts';
import type { RowTask } from './task.ts';

/** Rows whose time is taken, to know what the others will cost. The one before them prepares what all share. */
const rowsTimed = 4;
/** Work on the rows that are left from which on asking pays; asking takes a tenth of it. */
const leftMsMin = 3;

/** The rows of a range function that other threads may have worked out by the time they are read. */
export class RowsAhead {
  readonly #query: QueryContext;
  readonly #series: readonly ScannedColumns[];
  readonly #task: RowTask;
  #reads = 0;
  #sinceMs = 0;
  #board: Board | undefined;

  constructor(query: QueryContext, series: readonly ScannedColumns[], task: RowTask) {
    this.#query = query;
    this.#series = series;
    this.#task = task;
  }

  /** Whether the row is in `out` now; otherwise it is to be worked out. */
  take(index: number, out: Row): boolean {
    if (this.#reads <= rowsTimed) this.#time();
    if (this.#board === undefined) return false;
    const row = index - (this.#series.length - this.#board.rows);
    const cost = row < 0 ? undefined : this.#board.take(row, out);
    if (cost === undefined) return false;
    this.#query.budget.loaded(cost.samplesLoaded);
    this.#query.budget.read(cost.samplesRead);
    return true;
  }

  #time(): void {
    const { budget, askAhead, boards } = this.#query;
    if (this.#reads === 1) this.#sinceMs = budget.nowMs();
    if (this.#reads++ < rowsTimed || askAhead === undefined) return;
    const rowMs = (budget.nowMs() - this.#sinceMs) / (rowsTimed - 1);
    if (rowMs * (this.#series.length - rowsTimed) < leftMsMin) return;
    this.#board = askAhead(this.#series, this.#task);
    if (this.#board !== undefined) boards.push(this.#board);
  }
}
