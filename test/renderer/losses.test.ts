import { expect, test } from 'vitest';
import { holeOf, lossSizes } from '../../renderer/shell/losses.ts';
import { holesWithin } from '../../renderer/ui/holes.ts';

const parts = [
  { reason: 'push', source: '/v1/metrics', count: 120 },
  { reason: 'overload', source: 'scrape:a', count: 4000 },
  { reason: 'overload', source: 'remote_write', count: 1204 },
];

test('a loss is told with its cause and its size, and cut to what a chart shows', () => {
  const loss = { startMs: 100, endMs: 200, level: 4, causes: ['memory', 'fsync'], parts };
  expect(lossSizes(loss)).toEqual(['5,204 samples of new series refused', '120 pushes told to come again; their senders keep the data']);
  const hole = holeOf(loss);
  expect(hole.name).toMatch(/^Not everything is here: Signalbox was overloaded \(memory was short, the disk was slow\); 5,204 samples/);
  expect(holesWithin([hole], 150, 400).map(({ startMs, endMs }) => [startMs, endMs])).toEqual([[150, 200]]);
  expect(holesWithin([hole], 200, 400)).toEqual([]);
});
