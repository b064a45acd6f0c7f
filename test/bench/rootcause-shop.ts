/**
 * A shop of eleven services with a fault, made up in the likeness of the Sock Shop captures of the ASE'24 and FSE'24 papers, which are not at hand:
 * ten minutes of a sample a second before the fault and ten after, CPU, memory, traffic, latency and errors of each service, noise with heavy
 * tails, drifts, constant series, gaps. A fault shows at its service and, weaker and later, in the latency of all that call it.
 */
export interface ShopFault {
  readonly service: string;
  readonly kind: 'cpu' | 'mem' | 'disk' | 'delay' | 'loss';
  readonly injectedMs: number;
  /** `time,service_metric,...`, a line a second. */
  readonly csv: string;
}

const calls: Readonly<Record<string, readonly string[]>> = {
  'front-end': ['catalogue', 'carts', 'orders', 'user'],
  orders: ['carts', 'payment', 'shipping', 'user', 'orders-db'],
  carts: ['carts-db'],
  catalogue: ['catalogue-db'],
  user: ['user-db'],
  shipping: ['rabbitmq'],
};
const services = [...new Set([...Object.keys(calls), ...Object.values(calls).flat()])];
const metrics = ['cpu', 'mem', 'diskio', 'workload', 'latency-50', 'latency-90', 'error'] as const;
type Metric = (typeof metrics)[number];
const secondsBefore = 600;
const secondsAfter = 600;
const startMs = 1_700_000_000_000;

/** A generator of numbers in [0, 1) (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** How far a service is from the faulty one up the call chain; -1 when it does not call it. */
function hopsTo(service: string, faulty: string): number {
  if (service === faulty) return 0;
  const below = (calls[service] ?? []).map((callee) => hopsTo(callee, faulty)).filter((hops) => hops >= 0);
  return below.length === 0 ? -1 : Math.min(...below) + 1;
}

export function shopFault(seed: number): ShopFault {
  const random = randomOf(seed);
  const faulty = services[seed % services.length]!;
  const kind = (['cpu', 'mem', 'disk', 'delay', 'loss'] as const)[Math.floor(seed / services.length) % 5]!;
  const columns = services.flatMap((service) =>
    metrics.map((metric) => ({ service, metric, level: 0.2 + random() * 2, spread: 0.02 + random() * 0.15 })),
  );
  const lines = [`time,${columns.map(({ service, metric }) => `${service}_${metric}`).join(',')}`];
  for (let second = 0; second < secondsBefore + secondsAfter; second++) {
    const since = second - secondsBefore;
    const cells = columns.map(({ service, metric, level, spread }) => {
      if (random() < 0.002) return '';
      const noise = (random() + random() + random() - 1.5) * spread * (random() < 0.01 ? 6 : 1);
      const push = since < 0 ? 1 : effect(kind, metric, hopsTo(service, faulty), since);
      return sampleOf(metric, level, noise, push, second).toPrecision(6);
    });
    lines.push(`${startMs / 1000 + second},${cells.join(',')}`);
  }
  return { service: faulty, kind, injectedMs: startMs + secondsBefore * 1000, csv: lines.join('\n') };
}

function sampleOf(metric: Metric, level: number, noise: number, push: number, second: number): number {
  if (metric === 'error') return push > 1.5 && noise > 0 ? Math.round(push) : 0;
  if (metric === 'mem') return Math.round(level * 1e8 * (1 + second * 1e-5) * push) + Math.round(noise * 1e4);
  return Math.max(0, level * (1 + noise) * push);
}

/** By what the fault multiplies a metric, `hops` calls above it, `since` seconds after it began. */
function effect(kind: ShopFault['kind'], metric: Metric, hops: number, since: number): number {
  if (hops < 0) return 1;
  const reached = since > 5 + hops * 5 ? 1 : 0;
  const slows = metric.startsWith('latency') ? 1 + reached * (kind === 'mem' ? 0.6 : 4) * 0.5 ** hops : 1;
  if (metric === 'workload') return 1 - reached * 0.15;
  if (metric === 'error') return kind === 'loss' ? 1 + reached * 3 * 0.5 ** hops : 1;
  if (hops > 0) return slows;
  const own: Readonly<Partial<Record<string, number>>> = {
    'cpu cpu': 8,
    'mem mem': 1 + Math.min(since, 120) / 60,
    'disk diskio': 20,
    'mem cpu': 1.5,
    'disk cpu': 1.5,
  };
  return own[`${kind} ${metric}`] ?? slows;
}
