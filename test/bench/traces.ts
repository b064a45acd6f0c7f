/** The span store with 10 million spans, and one large trace. `SIGNALBOX_BENCH_SPANS` sets another number of spans. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noScope } from '#core/model/index.ts';
import { assembleTrace, openTraces, traceOfSpans, type Traces } from '#core/traces/index.ts';
import { ManualClock } from '../support/clock.ts';
import type { BenchRow } from './row.ts';
import { madeTraces, SpanMaker } from './span-data.ts';

const spanCount = Number(process.env['SIGNALBOX_BENCH_SPANS'] ?? 10_000_000);
const lastNs = 2n ** 63n - 1n;

const questions: readonly (readonly [what: string, query: string])[] = [
  ['all', ''],
  ['a service and its errors', 'service=service-3 error'],
  ['a rare value of a key with 100,000', 'user.id=user-77777'],
  ['a value that is nowhere', 'user.id=nobody'],
  ['a number and a duration', 'http.response.status_code>=500 duration>1500ms'],
  ['a regular expression over routes, slow ones only', 'http.route=~"/api/v1/.*7" duration>1.7s'],
  ['a service, a name and a key, nothing found', 'service=service-5 name="GET /thing/0" db.statement=~".*orders.*"'],
];

export async function benchTraces(): Promise<readonly BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  try {
    return [...(await benchStore(folder)), ...(await benchTrees()), ...(await benchAppend(join(folder, 'live')))];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function benchStore(folder: string): Promise<BenchRow[]> {
  const filling = openTraces({ folder, clock: new ManualClock() });
  let loadMs = 0;
  for (const batch of batches(spanCount, 20_000)) {
    const from = performance.now();
    filling.load(batch);
    loadMs += performance.now() - from;
  }
  const from = performance.now();
  await filling.flush();
  loadMs += performance.now() - from;
  await filling.close();
  const openFrom = performance.now();
  const traces = openTraces({ folder, clock: new ManualClock() });
  const openMs = performance.now() - openFrom;
  const { blockBytes, blocks } = traces.stats();
  const label = `${(spanCount / 1e6).toFixed(1)} M spans`;
  const rows: BenchRow[] = [
    { name: `load of ${label}`, value: spanCount / (loadMs / 1000), unit: 'spans/s' },
    { name: `stored, ${blocks} blocks`, value: blockBytes / spanCount, unit: 'bytes/span' },
    { name: `open of ${label}`, value: openMs, unit: 'ms' },
  ];
  for (const [what, query] of questions) rows.push(await benchSearch(traces, what, query));
  rows.push(await timed('RED of all operations', () => traces.red(0n, lastNs)));
  rows.push(await timed('service map', () => traces.serviceMap(0n, lastNs)));
  const { traces: page } = await traces.search({ text: '', limit: 1 });
  rows.push(await timed('one trace out of all', async () => traces.trace(page[0]!.traceId)));
  await traces.close();
  return rows;
}

async function benchSearch(traces: Traces, what: string, query: string): Promise<BenchRow> {
  let found = 0;
  const row = await timed(`search: ${what}`, async () => {
    found = (await traces.search({ text: query, limit: 50 })).traces.length;
  });
  return { ...row, name: `${row.name}, ${found} found`, goal: '< 1000' };
}

/** Wall time, with the CPU time beside it: the first depends on what else the machine does. */

async function timed(name: string, act: () => Promise<unknown>): Promise<BenchRow> {
  const from = performance.now();
  const cpuFrom = process.cpuUsage();
  await act();
  const value = performance.now() - from;
  const { user, system } = process.cpuUsage(cpuFrom);
  return { name: `${name} (CPU ${Math.round((user + system) / 1000)} ms)`, value, unit: 'ms' };
}

function* batches(count: number, size: number): Generator<ReturnType<SpanMaker['trace']>> {
  let batch: ReturnType<SpanMaker['trace']> = [];
  for (const trace of madeTraces(count)) {
    batch.push(...trace);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}

async function benchTrees(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const count of [10_000, 100_000, 250_000]) {
    const columns = traceOfSpans(new SpanMaker(count).trace(1, count, 0))!;
    rows.push(await timed(`assembly of a trace of ${count.toLocaleString('en')} spans`, async () => assembleTrace(columns)));
  }
  return rows;
}

/** Acknowledged appends of 50 spans, eight senders at once, as receivers do. */
async function benchAppend(folder: string): Promise<BenchRow[]> {
  const traces = openTraces({ folder, clock: new ManualClock(), limits: { futureMs: Infinity } });
  const all = [...batches(40_000, 50)].map((batch) => batch.map((span) => ({ ...span, scope: noScope })));
  const from = performance.now();
  await Promise.all(
    Array.from({ length: 8 }, async (_, sender) => {
      for (let i = sender; i < all.length; i += 8) await traces.append(all[i]!);
    }),
  );
  const value = all.reduce((sum, batch) => sum + batch.length, 0) / ((performance.now() - from) / 1000);
  await traces.close();
  return [{ name: 'append, durable, 8 senders of 50 spans', value, unit: 'spans/s' }];
}
