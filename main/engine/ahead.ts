/** Threads that work out rows of heavy range queries ahead of the engine's own, on processors that have nothing to do. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { Board, type AskAhead, type RowTask, type Share } from '#core/promql/index.ts';
import { packParcel, type Parcel } from '#core/tsdb/index.ts';
import { entryFile } from '../places.ts';

/** What a thread is told; it answers on the board. */
export interface AheadJob {
  readonly task: RowTask;
  readonly parcel: Parcel;
  readonly memory: SharedArrayBuffer;
  readonly share: Share;
}

/** One processor is the engine's own; more than three others would mostly wait for it. */
const threadsMax = 3;
/** Threads that had nothing to do for so long end, and give their memory back. */
const idleMs = 60_000;
/** None start for so long after one died. */
const restMs = 60_000;
/** Of all rows that queries under way may still read: a day at a step a minute of 1,200 series. Those that come first are their own threads' anyhow. */
const boardBytesMax = 16 << 20;
/** What a thread may hold beside its columns, which are bounded themselves. */
const memoryMbMax = 256;
/** New objects of a thread, which makes few. */
const newMbMax = 8;

/**
 * One part of a query at a time is worked on. The threads start with the first that is heavy, which they are too late for. One that dies is
 * let go, and its query goes on without it.
 */
export class Ahead {
  readonly #count: number;
  readonly #entry: string;
  #threads: Worker[] = [];
  /** What threads write to, or queries read from. */
  #boards: Board[] = [];
  /** Of the board before, since the system takes long to hand out memory that was never touched. */
  #memory = new SharedArrayBuffer(0);
  #idle: NodeJS.Timeout | undefined;
  /** After one died: what killed it may do so again. */
  #isResting = false;

  constructor(count = Math.min(threadsMax, availableParallelism() - 1), entry = entryFile('ahead-entry')) {
    this.#count = count;
    this.#entry = entry;
  }

  readonly ask: AskAhead = (series, task) => {
    try {
      return this.#isResting || this.#count < 1 ? undefined : this.#ask(series, task);
    } catch {
      this.#rest(); // No memory or no thread to be had: the query does without.
      return undefined;
    }
  };

  #ask(series: Parameters<AskAhead>[0], task: RowTask): Board | undefined {
    this.#boards = this.#boards.filter((board) => !board.isStopped || !board.isLeft);
    if (this.#boards.some((board) => !board.isLeft)) return undefined;
    const { steps } = task.grid;
    const rows = Math.min(series.length, Board.rowsWithin(boardBytesMax - this.#bytesHeld(), steps));
    const parcel = rows < 1 ? undefined : packParcel(series.slice(series.length - rows));
    if (parcel === undefined) return undefined;
    this.#stayAwake();
    const board = new Board(this.#room(Board.bytes(rows, steps)), rows, steps);
    board.clear(this.#threads.length);
    this.#boards.push(board);
    for (const [index, thread] of this.#threads.entries())
      thread.postMessage({ task, parcel, memory: board.memory, share: { index, count: this.#threads.length } } satisfies AheadJob);
    return board;
  }

  /** Ends the threads. They start again when they are asked. */
  close(): void {
    clearTimeout(this.#idle);
    this.#idle = undefined;
    for (const thread of this.#threads) void thread.terminate();
    this.#threads = [];
    this.#boards = [];
    this.#memory = new SharedArrayBuffer(0);
  }

  #bytesHeld(): number {
    return this.#boards.reduce((sum, { rows, steps }) => sum + Board.bytes(rows, steps), 0);
  }

  #room(bytes: number): SharedArrayBuffer {
    const isFree = this.#boards.every(({ memory }) => memory !== this.#memory);
    if (!isFree || this.#memory.byteLength < bytes) this.#memory = new SharedArrayBuffer(bytes);
    return this.#memory;
  }

  #stayAwake(): void {
    if (this.#threads.length === 0) this.#threads = Array.from({ length: this.#count }, () => this.#start());
    this.#idle ??= setTimeout(() => this.close(), idleMs).unref();
    this.#idle.refresh();
  }

  #rest(): void {
    this.close();
    this.#isResting = true;
    setTimeout(() => (this.#isResting = false), restMs).unref();
  }

  #start(): Worker {
    const thread = new Worker(this.#entry, {
      resourceLimits: { maxOldGenerationSizeMb: memoryMbMax, maxYoungGenerationSizeMb: newMbMax },
    });
    const gone = (): void => {
      if (this.#threads.includes(thread)) this.#rest();
    };
    thread.on('error', gone);
    thread.on('exit', gone);
    thread.unref();
    return thread;
  }
}
