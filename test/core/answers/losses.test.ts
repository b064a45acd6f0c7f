import { expect, test } from 'vitest';
import { labelsFrom } from '#core/model/index.ts';
import { openTsdb, type Tsdb } from '#core/tsdb/index.ts';
import { lossesOf } from '../../../core/answers/losses.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';

const clock = new ManualClock();
const startMs = clock.now() - 3_600_000;

/** A store whose own metrics were scraped every 15 s; `undefined`: not there, `stale`: ended. */
async function scraped(
  rows: readonly (readonly [name: string, labels: Record<string, string>, values: readonly (number | undefined | 'stale')[]])[],
) {
  const store: Tsdb = openTsdb({ folder: tempFolder(), clock });
  const batch = store.batch();
  for (const [name, labels, values] of rows) {
    const ref = store.ref(labelsFrom([['__name__', name], ...Object.entries(labels)]));
    values.forEach((value, i) => {
      if (value === 'stale') batch.addStale(ref, startMs + i * 15_000);
      else if (value !== undefined) batch.add(ref, startMs + i * 15_000, value);
    });
  }
  await batch.commit('process');
  return store;
}

const shed = (level: number, reason: string, source: string): Record<string, string> => ({ level: String(level), reason, source });
const at = (step: number): number => startMs + step * 15_000;

test('a loss is when a counter grew: begun by its first value, joined over half a minute, begun anew by a restart', async () => {
  const gap = Array.from({ length: 10 }, () => 7);
  const store = await scraped([
    ['signalbox_shed_total', shed(4, 'push', '/v1/metrics'), [undefined, undefined, 3, 5, 7, ...gap, 2, 2]],
    ['signalbox_shed_total', shed(3, 'overload', 'scrape:a'), [undefined, undefined, undefined, 10, 10]],
    ['signalbox_shed_total', shed(1, 'exemplar', 'exemplars'), [5, 900, 1900]],
    ['signalbox_overload_cause', { signal: 'memory' }, [undefined, undefined, 1, 1, 'stale']],
    ['signalbox_overload_cause', { signal: 'disk' }, [1, 'stale']],
  ]);
  expect(lossesOf(store, startMs, clock.now())).toEqual([
    {
      startMs: at(0),
      endMs: at(4),
      level: 4,
      causes: ['disk', 'memory'],
      parts: [
        { reason: 'overload', source: 'scrape:a', count: 10 },
        { reason: 'push', source: '/v1/metrics', count: 7 },
      ],
    },
    { startMs: at(14), endMs: at(15), level: 4, causes: [], parts: [{ reason: 'push', source: '/v1/metrics', count: 2 }] },
  ]);
  await store.close();
});

test('what was counted before the time asked for is no loss in it', async () => {
  const store = await scraped([['signalbox_shed_total', shed(4, 'push', 'x'), Array.from({ length: 40 }, (_, i) => (i < 30 ? 100 : 104))]]);
  expect(lossesOf(store, at(10), at(20))).toEqual([]);
  expect(lossesOf(store, at(10), at(35)).map(({ startMs: fromMs, endMs: toMs, parts }) => [fromMs, toMs, parts[0]!.count])).toEqual([
    [at(29), at(30), 4],
  ]);
  await store.close();
});
