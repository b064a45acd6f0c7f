/** The real threads that work out rows ahead: on the store's own file, while it is written. */
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { labelsFromRecord, type Clock } from '#core/model/index.ts';
import { createQueries, type AskAhead, type Board, type Queries, type RangeResult } from '#core/promql/index.ts';
import { openTsdb, type Tsdb } from '#core/tsdb/index.ts';
import { Ahead } from '../../main/engine/ahead.ts';
import { ManualClock } from '../support/clock.ts';
import { tempFolder } from '../support/folder.ts';

const startMs = Date.UTC(2026, 0, 5);
const steps = 480;
const range = { startMs, endMs: startMs + steps * 15_000, stepMs: 15_000 };
const query = 'sum by (dc) (rate(requests_total[5m]))';
const seriesCount = 200;

/** Every look at it takes a while, so that all queries are heavy. */
const slowClock = (): Clock => {
  let nowMs = 0;
  return { now: () => nowMs, monotonicMs: () => (nowMs += 4), after: () => () => undefined };
};

async function filled(): Promise<Tsdb> {
  const store = openTsdb({ folder: tempFolder(), clock: new ManualClock(startMs + 86_400_000) });
  const labels = Array.from({ length: seriesCount }, (_, i) => labelsFromRecord({ __name__: 'requests_total', dc: `dc-${i % 3}`, i: String(i) }));
  for (let k = 0; k < steps; k++) {
    const batch = store.batch();
    labels.forEach((set, i) => batch.add(store.ref(set), startMs + k * 15_000, ((k * (i + 3)) % 5_000) / 7));
    await batch.commit('process');
    if (k === 400) store.compact();
  }
  onTestFinished(() => store.close());
  return store;
}

/** Threads, and the boards that they were given. */
function crew(): { readonly ahead: Ahead; readonly ask: AskAhead; readonly boards: Board[] } {
  const ahead = new Ahead(2);
  const boards: Board[] = [];
  onTestFinished(() => ahead.close());
  const ask: AskAhead = (series, task) => {
    const board = ahead.ask(series, task);
    if (board !== undefined) boards.push(board);
    return board;
  };
  return { ahead, ask, boards };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await setImmediate();
}

/** Whether the last row is there: the first that threads work out. */
const isAhead = (board: Board): boolean => !board.isOpen(board.rows - 1);

/** Queries that pause, once somebody was asked, until something is the case. */
function waiting(store: Tsdb, ask: AskAhead, boards: readonly Board[], holds: (board: Board) => boolean): Queries {
  const breathe = (): Promise<void> => until(() => boards.length === 0 || holds(boards.at(-1)!));
  return createQueries({ source: store, clock: slowClock(), breathe, askAhead: ask });
}

const plain = ({ series }: RangeResult): unknown => series.map(({ labels, timesMs, values }) => [labels, [...timesMs], [...values]]);
const alone = (store: Tsdb, expr = query): Promise<RangeResult> =>
  createQueries({ source: store, clock: slowClock(), breathe: setImmediate }).range(expr, range, { fresh: true });

test('threads work out rows of the query, and the answer is the same', async () => {
  const store = await filled();
  const { ask, boards } = crew();
  const expected = plain(await alone(store));
  const queries = waiting(store, ask, boards, isAhead);
  for (let turn = 1; turn <= 3; turn++) {
    expect(plain(await queries.range(query, range, { fresh: true }))).toEqual(expected);
    expect(boards).toHaveLength(turn);
    await until(() => boards.at(-1)!.isLeft);
  }
});

test('a query that is cancelled ends at its next pause, and so do the threads', async () => {
  const store = await filled();
  const { ask, boards } = crew();
  const controller = new AbortController();
  const queries = waiting(store, ask, boards, (board) => {
    if (isAhead(board)) controller.abort();
    return isAhead(board);
  });
  await expect(queries.range(query, range, { fresh: true, signal: controller.signal })).rejects.toMatchObject({ code: 'cancelled' });
  expect(boards[0]!.isStopped).toBe(true);
  await until(() => boards[0]!.isLeft);
});

test('threads that end in the middle of a query leave it alone, and others start for the next', async () => {
  const store = await filled();
  const { ahead, ask, boards } = crew();
  const expected = plain(await alone(store));
  const dying = waiting(store, ask, boards, () => {
    ahead.close();
    return true;
  });
  expect(plain(await dying.range(query, range, { fresh: true }))).toEqual(expected);
  const living = waiting(store, ask, boards, isAhead);
  expect(plain(await living.range(query, range, { fresh: true }))).toEqual(expected);
  expect(boards).toHaveLength(2);
});

test('queries that run at once keep their rows apart', async () => {
  const store = await filled();
  const { ask, boards } = crew();
  const other = 'sum by (dc) (increase(requests_total[10m]))';
  const expected = [plain(await alone(store)), plain(await alone(store, other))];
  const [paused, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const breathe = async (): Promise<void> => {
    if (boards.length === 0) return;
    await until(() => boards[0]!.isLeft);
    paused.resolve();
    await goOn.promise;
  };
  const first = createQueries({ source: store, clock: slowClock(), breathe, askAhead: ask }).range(query, range, { fresh: true });
  await paused.promise;
  const second = await waiting(store, ask, boards, isAhead).range(other, range, { fresh: true });
  expect(boards).toHaveLength(2);
  goOn.resolve();
  expect([plain(await first), plain(second)]).toEqual(expected);
});

test('threads that cannot start are not asked again for a while', async () => {
  const store = await filled();
  const ahead = new Ahead(2, join(tempFolder(), 'missing.js'));
  const boards: (Board | undefined)[] = [];
  const ask: AskAhead = (...of) => {
    boards.push(ahead.ask(...of));
    return boards.at(-1);
  };
  const expected = plain(await alone(store));
  const queries = createQueries({ source: store, clock: slowClock(), breathe: setImmediate, askAhead: ask });
  while (boards.at(-1) !== undefined || boards.length === 0) expect(plain(await queries.range(query, range, { fresh: true }))).toEqual(expected);
  expect(plain(await queries.range(query, range, { fresh: true }))).toEqual(expected);
  expect(boards.at(-1)).toBeUndefined();
});

test('where there is one processor nobody is asked', async () => {
  const store = await filled();
  const ahead = new Ahead(0);
  const queries = createQueries({
    source: store,
    clock: slowClock(),
    breathe: setImmediate,
    askAhead: (...of) => {
      expect(ahead.ask(...of)).toBeUndefined();
      return undefined;
    },
  });
  expect(plain(await queries.range(query, range, { fresh: true }))).toEqual(plain(await alone(store)));
});
