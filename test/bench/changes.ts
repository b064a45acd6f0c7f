/** What changed? over ten thousand series of an hour and a quarter at 15 s, a hundred of which move in the window. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readAround, whatChanged } from '#core/correlate/index.ts';
import { openCase } from '#core/intake/index.ts';
import { labelsFromRecord } from '#core/model/index.ts';
import { systemClock } from '../../main/clock.ts';
import type { BenchRow } from './row.ts';

const seriesCount = 10_000;
const points = 300;
const windowPoints = 60;
const stepMs = 15_000;
const startMs = 1_700_000_000_000;
const rounds = 5;

export async function benchChanges(): Promise<readonly BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-changes-'));
  const stores = openCase(folder, systemClock);
  try {
    const batch = stores.metrics.batch();
    for (let i = 0; i < seriesCount; i++) {
      const ref = stores.metrics.ref(labelsFromRecord({ __name__: `metric_${i % 100}`, service: `service-${i % 50}`, part: String(i) }));
      for (let point = 0; point < points; point++) {
        const moves = i % 100 === 7 && point >= points - windowPoints;
        batch.add(ref, startMs + point * stepMs, Math.sin(point + i) + (moves ? 9 : 0));
      }
    }
    await batch.commit('process');
    const window = { startMs: startMs + (points - windowPoints) * stepMs, endMs: startMs + points * stepMs };
    const tookMs: number[] = [];
    let found = 0;
    for (let round = 0; round < rounds; round++) {
      const fromMs = performance.now();
      found = whatChanged(await readAround(stores, window), window).changes.length;
      tookMs.push(performance.now() - fromMs);
    }
    tookMs.sort((a, b) => a - b);
    return [
      { name: 'what changed, 10,000 series, median', value: tookMs[rounds >> 1]! / 1000, unit: 's', goal: '< 2' },
      { name: 'what changed, series that moved and were found', value: found, unit: `of ${seriesCount / 100}` },
    ];
  } finally {
    await stores.close();
    rmSync(folder, { recursive: true });
  }
}
