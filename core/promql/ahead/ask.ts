import type { ScannedColumns } from '../read/source.ts';
import type { Board } from './board.ts';
import type { RowTask } from './task.ts';

/**
 * Asks other threads for rows of a task, a row for each series or for the last of them. The series come from the query's source as they are.
 * Undefined: nobody has time, or the series cannot be read elsewhere.
 */
export type AskAhead = (series: readonly ScannedColumns[], task: RowTask) => Board | undefined;
