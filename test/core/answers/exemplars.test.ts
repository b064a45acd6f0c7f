import { exemplarsOf } from '../../../core/answers/exemplars.ts';
import { labelsFromRecord } from '#core/model/index.ts';
import { openTsdb, type Tsdb } from '#core/tsdb/index.ts';
import { expect, onTestFinished, test } from 'vitest';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';

const clock = new ManualClock();

/** A histogram's buckets with exemplars, a second apart. */
function store(count: number): Tsdb {
  const db = openTsdb({ folder: tempFolder(), clock });
  onTestFinished(() => db.close());
  for (const le of ['0.5', '+Inf']) {
    const ref = db.ref(labelsFromRecord({ __name__: 'latency_seconds_bucket', job: 'shop', le }));
    for (let i = 0; i < count; i++) {
      const labels = i % 2 === 0 ? ['span_id', 'ABCDEF', 'trace_id', `${i + 1}`] : ['user', 'ada'];
      db.addExemplar(ref, { labels, value: i, timeMs: clock.now() + i * 1000 });
    }
  }
  return db;
}

const all = [clock.now(), clock.now() + 10_000_000] as const;

test('exemplars of what an expression selects, by time, with the ids of their traces', () => {
  const found = exemplarsOf(store(2), 'histogram_quantile(0.9, rate(latency_seconds_bucket{le="0.5"}[5m]))', ...all);
  expect(found.map(({ value, traceId, spanId }) => [value, traceId, spanId])).toEqual([
    [0, '1'.padStart(32, '0'), '0000000000abcdef'],
    [1, '', ''],
  ]);
});

test('a question about the count of a histogram is answered with those of its buckets', () => {
  expect(exemplarsOf(store(1), 'rate(latency_seconds_count[5m])', ...all)).toHaveLength(2);
  expect(exemplarsOf(store(1), 'up', ...all)).toEqual([]);
  expect(() => exemplarsOf(store(1), 'rate(', ...all)).toThrow();
});
