/** 2,000 targets of 250 samples at 15 s, and how evenly they are asked. */
import { createServer } from 'node:http';
import { createScraper } from '#core/intake/index.ts';
import { applied, listening, wallClock, withStore } from './intake-parts.ts';
import type { BenchRow } from './row.ts';

const targetCount = 2_000;
const startSeconds = 25;
const watchSeconds = 31;

/** Targets are told apart by a parameter; 250 samples each. Requests are timed where they arrive. */
export async function benchManyTargets(): Promise<BenchRow[]> {
  const body = Buffer.from(Array.from({ length: 250 }, (_, i) => `metric_${i % 25}{i="${i}"} ${i * 1.25}\n`).join(''));
  const arrivals = new Map<string, number[]>();
  const server = createServer((request, response) => {
    const times = arrivals.get(request.url!) ?? [];
    times.push(performance.now());
    arrivals.set(request.url!, times);
    response.writeHead(200, { 'content-type': 'text/plain' }).end(body);
  });
  const address = await listening(server);
  const groups = Array.from({ length: targetCount }, (_, i) => `  - {targets: ['${address}'], labels: {__param_n: '${i}', instance: 'i${i}'}}`).join(
    '\n',
  );
  try {
    return await withStore(async (store) => {
      const scraper = createScraper({ store, clock: wallClock });
      await applied(
        scraper,
        `scrape_configs:\n- job_name: many\n  scrape_interval: 15s\n  enable_compression: false\n  static_configs:\n${groups}\n`,
      );
      await settled(startSeconds * 1000); // The first round makes half a million series.
      arrivals.clear();
      const control = timerLateness();
      const from = process.cpuUsage();
      await settled(watchSeconds * 1000);
      const { user, system } = process.cpuUsage(from);
      const controlLate = control();
      const down = scraper.targets().filter(({ health }) => health !== 'up').length;
      await scraper.stop();
      const late = [...arrivals.values()].flatMap((times) => times.slice(1).map((time, i) => Math.abs(time - times[i]! - 15_000)));
      return [
        { name: '2,000 targets x 250 samples at 15 s, their server included', value: (user + system) / 1e6 / watchSeconds, unit: 'cores' },
        { name: 'their interval, deviation p50', value: rank(late, 0.5), unit: 'ms' },
        { name: 'their interval, deviation p99', value: rank(late, 0.99), unit: 'ms', goal: '< 50' },
        { name: 'a plain timer beside them, lateness p99', value: rank(controlLate, 0.99), unit: 'ms' },
        { name: 'targets down', value: down, unit: 'targets', goal: '0' },
      ];
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const rank = (values: readonly number[], share: number): number => [...values].sort((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;

/** How late a timer of 20 ms is, again and again until the answer is called: what the machine and the event loop cost anybody. */
function timerLateness(): () => readonly number[] {
  const late: number[] = [];
  let from = performance.now();
  const timer = setInterval(() => {
    late.push(Math.max(0, performance.now() - from - 20));
    from = performance.now();
  }, 20);
  return () => {
    clearInterval(timer);
    return late;
  };
}

const settled = (forMs: number): Promise<void> => new Promise((done) => setTimeout(done, forMs));
