/** Rows worked out ahead on other threads: whatever those have done by when, answers are those of one thread, bit for bit. */
import { rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { labelsFromRecord, labelsKey, matcher, METRIC_NAME, type Clock } from '#core/model/index.ts';
import { Board, createQueries, workAhead, type AskAhead, type Queries, type QueryRange, type RangeResult, type RowTask } from '#core/promql/index.ts';
import { packParcel, ParcelReader, type Tsdb } from '#core/tsdb/index.ts';
import { tempFolder } from '../../support/folder.ts';
import { dataMinutes, dataStartMs, randomSeries } from './peer/data.ts';
import { QueryMaker } from './peer/queries.ts';
import { Random } from './peer/random.ts';
import { storeOf } from './peer/store.ts';

const range: QueryRange = { startMs: dataStartMs, endMs: dataStartMs + dataMinutes * 60_000, stepMs: 60_000 };
const breathe = (): Promise<void> => Promise.resolve();

/** Every look at it takes a while, so that all queries are heavy. */
function slowClock(): Clock {
  let nowMs = 0;
  return { now: () => nowMs, monotonicMs: () => (nowMs += 50), after: () => () => undefined };
}

/** How many rows the other threads get done before the query's own asks for its next, by turns. */
type Schedule = (random: Random) => number;
const schedules: Readonly<Record<string, Schedule>> = {
  'far ahead': () => Infinity,
  'as fast': () => 1,
  'now and then': (random) => (random.chance(0.2) ? random.below(8) : 0),
  'dead from the start': () => 0,
};

/** A board whose thread stops after so many rows. */
class PacedBoard extends Board {
  left = 0;
  #act: () => void = () => undefined;

  override get isStopped(): boolean {
    return this.left <= 0;
  }

  override put(...of: Parameters<Board['put']>): void {
    this.left--;
    super.put(...of);
  }

  override take(...of: Parameters<Board['take']>): ReturnType<Board['take']> {
    this.#act();
    return super.take(...of);
  }

  /** Works before each row that is asked for. */
  workBefore(act: () => void): void {
    this.#act = act;
  }
}

interface Crew {
  readonly ask: AskAhead;
  /** Rows that were there when they were asked for. */
  readonly taken: () => number;
}

/** Threads that work when the schedule says so, in this one; tasks and parcels come as they would by a message. */
function crew(reader: ParcelReader, schedule: Schedule, random: Random, asked: () => void = () => undefined): Crew {
  let taken = 0;
  const ask: AskAhead = (series, task) => {
    const parcel = packParcel(series);
    if (parcel === undefined) return undefined;
    const { steps } = task.grid;
    const board = new PacedBoard(new SharedArrayBuffer(Board.bytes(series.length, steps)), series.length, steps);
    const posted = structuredClone({ task, parcel }) as { readonly task: RowTask; readonly parcel: typeof parcel };
    asked();
    const there = reader.open(posted.parcel);
    const count = 1 + random.below(3);
    board.workBefore(() => {
      board.left = schedule(random);
      for (let index = 0; index < count; index++) workAhead(posted.task, there, board, { index, count });
    });
    const take = board.take.bind(board);
    board.take = (...of) => {
      const cost = take(...of);
      if (cost !== undefined) taken++;
      return cost;
    };
    return board;
  };
  return { ask, taken: () => taken };
}

/** The sign of a NaN is the processor's or the compiler's, and changes within one thread when a function is compiled: all are one here. */
const bits = (values: Float64Array): string => Buffer.from(values.map((value) => (Number.isNaN(value) ? NaN : value)).buffer).toString('hex');

/** All of an answer but its times. */
function told({ series, notes, stats }: RangeResult): unknown {
  const { seriesCount, samplesLoaded, samplesRead, samplesHeld, bytesRead, steps } = stats;
  const points = series.map((one) => [labelsKey(one.labels), bits(one.timesMs), bits(one.values), one.histograms]);
  return { points, notes, counts: { seriesCount, samplesLoaded, samplesRead, samplesHeld, bytesRead, steps } };
}

/** What a query gives, or the sentence with which it fails. */
async function outcome(queries: Queries, query: string): Promise<unknown> {
  return queries.range(query, range, { fresh: true }).then(told, (error: Error) => error.message);
}

const named = [
  'sum by (instance) (rate(requests_total[5m]))',
  'histogram_quantile(0.9, sum by (le) (rate(duration_seconds_bucket[5m])))',
  'quantile_over_time(0.9, {__name__!=""}[10m])',
  'quantile_over_time(2, {__name__!=""}[10m])',
  'predict_linear({__name__!=""}[20m], 3600)',
  'increase({__name__!=""}[7m] offset 3m)',
  'last_over_time({__name__!=""}[5m])',
  'rate({__name__!=""}[5m] smoothed)',
  'increase({__name__!=""}[5m] anchored)',
  'double_exponential_smoothing({__name__!=""}[5m], 0.5, 0.5)',
  'double_exponential_smoothing({__name__!=""}[5m], 2, 0.5)',
  'max_over_time(sum by (job) (rate({__name__!=""}[5m]))[10m:1m])',
  'delta({__name__!=""}[5m] @ end())',
];

const data = randomSeries(7);

/** Half sealed, half in the head, and of some series a part was deleted. */
function filled(): Tsdb {
  const store = storeOf(data, tempFolder());
  store.deleteSeries([matcher('instance', '=', 'b'), matcher('job', '=', 'api')], range.startMs + 1_000_000, range.startMs + 2_000_000);
  return store;
}

const queriesOf = (source: Tsdb, askAhead?: AskAhead): Queries => createQueries({ source, clock: slowClock(), breathe, askAhead });

describe('whatever the other threads have done by then', () => {
  test.each(Object.entries(schedules))(
    'answers are the same: %s',
    async (name, schedule) => {
      const store = filled();
      const alone = queriesOf(store);
      const reader = new ParcelReader();
      const { ask, taken } = crew(reader, schedule, new Random(11));
      const together = queriesOf(store, ask);
      const maker = new QueryMaker(2026);
      for (const query of [...named, ...Array.from({ length: 50 }, () => maker.query())])
        expect(await outcome(together, query), query).toEqual(await outcome(alone, query));
      if (name === 'dead from the start') expect(taken()).toBe(0);
      else expect(taken()).toBeGreaterThan(200);
      reader.close();
      await store.close();
    },
    60_000,
  );

  test('what a part of the query costs is told of one thread', async () => {
    const { ask } = crew(
      new ParcelReader(),
      () => Infinity,
      new Random(1),
      () => expect.fail('asked'),
    );
    const store = filled();
    expect((await queriesOf(store, ask).range(named[0]!, range, { explain: true })).explain).toBeDefined();
    await store.close();
  });

  test('while the engine is strained nobody is asked', async () => {
    const { ask } = crew(
      new ParcelReader(),
      () => Infinity,
      new Random(1),
      () => expect.fail('asked'),
    );
    const store = filled();
    const together = createQueries({ source: store, clock: slowClock(), breathe, askAhead: ask, strained: () => true });
    expect((await together.range(named[6]!, range, { fresh: true })).series.length).toBeGreaterThan(20);
    await store.close();
  });
});

describe('frames that go while rows are worked out', () => {
  const everything = 'last_over_time({__name__!=""}[5m])';

  test('recoded: the answer stays', async () => {
    const store = filled();
    const reader = new ParcelReader();
    const { ask, taken } = crew(
      reader,
      (by) => (by.chance(0.1) ? 5 : 0),
      new Random(3),
      () => store.compact(),
    );
    const before = await outcome(queriesOf(store), everything);
    const together = queriesOf(store, ask);
    for (let turn = 0; turn < 3; turn++) expect(await outcome(together, everything)).toEqual(before);
    expect(taken()).toBeGreaterThan(0);
    reader.close();
    await store.close();
  });

  test('deleted: the query does those rows itself, from what is left', async () => {
    const store = filled();
    store.compact();
    const reader = new ParcelReader();
    const { ask } = crew(
      reader,
      () => Infinity,
      new Random(3),
      () => {
        store.deleteSeries([matcher(METRIC_NAME, '=~', 'target_info|wide.*|size')], range.startMs, range.startMs + 3_000_000);
        while (store.cleanTombstones());
      },
    );
    const answer = await queriesOf(store, ask).range(everything, range, { fresh: true });
    const after = await queriesOf(store).range(everything, range, { fresh: true });
    expect(told(answer)).toEqual(told(after));
    reader.close();
    await store.close();
  });
});

test('a file that another store has made anew is not taken for the one before', async () => {
  const folder = tempFolder();
  const reader = new ParcelReader();
  const sums: number[] = [];
  for (const factor of [1, 3]) {
    rmSync(folder, { recursive: true, force: true });
    const values = Float64Array.from({ length: 300 }, (_, i) => i * factor);
    const series = Array.from({ length: 8 }, (_, i) => ({
      labels: labelsFromRecord({ __name__: 'm', i: String(i) }),
      timesMs: Float64Array.from(values, (_value, k) => range.startMs + k * 15_000),
      values,
    }));
    const store = storeOf(series, folder);
    store.compact();
    const parcel = packParcel(store.scan([matcher(METRIC_NAME, '=', 'm')], range.startMs, range.endMs))!;
    sums.push(reader.open(structuredClone(parcel))[5]!.values.reduce((sum, value) => sum + value));
    await store.close();
  }
  expect(sums).toEqual([44_850, 134_550]);
  reader.close();
});

describe('a board', () => {
  const row = (value: number) => ({ values: new Float64Array(3).fill(value), kinds: new Uint8Array(3).fill(1), histograms: undefined });
  const cost = { samplesLoaded: 5, samplesRead: 7 };
  const boardOf = (rows: number): Board => new Board(new SharedArrayBuffer(Board.bytes(rows, 3)), rows, 3);

  test('gives a row that is there, as often as it is asked for', () => {
    const board = boardOf(2);
    board.put(1, row(4), cost);
    const out = row(0);
    expect(board.take(1, out)).toEqual(cost);
    expect([...out.values]).toEqual([4, 4, 4]);
    expect(board.take(1, row(0))).toEqual(cost);
  });

  test('and none that was asked for before it was there', () => {
    const board = boardOf(2);
    const out = row(9);
    expect(board.take(0, out)).toBeUndefined();
    board.put(0, row(4), cost);
    expect(board.take(0, out)).toBeUndefined();
    expect(board.isOpen(0)).toBe(false);
    expect([...out.values]).toEqual([9, 9, 9]);
  });

  test('has room for as many rows as it says', () => {
    for (const steps of [1, 60, 1440, 11_000]) {
      const rows = Board.rowsWithin(1 << 20, steps);
      expect(Board.bytes(rows, steps)).toBeLessThanOrEqual(1 << 20);
      expect(Board.bytes(rows + 1, steps)).toBeGreaterThan(1 << 20);
    }
  });
});
