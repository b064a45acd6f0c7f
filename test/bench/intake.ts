/** Intake: pages read, pushed requests taken, one large scrape, and 2,000 targets. The store is real, so figures are to the end of the path. */
import { createServer } from 'node:http';
import { zstdDecompressSync } from 'node:zlib';
import { ExpositionColumns, ExpositionReader } from '#core/formats/index.ts';
import { createReceiver, createScraper, Ledger, type Receiver } from '#core/intake/index.ts';
import { proto, type Field } from '../support/proto-writer.ts';
import { readShared } from '../support/shared-data.ts';
import { snappyEncode } from '../support/snappy.ts';
import { besideRemoteWrite, besideScrape } from './beside/beside.ts';
import type { Columns } from './beside/wire.ts';
import { hostSeries, hostValues, scrapeOffsetMs, seriesPerHost } from './fleet/hosts.ts';
import { applied, listening, wallClock, withStore } from './intake-parts.ts';
import { benchManyTargets } from './many-targets.ts';
import type { BenchOptions, BenchRow } from './row.ts';

const wideSeries = 100_000;
const deepSeries = 10_000;
const deepSamples = 20;
/** Remote write beside the peers: an hour of many series, one sample each at a time, and of fewer series with many. */
const besideHosts = 200;
const besideSteps = 12;
const besideDeepHosts = 20;
const besideDeepSteps = 240;
/** The same for long, still within the hour that Prometheus takes out of order: what a process costs to get going is then little of it. */
const besideLongSteps = 1200;
const besideLongStepMs = 3000;
const usualStepMs = 15_000;

export async function benchIntake({ long }: BenchOptions): Promise<readonly BenchRow[]> {
  return [
    ...benchPages(),
    ...(await benchRemoteWrite()),
    ...(await benchBeside(long)),
    ...(await benchOtlp()),
    ...(await benchLargeScrape()),
    ...(await besideScrape('page of 100k series', [largePage(0), largePage(1), largePage(2)])),
    ...(await benchManyTargets()),
  ];
}

async function benchBeside(long: boolean): Promise<readonly BenchRow[]> {
  const wide = fleetColumns(besideHosts, long ? 240 : besideSteps);
  const wideRows = await besideRemoteWrite({
    name: '100k series x 1 sample a request',
    columns: wide,
    split: { seriesMax: 2000, stepsMax: 1 },
    restarts: true,
  });
  const deep = fleetColumns(besideDeepHosts, besideDeepSteps);
  const split = { seriesMax: 500, stepsMax: 20 };
  const name = '10k series x 20 samples a request';
  const deepRows = await besideRemoteWrite({ name, columns: deep, split, restarts: false });
  if (!long) return [...wideRows, ...deepRows];
  const lasting = fleetColumns(besideDeepHosts, besideLongSteps, besideLongStepMs);
  return [...wideRows, ...deepRows, ...(await besideRemoteWrite({ name: `${name}, 12 M samples`, columns: lasting, split, restarts: false }))];
}

/** The synthetic fleet, its last sample just now. */
function fleetColumns(hosts: number, steps: number, stepMs = usualStepMs): Columns {
  const values = new Float64Array(hosts * seriesPerHost * steps);
  const all = Array.from({ length: hosts }, (_, host) => {
    const series = hostSeries(host);
    values.set(hostValues(host, series, steps), host * seriesPerHost * steps);
    return series.map(({ labels }) => ({ labels, offsetMs: scrapeOffsetMs(host) }));
  }).flat();
  const startMs = Math.floor(Date.now() / stepMs - steps - 1) * stepMs;
  return { labels: all.map(({ labels }) => labels), offsetsMs: all.map(({ offsetMs }) => offsetMs), values, steps, stepMs, startMs };
}

