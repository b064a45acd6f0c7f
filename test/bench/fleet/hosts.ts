/** A synthetic fleet: hosts with the metrics of a node exporter and of a service, 500 series each, the same on every machine. */

/** What a series does from one scrape to the next. `busy` is how much its host has to do, about 0 to 1.5. */
type Walk = (busy: number, step: number) => number;

export interface HostSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly next: Walk;
}

export const seriesPerHost = 500;

type Random = () => number;

/** Multiply-with-carry in 32 bits (Marsaglia): uniform in [0, 1). */
function random(seed: number): Random {
  let low = (seed ^ 0x5bd1e995) >>> 0 || 1;
  let high = (seed * 2_654_435_761) >>> 0 || 2;
  return () => {
    high = (36_969 * (high & 0xffff) + (high >>> 16)) >>> 0;
    low = (18_000 * (low & 0xffff) + (low >>> 16)) >>> 0;
    return (((high << 16) + low) >>> 0) / 4_294_967_296;
  };
}

const around = (draw: Random): number => draw() + draw() + draw() - 1.5;

function counter(draw: Random, perStep: number, digits = 0): Walk {
  const scale = 10 ** digits;
  let units = Math.floor(draw() * 1e8);
  return (busy) => {
    units += Math.max(0, Math.round(perStep * scale * busy * (1 + 0.4 * around(draw))));
    return units / scale;
  };
}

function rare(draw: Random, chance: number): Walk {
  let count = Math.floor(draw() * 40);
  return () => (draw() < chance ? ++count : count);
}

function gauge(draw: Random, middle: number, spread: number, unit: number): Walk {
  let value = middle;
  return () => {
    value += around(draw) * spread + (middle - value) * 0.01;
    return Math.round(Math.max(0, value) / unit) * unit;
  };
}

const still =
  (value: number): Walk =>
  () =>
    value;

class Host {
  readonly series: HostSeries[] = [];
  readonly draw: Random;
  readonly #target: Readonly<Record<string, string>>;

  constructor(index: number) {
    this.draw = random(index + 1);
    this.#target = { job: 'node', instance: `host-${String(index).padStart(4, '0')}:9100` };
  }

