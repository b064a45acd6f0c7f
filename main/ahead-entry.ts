/** A thread that works out rows of range queries ahead of the engine's own. */
import { constants, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { Board, workAhead } from '#core/promql/index.ts';
import { ParcelReader } from '#core/tsdb/index.ts';
import type { AheadJob } from './engine/ahead.ts';

// On Linux priority is a thread's own: whoever else has work to do comes first, this process' other threads among them.
if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_BELOW_NORMAL);

const reader = new ParcelReader();

parentPort!.on('message', ({ task, parcel, memory, share }: AheadJob) => {
  const board = new Board(memory, parcel.slots.length, task.grid.steps);
  try {
    workAhead(task, reader.open(parcel), board, share);
  } catch {
    // Whatever it is, the query does without.
  } finally {
    reader.close();
    board.leave();
  }
});
