import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomSeries } from './peer/data.ts';
import { differ } from './peer/differ.ts';
import { tempFolder } from '../../support/folder.ts';
import { storeOf } from './peer/store.ts';
import { havePrometheus, Prometheus, prometheusBinary } from './peer/prometheus.ts';

if (!havePrometheus) process.stdout.write(`skipped: no Prometheus at ${prometheusBinary}; set SIGNALBOX_PEERS to a folder that has one\n`);

const queries = 600;

describe.skipIf(!havePrometheus)('the same data and queries in a real Prometheus', () => {
  const series = randomSeries(7);
  let peer: Prometheus;

  beforeAll(async () => {
    peer = await Prometheus.start(series);
  }, 30_000);

  afterAll(async () => {
    await peer.stop();
  });

  it(`gives the same answers to ${queries} random queries, or the difference has a name`, async () => {
    const report = await differ(peer, storeOf(series, tempFolder()), 2026, queries);
    expect(report.differences).toEqual([]);
    expect(report.errors).toBeLessThan(queries * 0.05);
    expect(report.refused).toBeGreaterThan(queries * 0.1);
    expect(report.empty).toBeLessThan(queries * 0.4);
    const explained = [...report.explained.values()].reduce((sum, count) => sum + count, 0);
    expect(explained).toBeLessThan(queries * 0.06);
  }, 60_000);

  it('gives the same answers where metric names go at the end of the query', async () => {
    const delayed = await Prometheus.start(series, ['promql-delayed-name-removal']);
    try {
      const report = await differ(delayed, storeOf(series, tempFolder()), 2027, 150, { delayedNames: true });
      expect(report.differences).toEqual([]);
    } finally {
      await delayed.stop();
    }
  }, 60_000);
});