/** CPU seconds of this process while `act` runs. */
async function cpuSeconds(act: () => Promise<void> | void): Promise<number> {
  const from = process.cpuUsage();
  await act();
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1e6;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

function largePage(round: number): Buffer {
  const lines = Array.from(
    { length: wideSeries },
    (_, i) => `http_requests_total{host="host-${i % 100}",path="/api/v1/thing/${Math.floor(i / 100)}",code="200"} ${i * 1.5 + round}\n`,
  );
  return Buffer.from(lines.join(''));
}

function benchPages(): BenchRow[] {
  const captures = ['node', 'prometheus', 'victoria'].map((name) => {
    const text = zstdDecompressSync(readShared('metrics/capture', `${name}.jsonl.zst`)).toString();
    const pages = text.split('\n', 100).filter((line) => line !== '');
    return [`page of ${name}`, pages.map((line) => Buffer.from((JSON.parse(line) as { body: string }).body))] as const;
  });
  const large = ['page of 100k series', [largePage(0), largePage(1), largePage(2)]] as const;
  return [...captures, large].flatMap(([name, pages]) => benchPage(name, pages));
}

function benchPage(name: string, pages: readonly Buffer[]): BenchRow[] {
  const columns = new ExpositionColumns();
  const byteCount = pages.reduce((sum, { length }) => sum + length, 0);
  const readAll = (reader: () => ExpositionReader): { readonly ms: number; readonly samples: number } => {
    const from = performance.now();
    let samples = 0;
    for (const body of pages) {
      reader().read(body, columns);
      samples += columns.rowCount;
    }
    return { ms: performance.now() - from, samples };
  };
  const lasting = new ExpositionReader('text');
  const known = Array.from({ length: 9 }, () => readAll(() => lasting)).slice(2);
  const fresh = Array.from({ length: 3 }, () => readAll(() => new ExpositionReader('text')));
  const ms = median(known.map((run) => run.ms));
  return [
    { name: `${name}, series known`, value: byteCount / ms / 1000, unit: 'MB/s' },
    { name: `${name}, series known`, value: known[0]!.samples / ms / 1000, unit: 'M samples/s' },
    { name: `${name}, series new`, value: fresh[0]!.samples / median(fresh.map((run) => run.ms)) / 1000, unit: 'M samples/s' },
  ];
}

const pair = (name: string, value: string): Field => [
  1,
  'message',
  [
    [1, 'bytes', name],
    [2, 'bytes', value],
  ],
];

/** Requests of 2,000 series each, as a sender would split a round. */
function writeRequests(seriesCount: number, samplesPerSeries: number, fromMs: number): Uint8Array[] {
  const perRequest = 2_000;
  return Array.from({ length: seriesCount / perRequest }, (_, request) => {
    const series = Array.from({ length: perRequest }, (_, i): Field => {
      const n = request * perRequest + i;
      const labels = [
        pair('__name__', 'http_requests_total'),
        pair('code', '200'),
        pair('host', `host-${n % 100}`),
        pair('job', 'api'),
        pair('path', `/thing/${Math.floor(n / 100)}`),
      ];
      const samples = Array.from({ length: samplesPerSeries }, (_, k): Field => [
        2,
        'message',
        [
          [1, 'double', n + k + 1],
          [2, 'int', fromMs + k * 1000],
        ],
      ]);
      return [1, 'message', [...labels, ...samples]];
    });
    return snappyEncode(proto(series));
  });
}

async function post(receiver: Receiver, path: string, body: Uint8Array, contentType: string, encoding: string): Promise<void> {
  const headers = { 'content-type': contentType, 'content-encoding': encoding };
  const answer = await receiver.receive({ port: 'app', method: 'POST', path, query: '', headers, body });
  if (answer === undefined || answer.status >= 300) throw new Error(`${path} answered ${answer?.status}: ${String(answer?.body)}`);
}

async function benchRemoteWrite(): Promise<BenchRow[]> {
  const run = (seriesCount: number, samplesPerSeries: number, rounds: number): Promise<number> =>
    withStore(async (store, traces, folder) => {
      const receiver = createReceiver({ store, traces, clock: wallClock, ledger: new Ledger(), folder });
      const rates: number[] = [];
      const beginMs = Date.now() - 1_800_000;
      const allBodies = Array.from({ length: rounds }, (_, round) =>
        writeRequests(seriesCount, samplesPerSeries, beginMs + round * samplesPerSeries * 1000),
      );
      for (const bodies of allBodies) {
        const seconds = await cpuSeconds(async () => {
          for (const body of bodies) await post(receiver, '/api/v1/write', body, 'application/x-protobuf', 'snappy');
        });
        rates.push((seriesCount * samplesPerSeries) / seconds / 1e6);
      }
      await receiver.stop();
      return median(rates.slice(1)); // The first round makes the series.
    });
  const unit = 'M samples/CPU-s';
  return [
    {
      name: 'remote write, 100k series x 1 sample',
      value: await run(wideSeries, 1, 6),
      unit,
      goal: '>= 1.5',
      peer: 'Prometheus 0.26-0.35, VictoriaMetrics 0.69-0.96',
    },
    {
      name: 'remote write, 10k series x 20 samples',
      value: await run(deepSeries, deepSamples, 5),
      unit,
      goal: '>= 6',
      peer: 'Prometheus 1.6-1.95, VictoriaMetrics 2.8-3.5',
    },
  ];
}

function otlpRequest(round: number, pointCount: number): Uint8Array {
  const timeNs = BigInt(Date.now() - 600_000 + round * 1000) * 1_000_000n;
  const attribute = (key: string, value: string): readonly Field[] => [
    [1, 'bytes', key],
    [2, 'message', [[1, 'bytes', value]]],
  ];
  const points = Array.from({ length: pointCount }, (_, i): Field => [
    1,
    'message',
    [
      [7, 'message', attribute('host.name', `host-${i % 100}`)],
      [7, 'message', attribute('http.route', `/thing/${Math.floor(i / 100)}`)],
      [3, 'fixed64', timeNs],
      [4, 'double', i + round],
    ],
  ]);
  const metric: readonly Field[] = [
    [1, 'bytes', 'queue.size'],
    [5, 'message', points],
  ];
  const resource: readonly Field[] = [
    [1, 'message', [[1, 'message', attribute('service.name', 'shop')]]],
    [2, 'message', [[2, 'message', metric]]],
  ];
  return proto([[1, 'message', resource]]);
}

async function benchOtlp(): Promise<BenchRow[]> {
  const pointCount = 10_000;
  return withStore(async (store, traces, folder) => {
    const receiver = createReceiver({ store, traces, clock: wallClock, ledger: new Ledger(), folder });
    const rates: number[] = [];
    for (let round = 0; round < 8; round++) {
      const body = otlpRequest(round, pointCount);
      const seconds = await cpuSeconds(() => post(receiver, '/v1/metrics', body, 'application/x-protobuf', 'identity'));
      rates.push(pointCount / seconds / 1e6);
    }
    await receiver.stop();
    return [{ name: 'OTLP metrics, 10k gauge points a request', value: median(rates.slice(2)), unit: 'M points/CPU-s' }];
  });
}

/** The page is served by this process, so its share of sending is in the figure. */
async function benchLargeScrape(): Promise<BenchRow[]> {
  const pages = [largePage(0), largePage(1), largePage(2)];
  let asked = 0;
  const server = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/plain' }).end(pages[asked++ % pages.length]));
  const address = await listening(server);
  try {
    return await withStore(async (store) => {
      const scraper = createScraper({ store, clock: wallClock });
      await applied(
        scraper,
        `scrape_configs: [{job_name: big, scrape_interval: 10m, scrape_timeout: 1m, sample_limit: 200000, enable_compression: false, static_configs: [{targets: ['${address}']}]}]`,
      );
      const seconds: number[] = [];
      for (let i = 0; i < 9; i++) seconds.push(await cpuSeconds(() => scraper.scrapeNow(`http://${address}/metrics`)));
      const [target] = scraper.targets();
      if (target!.lastSamples !== wideSeries) throw new Error(`the large page was not taken: ${target!.lastError}`);
      await scraper.stop();
      return [
        {
          name: 'one scrape of 100k series, parse and append',
          value: median(seconds.slice(2)),
          unit: 'CPU-s',
          goal: '<= 0.06',
          peer: 'Prometheus 0.152, VictoriaMetrics 0.184',
        },
        { name: 'the first, which makes the series', value: seconds[0]!, unit: 'CPU-s' },
      ];
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
