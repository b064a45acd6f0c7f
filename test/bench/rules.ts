import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '#core/model/index.ts';
import { labelsFromRecord } from '#core/model/index.ts';
import { evaluateInstant, samplesOf } from '#core/promql/index.ts';
import { backtest, createRules, createStream, type RuleQuery, type Stream } from '#core/rules/index.ts';
import { openTsdb, type Tsdb } from '#core/tsdb/index.ts';
import { besideRules } from './beside/rules.ts';
import type { BenchOptions, BenchRow } from './row.ts';

const hosts = 20;
const seriesPerHost = 500;
const intervalMs = 15_000;
const rounds = 15;
const startMs = Date.UTC(2026, 0, 5);

/** Time that stands where it is put; nothing is scheduled. */
class StillClock implements Clock {
  nowMs = startMs;
  now(): number {
    return this.nowMs;
  }
  monotonicMs(): number {
    return performance.now();
  }
  after(): () => void {
    return () => undefined;
  }
}

/** A small generator of numbers, the same on every machine. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

/** The series of a host: processors, file systems, a latency histogram, requests, and as many others as make 500. */
function hostSeries(host: number): Record<string, string>[] {
  const base = { job: 'node', instance: `host-${String(host).padStart(4, '0')}:9100` };
  const series: Record<string, string>[] = [];
  const modes = ['idle', 'iowait', 'irq', 'nice', 'softirq', 'steal', 'system', 'user'];
  for (let cpu = 0; cpu < 8; cpu++) for (const mode of modes) series.push({ __name__: 'node_cpu_seconds_total', ...base, cpu: String(cpu), mode });
  for (const mountpoint of ['/', '/var', '/data', '/boot', '/run', '/home']) {
    for (const what of ['avail', 'size']) series.push({ __name__: `node_filesystem_${what}_bytes`, ...base, mountpoint });
  }
  const bounds = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10', '+Inf'];
  for (let i = 0; i < 6; i++)
    for (const le of bounds) series.push({ __name__: 'http_request_duration_seconds_bucket', ...base, job: 'api', handler: `/h${i}`, le });
  for (const method of ['GET', 'POST'])
    for (const code of ['200', '404', '500', '503']) series.push({ __name__: 'http_requests_total', ...base, job: 'api', method, code });
  for (let i = 0; series.length < seriesPerHost; i++) series.push({ __name__: `node_misc_${i % 40}`, ...base, idx: String(i) });
  return series;
}

function filler(store: Tsdb, clock: StillClock): () => Promise<void> {
  const draw = random(1);
  const refs: number[] = [];
  for (let host = 0; host < hosts; host++) for (const labels of hostSeries(host)) refs.push(store.ref(labelsFromRecord(labels)));
  const values = refs.map(() => Math.floor(draw() * 1e6));
  let at = startMs;
  const step = async (): Promise<void> => {
    clock.nowMs = at;
    const batch = store.batch();
    refs.forEach((ref, i) => batch.add(ref, at, (values[i] = values[i]! + Math.floor(draw() * 100))));
    await batch.commit('process');
    at += intervalMs;
  };
  return step;
}

/** Pages of all hosts' series, a few with values that go on. */
function pages(): Buffer[] {
  const series = Array.from({ length: hosts }, (_, host) => hostSeries(host)).flat();
  return Array.from({ length: 30 }, (_, page) => {
    const lines = series.map(({ __name__: name, ...labels }, i) => {
      const text = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
      return `${name}{${text.join(',')}} ${i * 1000 + page * ((i % 97) + 1)}`;
    });
    return Buffer.from(`${lines.join('\n')}\n`);
  });
}

