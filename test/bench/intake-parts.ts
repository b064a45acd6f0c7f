/** What the benches of intake share: a real store in a folder that goes, the wall clock, a server. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseSignalboxConfig } from '#core/formats/index.ts';
import type { Scraper } from '#core/intake/index.ts';
import type { Clock } from '#core/model/index.ts';
import { openTraces, type Traces } from '#core/traces/index.ts';
import { openTsdb, type Tsdb } from '#core/tsdb/index.ts';

export const wallClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, act) => {
    const timer = setTimeout(act, delayMs);
    return () => clearTimeout(timer);
  },
};

export async function withStore<T>(act: (store: Tsdb, traces: Traces, folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  const store = openTsdb({ folder, clock: wallClock, limits: { seriesMax: 1_000_000, metricSeriesMax: 1_000_000 } });
  const traces = openTraces({ folder, clock: wallClock });
  try {
    return await act(store, traces, folder);
  } finally {
    await traces.close();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function listening(server: Server): Promise<string> {
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export async function applied(scraper: Scraper, text: string): Promise<void> {
  const { scrapeConfigs, limits } = parseSignalboxConfig(text, 'bench.yml');
  await scraper.apply(scrapeConfigs, limits, '/');
}
