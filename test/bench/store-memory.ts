/** `store-memory.ts SERIES`: fills a store with that many active series for half an hour of scrapes and prints its memory as JSON. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { labelsFromRecord } from '#core/model/index.ts';
import { openTsdb } from '#core/tsdb/index.ts';

const seriesPerHost = 500;
const rounds = 120;
const stepMs = 15_000;
const count = Number(process.argv[2]);
const residentMB = (): number => {
  globalThis.gc?.();
  return Math.round(process.memoryUsage().rss / 2 ** 20);
};

const clock = { nowMs: Date.UTC(2026, 0, 5), now: () => clock.nowMs, monotonicMs: () => clock.nowMs, after: () => () => undefined };
const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
const emptyMB = residentMB();
const db = openTsdb({ folder, clock });
const refs = new Uint32Array(count);
for (let i = 0; i < count; i++) {
  const host = `host-${Math.floor(i / seriesPerHost)}:9100`;
  refs[i] = db.ref(labelsFromRecord({ __name__: `metric_${i % seriesPerHost}_total`, job: 'node', instance: host, mode: `m${i % 11}` }));
}
for (let round = 0; round < rounds; round++) {
  clock.nowMs += stepMs;
  for (let from = 0; from < count; from += seriesPerHost) {
    const batch = db.batch();
    for (let i = from; i < from + seriesPerHost; i++) batch.add(refs[i]!, clock.nowMs, round * (1 + (i % 7)));
    await batch.commit('process');
  }
  while (db.tick());
}
process.stdout.write(JSON.stringify({ rssMB: residentMB(), emptyMB }));
await db.close();
rmSync(folder, { recursive: true, force: true });