/** 1,000 alert rules of four shapes, as shared/bench/gen-rules.mjs makes them. */
function ruleFile(count: number, groups: number, interval = '15s'): string {
  const rules = Array.from({ length: count }, (_, i) => {
    const instance = `host-${String(i % hosts).padStart(4, '0')}:9100`;
    const threshold = (i % 97) / 10 + 5;
    const expr = [
      `node_filesystem_avail_bytes{instance="${instance}"} / node_filesystem_size_bytes{instance="${instance}"} < ${(0.01 + (i % 7) / 1000).toFixed(3)}`,
      `sum by (instance) (rate(node_cpu_seconds_total{instance="${instance}",mode!="idle"}[5m])) > ${threshold}`,
      `histogram_quantile(0.99, sum by (le, handler) (rate(http_request_duration_seconds_bucket{instance="${instance}"}[5m]))) > ${threshold}`,
      `sum(rate(http_requests_total{instance="${instance}",code=~"5.."}[5m])) / sum(rate(http_requests_total{instance="${instance}"}[5m])) > ${(0.2 + (i % 11) / 100).toFixed(2)}`,
    ][i % 4];
    return {
      alert: `A${i}`,
      expr,
      for: '5m',
      labels: { severity: 'page', idx: String(i) },
      annotations: { summary: `rule ${i} on {{ $labels.instance }} value {{ $value }}` },
    };
  });
  const per = Math.ceil(count / groups);
  return JSON.stringify({
    groups: Array.from({ length: groups }, (_, g) => ({
      name: `g${g}`,
      ...(interval !== '' && { interval }),
      rules: rules.slice(g * per, (g + 1) * per),
    })),
  });
}

/** Every series fires. */
const manyAlerts = JSON.stringify({
  groups: [
    {
      name: 'g',
      interval: '15s',
      rules: [
        {
          alert: 'Any',
          expr: '{__name__=~"node_misc_.*"} >= 0',
          labels: { name: '{{ $labels.instance }}' },
          annotations: { summary: '{{ $labels.instance }} is {{ $value | humanize }}' },
        },
      ],
    },
  ],
});

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;

/** CPU time since `from`: the machine is shared, and wall time says more of the neighbours than of the rules. */
function cpuMs(from: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1000;
}

/** What one evaluation of all rules costs, the median of several, and how many alerts there are at the end. */
async function measure(
  step: () => Promise<void>,
  clock: StillClock,
  text: string,
  query: RuleQuery,
  stream?: Stream,
): Promise<{ ms: number; alerts: number }> {
  const rules = createRules({ query, append: () => undefined, clock, onAlerts: () => undefined, ...(stream && { stream }) });
  await rules.load([{ path: 'bench.yml', text }]);
  const took: number[] = [];
  for (let i = 0; i < rounds; i++) {
    await step();
    const from = process.cpuUsage();
    await rules.evaluate(clock.nowMs);
    took.push(cpuMs(from));
  }
  return { ms: median(took), alerts: rules.alerts().length };
}

async function measureBacktest(source: Tsdb, text: string, endMs: number): Promise<number> {
  const from = process.cpuUsage();
  await backtest({ files: [{ path: 'bench.yml', text: text.replaceAll('"15s"', '"1m"') }], source, startMs: endMs - 2 * 3_600_000, endMs });
  return cpuMs(from);
}

/** Evaluation of rules: asked anew each time, and streamed. The store takes 10,000 samples between two rounds. */
export async function benchRules({ long }: BenchOptions): Promise<readonly BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  const clock = new StillClock();
  const store = openTsdb({ folder, clock });
  try {
    const step = filler(store, clock);
    for (let i = 0; i < 480; i++) await step();
    const text = ruleFile(1000, 1);
    const asked = await measure(step, clock, text, async (expr, timeMs) => samplesOf(await evaluateInstant(store, expr, timeMs)));
    const stream = createStream({ store });
    const streamed = await measure(step, clock, text, stream.query, stream);
    const many = await measure(step, clock, manyAlerts, stream.query, stream);
    const peer = 'Prometheus 340-430, vmalert 650-710';
    const tried = await measureBacktest(store, text, clock.nowMs);
    return [
      { name: `1,000 rules over 10,000 series, streamed, ${streamed.alerts} alerts held`, value: streamed.ms, unit: 'CPU ms', goal: '<= 50', peer },
      { name: '1,000 rules over 10,000 series, asked anew', value: asked.ms, unit: 'CPU ms', peer },
      { name: '1,000 rules tried on 2 h of 10,000 series, an evaluation a minute', value: tried, unit: 'CPU ms' },
      ...(long ? await besideRules('1,000 rules over 10,000 scraped series', pages(), ruleFile(1000, 1, '')) : []),
      { name: `one rule with ${many.alerts} alerts, labels and annotations of each worked out`, value: many.ms, unit: 'CPU ms' },
    ];
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
