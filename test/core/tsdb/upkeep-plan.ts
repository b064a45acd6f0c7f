/** What upkeep is cut short in: the data, the acts, and what is asked before and after. */
import { labelsFromRecord, matcher, type Clock } from '#core/model/index.ts';
import { evaluateRange } from '#core/promql/index.ts';
import { openTsdb, type Tsdb } from '#core/tsdb/index.ts';
import { random } from './random.ts';

const hourMs = 3_600_000;
const startMs = Date.UTC(2026, 0, 5);
const stepMs = 60_000;
/** A day and six hours: rollups of the day are merged. The last hours are left in the log. */
const steps = 30 * 60;
const sealedSteps = 28 * 60;
const endMs = startMs + (steps - 1) * stepMs;

export const planLimits = { rollAfterMs: 0 };
const everything = [matcher('i', '!=', '')];
const names = Array.from({ length: 10 }, (_, i) => labelsFromRecord({ __name__: i < 7 ? 'work_total' : 'queue', i: String(i) }));

export interface PlanClock extends Clock {
  pass(ms: number): void;
}

/** A clock that stands at the end of the data until it is told to go on. */
export function planClock(): PlanClock {
  let nowMs = endMs;
  return { now: () => nowMs, monotonicMs: () => nowMs, after: () => () => undefined, pass: (ms) => void (nowMs += ms) };
}

async function append(db: Tsdb, from: number, to: number, next: () => number): Promise<void> {
  for (let n = from; n < to; n++) {
    const batch = db.batch();
    names.forEach((labels, i) => {
      const ref = db.ref(labels);
      batch.add(ref, startMs + n * stepMs, i < 7 ? n * (i + 1) : Math.floor(next() * 1e6));
      if (n % 200 === 0) db.addExemplar(ref, { labels: ['trace_id', String(n)], timeMs: startMs + n * stepMs, value: n });
    });
    await batch.commit(n === to - 1 ? 'power' : 'process');
  }
}

/** A folder with what an act needs: fresh (all in the log, or sealed and not yet recoded) or settled (recoded and rolled up, the last hours in the log). */
export async function makeFolder(folder: string, isSettled: boolean): Promise<void> {
  const clock = planClock();
  const db = openTsdb({ folder, clock, limits: planLimits });
  const next = random(5);
  db.setMetadata('work_total', { type: 'counter', help: 'Work done.', unit: '' });
  await append(db, 0, sealedSteps, next);
  if (isSettled) db.compact();
  else for (let i = 0; i < 3; i++) db.tick();
  await append(db, sealedSteps, steps, next);
}

const finish = (db: Tsdb): void => {
  while (db.tick());
};

/** Each kind of upkeep, to its end. */
export const acts = {
  /** Seals walk by walk, cuts the log, recodes, rolls up, merges. */
  upkeep: (db: Tsdb, clock: PlanClock) => {
    for (let i = 0; i < 12; i++) {
      finish(db);
      clock.pass(120_000);
    }
  },
  compact: (db: Tsdb) => db.compact(),
  'retention by age': (db: Tsdb) => {
    db.keep({ retentionMs: 9 * hourMs, rollup5mRetentionMs: Infinity, rollup1hRetentionMs: Infinity, retentionBytes: Infinity });
    finish(db);
  },
  'retention by bytes': (db: Tsdb) => {
    finish(db); // Merges rollups, which takes a third of their bytes.
    db.keep({ retentionMs: Infinity, rollup5mRetentionMs: Infinity, rollup1hRetentionMs: Infinity, retentionBytes: 34_000 });
    finish(db);
  },
  deletion: (db: Tsdb, _clock: PlanClock, acknowledged: () => void) => {
    db.deleteSeries([matcher('__name__', '=', 'queue')], startMs + 2 * hourMs, startMs + 29 * hourMs);
    acknowledged();
    finish(db);
    while (db.cleanTombstones());
  },
} satisfies Record<string, (db: Tsdb, clock: PlanClock, acknowledged: () => void) => void>;

export interface Answers {
  /** Samples by series. */
  readonly samples: ReadonlyMap<string, readonly string[]>;
  /** What expressions over the whole time give, of samples or rollups. */
  readonly ranges: string;
}

const grid = { startMs: startMs + hourMs, endMs: startMs + 29 * hourMs, stepMs: hourMs };

export async function ask(db: Tsdb): Promise<Answers> {
  const samples = new Map(
    db
      .select(everything, -Infinity, Infinity)
      .map(({ labels, timesMs, values }) => [labels.join(), [...timesMs].map((timeMs, n) => `${timeMs} ${values[n]}`)]),
  );
  const ranges: string[] = [];
  for (const expr of ['count_over_time', 'max_over_time', 'sum_over_time', 'increase'].map((name) => `${name}({i!=""}[1h])`)) {
    const { series } = await evaluateRange(db, expr, grid);
    ranges.push(...series.map(({ labels, timesMs, values }) => [expr, labels.join(), timesMs.join(), values.join()].join(' ')));
  }
  return { samples, ranges: ranges.sort().join('\n') };
}
