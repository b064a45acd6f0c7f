import { expect, test } from 'vitest';
import { labelsFromRecord, type Labels } from '#core/model/index.ts';
import { openTsdb, verdictName, refusal } from '#core/tsdb/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';

const user = (id: number): Labels => labelsFromRecord({ __name__: 'requests_total', job: 'api', user_id: `u${id}` });

test('names the label that explodes, since when, and what was refused for it', async () => {
  const clock = new ManualClock();
  const db = openTsdb({ folder: tempFolder(), clock, limits: { metricSeriesMax: 300 } });
  for (const job of ['a', 'b']) db.ref(labelsFromRecord({ __name__: 'up', job }));
  for (let id = 0; id < 5; id++) db.ref(user(id));
  await clock.advance(1_300_000);
  const beforeMs = clock.now();
  for (let id = 5; id < 400; id++) db.ref(user(id));
  expect(verdictName(refusal(db.ref(user(1000))))).toBe('metric_series_limit');
  await clock.advance(10_000);
  const { series, metrics, labels, labelPairs, growing, refused } = db.cardinality(3);
  expect(series).toBe(302);
  expect(metrics).toEqual([
    { name: 'requests_total', count: 300 },
    { name: 'up', count: 2 },
  ]);
  expect(labels[0]).toEqual({ name: 'user_id', count: 300 });
  expect(labelPairs[0]).toEqual({ name: '__name__=requests_total', count: 300 });
  expect(growing).toEqual([{ label: 'user_id', values: 300, added: 295, sinceMs: expect.any(Number) as number }]);
  expect(growing[0]!.sinceMs).toBeLessThanOrEqual(beforeMs);
  expect(growing[0]!.sinceMs).toBeGreaterThan(beforeMs - 600_001);
  expect(refused).toMatchObject([{ metric: 'requests_total', reason: 'metric_series_limit', times: 101, label: 'user_id', values: 300 }]);
  await db.close();
});
