/** Remote write as fast as it can be taken, for long: the head is full after two million samples, and from then on every sample is sealed too. */
import { createReceiver, Ledger } from '#core/intake/index.ts';
import { writeRequests, type Columns } from './beside/wire.ts';
import { hostSeries, hostValues, scrapeOffsetMs, seriesPerHost } from './fleet/hosts.ts';
import { wallClock, withStore } from './intake-parts.ts';
import type { BenchRow } from './row.ts';

const hosts = 20;
const steps = 1200;
const stepMs = 15_000;
const split = { seriesMax: 500, stepsMax: 20 };
/** What the head takes before anything is sealed. */
const headSamples = 1 << 21;
/** Requests whose processor time is taken at once: making them is left out. */
const requestsAtOnce = 40;

/** Twelve million samples of the fleet; what is due by the clock, such as recoding, is in the figures too. */
export async function benchRush(): Promise<readonly BenchRow[]> {
  const columns = fleetColumns();
  return withStore(async (store, traces, folder) => {
    const receiver = createReceiver({ store, traces, clock: wallClock, ledger: new Ledger(), folder });
    const spent = { filling: { samples: 0, seconds: 0 }, sealing: { samples: 0, seconds: 0 } };
    let taken = 0;
    for (const requests of batches(writeRequests(columns, split, 0, columns.labels.length))) {
      const phase = taken < headSamples ? spent.filling : spent.sealing;
      const since = process.cpuUsage();
      for (const { body } of requests) await push(receiver, body);
      const { user, system } = process.cpuUsage(since);
      const samples = requests.reduce((sum, request) => sum + request.samples, 0);
      phase.samples += samples;
      phase.seconds += (user + system) / 1e6;
      taken += samples;
    }
    const { sealedSamples, frameBytes } = store.stats();
    await receiver.stop();
    const name = 'remote write, 10k series x 20 samples';
    const rate = ({ samples, seconds }: { samples: number; seconds: number }): number => samples / seconds / 1e6;
    return [
      { name: `${name}, while the head fills`, value: rate(spent.filling), unit: 'M samples/CPU-s' },
      {
        name: `${name}, sustained`,
        value: rate(spent.sealing),
        unit: 'M samples/CPU-s',
        goal: '>= 6',
        peer: 'Prometheus 1.6-1.95, VictoriaMetrics 2.8-3.5',
      },
      { name: 'sealed in a rush, fleet', value: frameBytes / sealedSamples, unit: 'B/sample' },
    ];
  });
}

function fleetColumns(): Columns {
  const values = new Float64Array(hosts * seriesPerHost * steps);
  const labels: Readonly<Record<string, string>>[] = [];
  const offsetsMs: number[] = [];
  for (let host = 0; host < hosts; host++) {
    const series = hostSeries(host);
    values.set(hostValues(host, series, steps), host * seriesPerHost * steps);
    labels.push(...series.map((one) => one.labels));
    offsetsMs.push(...series.map(() => scrapeOffsetMs(host)));
  }
  const startMs = Math.floor(Date.now() / stepMs - steps - 1) * stepMs;
  return { labels, offsetsMs, values, steps, stepMs, startMs };
}

interface Request {
  readonly body: Uint8Array;
  readonly samples: number;
}

function* batches(requests: Iterable<Request>): Generator<Request[]> {
  let batch: Request[] = [];
  for (const { body, samples } of requests) {
    batch.push({ body: body.slice(), samples });
    if (batch.length < requestsAtOnce) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function push(receiver: ReturnType<typeof createReceiver>, body: Uint8Array): Promise<void> {
  const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' };
  const answer = await receiver.receive({ port: 'app', method: 'POST', path: '/api/v1/write', query: '', headers, body });
  if (answer === undefined || answer.status >= 300) throw new Error(`the write was answered ${answer?.status}: ${String(answer?.body)}`);
}
