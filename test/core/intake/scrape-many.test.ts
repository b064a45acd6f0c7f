import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseSignalboxConfig } from '#core/formats/index.ts';
import { createScraper } from '#core/intake/index.ts';
import { matcher } from '#core/model/index.ts';
import { openTsdb, type Tsdb } from '#core/tsdb/index.ts';
import { tempFolder } from '../../support/folder.ts';
import { httpTarget, page } from '../../support/http-target.ts';
import { wallClock } from '../../support/receive-scene.ts';
import { ScrapeScene } from '../../support/scrape-scene.ts';

const isLong = process.env['TORTURE'] === 'long';
const scale = isLong
  ? { good: 2000, slow: 500, intervalMs: 15_000, timeoutMs: 10_000, rounds: 5 }
  : { good: 200, slow: 50, intervalMs: 2_000, timeoutMs: 1_000, rounds: 3 };

/** Does each of the five things that a slow peer may do, in turn by connection: what a good target must not notice. */
async function slowPeers(): Promise<string> {
  const open = new Set<Socket>();
  let turn = 0;
  const server = createTcpServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => undefined);
    const drip = (text: string): void => {
      const timer = setInterval(() => socket.write(text), 100);
      socket.on('close', () => clearInterval(timer));
    };
    switch (turn++ % 5) {
      case 0:
        break; // Accepts, and says nothing.
      case 1:
        socket.write('HTTP/1.1 200 OK\r\n');
        drip('x: y\r\n');
        break;
      case 2:
        socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n');
        drip('1\r\na\r\n');
        break;
      case 3:
        socket.resetAndDestroy();
        break;
      default:
        socket.end('HTTP/1.1 302 Found\r\nlocation: /metrics\r\ncontent-length: 0\r\n\r\n');
    }
  }).listen(0, '127.0.0.1');
  await new Promise((ready) => server.once('listening', ready));
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('many targets', () => {
  test('slow probes at one address run at once, as those of a blackbox exporter do', async () => {
    const waiting: (() => void)[] = [];
    const probes = 40;
    const exporter = await httpTarget((request, response) => {
      waiting.push(() => page('probe_success 1\n')(request, response));
      if (waiting.length === probes) for (const answer of waiting) answer();
    });
    const scene = new ScrapeScene();
    const targets = Array.from({ length: probes }, (_, i) => `host-${i}`).join(', ');
    await scene.configure(`scrape_configs:
- job_name: blackbox
  static_configs: [{targets: [${targets}]}]
  relabel_configs:
  - {source_labels: [__address__], target_label: __param_target}
  - {source_labels: [__param_target], target_label: instance}
  - {target_label: __address__, replacement: '${exporter.address}'}
`);
    await Promise.all(scene.scraper.targets().map(({ url }) => scene.scraper.scrapeNow(url)));
    expect(scene.samples('probe_success')).toHaveLength(probes);
    expect(scene.scraper.targets().map(({ health }) => health)).toEqual(Array.from({ length: probes }, () => 'up'));
  });

  /** Reliability, row 13, in small or (TORTURE=long) in full: a fifth as many slow peers as good targets, which do not notice. Targets differ by a parameter. */
  test('slow peers cost the good ones nothing', { timeout: 600_000 }, async () => {
    const { good: goodCount, slow: slowCount, intervalMs, timeoutMs, rounds } = scale;
    const good = await httpTarget((request, response) => page(`a{x="${request.url!.length}"} 1\n`)(request, response));
    const slow = await slowPeers();
    const store = openTsdb({ folder: tempFolder(), clock: wallClock });
    const scraper = createScraper({ store, clock: wallClock });
    onTestFinished(async () => {
      await scraper.stop();
      await store.close();
    });
    const groups = (address: string, count: number): string =>
      Array.from({ length: count }, (_, i) => `  - {targets: ['${address}'], labels: {__param_n: '${i}', instance: '${address}-${i}'}}\n`).join('');
    const job = (name: string, address: string, count: number): string =>
      `- job_name: ${name}\n  scrape_interval: ${intervalMs}ms\n  scrape_timeout: ${timeoutMs}ms\n  static_configs:\n${groups(address, count)}`;
    const { scrapeConfigs, limits } = parseSignalboxConfig(
      `scrape_configs:\n${job('good', good.address, goodCount)}${job('slow', slow, slowCount)}`,
      's.yml',
    );
    await scraper.apply(scrapeConfigs, limits, '/');
    const scraped = (name: string): number => scraper.targets().filter((target) => target.job === name && target.lastScrapeMs !== undefined).length;
    await expect.poll(() => [scraped('good'), scraped('slow')], { timeout: 60_000 }).toEqual([goodCount, slowCount]);
    await expect.poll(() => good.requestCount, { timeout: 300_000, interval: 200 }).toBeGreaterThan(goodCount * rounds);
    const targets = scraper.targets();
    expect(targets.filter(({ job, health }) => job === 'good' && health !== 'up')).toEqual([]);
    expect(targets.filter(({ job, health }) => job === 'slow' && health !== 'down')).toEqual([]);
    const [row] = scraper.ledger.rows().filter(({ source }) => source === 'scrape:good');
    expect(row!.stored).toBe(row!.received);
    expect(lateness(store, intervalMs)).toBeLessThan(isLong ? 0.05 : 0.25);
  });
});

/** The 99th percentile of how far the times between scrapes of a good target lie from its interval, as a share of it. The first scrape comes early. */
function lateness(store: Tsdb, intervalMs: number): number {
  const ups = store.select([matcher('__name__', '=', 'up'), matcher('job', '=', 'good')], 0, Number.MAX_SAFE_INTEGER);
  const off = ups.flatMap(({ timesMs }) =>
    Array.from(timesMs.subarray(2), (timeMs, i) => Math.abs(timeMs - timesMs[i + 1]! - intervalMs) / intervalMs),
  );
  return off.sort((a, b) => a - b)[Math.floor(off.length * 0.99)]!;
}