  add(name: string, labels: Readonly<Record<string, string>>, next: Walk): void {
    this.series.push({ labels: { __name__: name, ...this.#target, ...labels }, next });
  }
}

const modeShares: Readonly<Record<string, number>> = {
  idle: 0.7,
  iowait: 0.01,
  irq: 0,
  nice: 0,
  softirq: 0.004,
  steal: 0,
  system: 0.06,
  user: 0.2,
};

function machine(host: Host): void {
  const { draw } = host;
  for (let cpu = 0; cpu < 8; cpu++) {
    for (const [mode, share] of Object.entries(modeShares)) {
      host.add('node_cpu_seconds_total', { cpu: String(cpu), mode }, share === 0 ? still(0) : counter(draw, 15 * share, 2));
    }
  }
  for (const [i, device] of ['eth0', 'eth1', 'lo', 'veth0'].entries()) {
    for (const way of ['receive', 'transmit']) {
      host.add(`node_network_${way}_bytes_total`, { device }, counter(draw, 6e7 / 10 ** i));
      host.add(`node_network_${way}_packets_total`, { device }, counter(draw, 6e4 / 10 ** i));
      for (const what of ['errs', 'drop', 'fifo', 'compressed']) {
        host.add(`node_network_${way}_${what}_total`, { device }, i === 0 ? rare(draw, 0.02) : still(0));
      }
    }
  }
  for (const [i, device] of ['sda', 'sdb', 'nvme0n1'].entries()) {
    for (const what of ['read_bytes', 'written_bytes', 'reads_completed', 'writes_completed']) {
      host.add(`node_disk_${what}_total`, { device }, i === 1 ? still(117) : counter(draw, what.endsWith('bytes') ? 9e6 : 600));
    }
    for (const what of ['read', 'write', 'io']) host.add(`node_disk_${what}_time_seconds_total`, { device }, counter(draw, 0.4, 3));
  }
}

function state(host: Host, index: number): void {
  const { draw } = host;
  for (const what of ['Free', 'Available', 'Buffers', 'Cached', 'Active', 'Inactive', 'Dirty', 'Mapped', 'Slab', 'Shmem']) {
    host.add(`node_memory_Mem${what}_bytes`, {}, gauge(draw, 1e9 * (1 + draw() * 8), 6e6, 4096));
  }
  for (const what of ['Total', 'Reserved', 'Swap', 'Huge']) host.add(`node_memory_Mem${what}_bytes`, {}, still(4096 * Math.floor(draw() * 8e6)));
  for (const [i, mountpoint] of ['/', '/var', '/data', '/boot', '/run', '/home'].entries()) {
    const size = 4096 * Math.floor(1e6 + draw() * 1e8);
    host.add('node_filesystem_size_bytes', { mountpoint }, still(size));
    host.add('node_filesystem_avail_bytes', { mountpoint }, i < 3 ? gauge(draw, size * 0.4, size * 2e-5, 4096) : still(size / 2));
    host.add('node_filesystem_files_free', { mountpoint }, gauge(draw, 5e6, 20, 1));
    host.add('node_hwmon_temp_celsius', { sensor: `temp${i}` }, gauge(draw, 55, 1.5, 1));
    host.add('node_timex_drift', { source: String(i) }, () => around(draw) * 1e-6);
  }
  for (const minutes of [1, 5, 15]) host.add(`node_load${minutes}`, {}, gauge(draw, 4, 1 / minutes, 0.01));
  host.add('host_info', { dc: `dc${index % 4}`, team: `team-${index % 7}` }, still(1));
  host.add('up', {}, still(1));
  for (let i = 0; i < 30; i++) host.add(`node_vmstat_x${i}`, {}, i % 3 === 0 ? still(i) : counter(draw, 10 ** (1 + (i % 4))));
  for (let i = 0; i < 30; i++)
    host.add('node_scrape_collector_duration_seconds', { collector: `c${i}` }, () => Number((1e-3 + draw() * 1e-2).toFixed(9)));
}

const bounds = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10', '+Inf'];

/** A service's latencies: buckets are sums over those below, as any histogram's. */
function service(host: Host): void {
  const { draw } = host;
  for (let handler = 0; handler < 6; handler++) {
    const labels = { job: 'api', handler: `/api/h${handler}` };
    const counts = bounds.map(() => 0);
    const middle = 3 + (handler % 4);
    bounds.forEach((le, i) =>
      host.add('http_request_duration_seconds_bucket', { ...labels, le }, (busy) => {
        if (i === 0) {
          let sum = 0;
          for (let k = 0; k < counts.length; k++) {
            sum += Math.round(400 * busy * Math.exp(-((k - middle) ** 2) / 3) * (1 + 0.3 * around(draw)));
            counts[k]! += sum;
          }
        }
        return counts[i]!;
      }),
    );
    host.add('http_request_duration_seconds_count', labels, () => counts.at(-1)!);
  }
  for (const method of ['GET', 'POST']) {
    for (const code of ['200', '404', '500', '503'])
      host.add('http_requests_total', { job: 'api', method, code }, code === '200' ? counter(draw, 1200) : rare(draw, 0.1));
  }
}

export function hostSeries(index: number): readonly HostSeries[] {
  const host = new Host(index);
  machine(host);
  state(host, index);
  service(host);
  for (let i = 0; host.series.length < seriesPerHost; i++) {
    host.add(`node_misc_${i % 40}`, { idx: String(Math.floor(i / 40)) }, i % 3 === 0 ? counter(host.draw, 30) : still(i % 2));
  }
  if (host.series.length > seriesPerHost) throw new Error(`a host has ${host.series.length} series`);
  return host.series;
}

/** The values of a host, series after series, `steps` each. */
export function hostValues(index: number, series: readonly HostSeries[], steps: number): Float64Array {
  const values = new Float64Array(series.length * steps);
  const draw = random(index + 90_001);
  let drift = 0;
  for (let k = 0; k < steps; k++) {
    drift = drift * 0.97 + (draw() - 0.5) * 0.15;
    const busy = Math.max(0.05, 0.6 + 0.35 * Math.sin((k / 5760 + index / 60) * 2 * Math.PI) + drift);
    for (let s = 0; s < series.length; s++) values[s * steps + k] = series[s]!.next(busy, k);
  }
  return values;
}

/** Hosts are not scraped at the same instant: how much later than a round interval, in ms. */
export function scrapeOffsetMs(index: number): number {
  return Math.floor(random(index + 5_001)() * 15_000);
}
