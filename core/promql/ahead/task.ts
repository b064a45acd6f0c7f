import type { DurationMs } from '#core/model/index.ts';
import { Budget, defaultLimits } from '../budget.ts';
import { rangeFunctions } from '../functions/range-functions.ts';
import type { Grid, Sight } from '../grid.ts';
import type { RangeNotes } from '../notes.ts';
import type { ScannedColumns } from '../read/source.ts';
import { selectorRanges, type Margin, type RangeCall } from '../read/windows.ts';
import { clearRow, newRow } from '../vector.ts';
import type { Board, RowCost } from './board.ts';

/** A function of a range selector: all there is to know for its rows, but for the samples. Can be posted to a thread. */
export interface RowTask {
  readonly name: string;
  readonly grid: Grid;
  readonly sight: Sight;
  readonly rangeMs: DurationMs;
  readonly margin: Margin;
  readonly extend: RangeCall['extend'];
  readonly scalars: readonly Float64Array[];
}

/** Which part of the rows a thread works out: part `index` of `count`. */
export interface Share {
  readonly index: number;
  readonly count: number;
}

/** Rows worked out one after another, in the order in which the series decode best. */
const chunkRowsMax = 16;
/** The query's own thread and the others meet within a chunk, and do some of its rows twice: they are to be few. */
const chunksMin = 8;

/**
 * Works out rows of a task, chunk by chunk from the last series on, until they meet the query's own thread, which comes from the first.
 * A row that is not about floats alone, that has something to note, or whose samples cannot be read, is left to that thread. `series`
 * are those of the board's rows. Ends soon after the board is stopped.
 */
export function workAhead(task: RowTask, series: readonly ScannedColumns[], board: Board, { index, count }: Share): void {
  const rows = new Rows(task, series);
  const chunkRows = Math.min(chunkRowsMax, Math.ceil(series.length / (chunksMin * count)));
  for (let end = series.length - index * chunkRows; end > 0; end -= chunkRows * count) {
    for (let row = Math.max(0, end - chunkRows); row < end; row++) {
      if (board.isStopped) return;
      if (board.isOpen(row)) rows.lay(row, board);
    }
  }
}

/** Rows as the evaluator makes them, on their own. */
class Rows {
  readonly #task: RowTask;
  readonly #budget = new Budget({ ...defaultLimits, samplesMax: Infinity }, undefined, undefined, undefined);
  readonly #ranges: ReturnType<typeof selectorRanges>;
  readonly #out;

  constructor(task: RowTask, series: readonly ScannedColumns[]) {
    this.#task = task;
    this.#ranges = selectorRanges(series, task.sight, task.rangeMs, task.margin, this.#budget);
    this.#out = newRow(task.grid.steps);
  }

  /** Puts a row on the board if it can be worked out here. */
  lay(index: number, board: Board): void {
    const before = this.#cost();
    try {
      if (!this.#compute(index)) return;
    } catch {
      return; // Whatever it was, the query's own thread will meet it, and say so.
    }
    const after = this.#cost();
    board.put(index, this.#out, {
      samplesLoaded: after.samplesLoaded - before.samplesLoaded,
      samplesRead: after.samplesRead - before.samplesRead,
    });
  }

  #cost(): RowCost {
    return this.#budget.stats(0);
  }

  #compute(index: number): boolean {
    const { name, grid, sight, rangeMs, extend, scalars } = this.#task;
    const row = this.#ranges.read(index);
    if (row.histograms !== undefined) return false;
    clearRow(this.#out);
    const call = { steps: grid.steps, sight, rangeMs, grid, scalars, extend, metric: '', notes: noNotes };
    rangeFunctions.get(name)!.compute(row, this.#out, call);
    return this.#out.histograms === undefined;
  }
}

/** A note belongs to the query, which only its own thread has. */
function leave(): never {
  throw new Error('a note');
}

const noNotes: RangeNotes = {
  ignoredHistograms: leave,
  mixed: leave,
  invalidQuantile: leave,
  notCounter: leave,
  notGauge: leave,
  mixedSchemas: leave,
  reconciled: leave,
  resetCollision: leave,
};
