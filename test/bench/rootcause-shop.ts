/**
 * Made-up shops with a fault, in the likeness of the Sock Shop, Online Boutique and Train Ticket captures of RCAEval and of the ASE'24 and FSE'24
 * papers, which are not at hand: ten minutes of a sample a second before the fault and ten after, in one wide table of `time,SERVICE_METRIC,...`.
 * Every seed has a call graph of its own (9 to 36 services), load that wanders and moves CPU and latency of all, noise with heavy tails, drifts,
 * bursts that are no fault, constant series and gaps. A fault of CPU, memory, disk, delay or loss shows at its service, and in latency, errors and
 * traffic of all that call it, weaker and later; how strong it is differs by seed.
 */
export interface ShopFault {
  readonly service: string;
  readonly kind: FaultKind;
  readonly injectedMs: number;
  /** `time,service_metric,...`, a line a second. */
  readonly csv: string;
}

const kinds = ['cpu', 'mem', 'disk', 'delay', 'loss'] as const;
type FaultKind = (typeof kinds)[number];
const metrics = ['cpu', 'mem', 'diskio', 'workload', 'latency-50', 'latency-90', 'error'] as const;
type Metric = (typeof metrics)[number];
const secondsBefore = 600;
const secondsAfter = 600;
const startMs = 1_700_000_000_000;
/** A caller is reached this long after its callee. */
const hopSeconds = 4;

/** A generator of numbers in [0, 1) (mulberry32). */
function randomOf(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Shop {
  readonly services: readonly string[];
  /** Calls between services from the faulty one up; -1: it does not depend on it. */
  readonly hops: readonly number[];
  readonly faulty: number;
}

/** Each service but the first is called by one or two of those before it. */
function shopOf(random: () => number): Shop {
  const count = 9 + Math.floor(random() * 28);
  const services = Array.from({ length: count }, (_, i) =>
    i === 0 ? 'front-end' : `${['cart', 'order', 'user', 'pay', 'ship', 'stock'][i % 6]!}-${i}`,
  );
  const callers = services.map((_, i) => (i === 0 ? [] : [Math.floor(random() * i), ...(random() < 0.3 ? [Math.floor(random() * i)] : [])]));
  const faulty = Math.floor(random() * count);
  const hops = services.map(() => -1);
  hops[faulty] = 0;
  for (let from = faulty; from >= 0; from--)
    if (hops[from]! >= 0)
      for (const caller of callers[from]!) if (hops[caller]! < 0 || hops[caller]! > hops[from]! + 1) hops[caller] = hops[from]! + 1;
  return { services, hops, faulty };
}

interface Column {
  readonly hops: number;
  readonly metric: Metric;
  readonly level: number;
  readonly spread: number;
  /** Of what it has over the whole time. */
  readonly drift: number;
  /** How much the load moves it. */
  readonly follows: number;
  readonly burst: { readonly from: number; readonly length: number; readonly by: number } | undefined;
  readonly isConstant: boolean;
}

function columnOf(random: () => number, metric: Metric, hops: number): Column {
  const length = 5 + Math.floor(random() * 25);
  return {
    hops,
    metric,
    level: 0.1 * 10 ** (random() * 2),
    spread: 0.03 + random() * 0.2,
    drift: (random() - 0.5) * 0.15,
    follows: metric === 'mem' ? 0 : random(),
    burst: random() < 0.08 ? { from: Math.floor(random() * (secondsBefore + secondsAfter)), length, by: 1.5 + random() * 4 } : undefined,
    isConstant: metric !== 'error' && random() < 0.04,
  };
}

export function shopFault(seed: number): ShopFault {
  const random = randomOf(seed);
  const { services, hops, faulty } = shopOf(random);
  const kind = kinds[seed % kinds.length]!;
  const strength = 0.4 + random();
  const columns = services.flatMap((_, i) => metrics.map((metric) => columnOf(random, metric, hops[i]!)));
  const names = services.flatMap((service) => metrics.map((metric) => `${service}_${metric}`));
  const lines = [`time,${names.join(',')}`];
  let load = 1;
  for (let second = 0; second < secondsBefore + secondsAfter; second++) {
    load += (1 - load) * 0.01 + (random() - 0.5) * 0.03;
    const since = second - secondsBefore;
    const cells = columns.map((column) => {
      if (random() < 0.002) return '';
      const noise = (random() + random() + random() - 1.5) * column.spread * (random() < 0.01 ? 6 : 1);
      const push = column.isConstant && column.hops !== 0 ? 1 : effect(kind, strength, column, since);
      return sampleOf(column, noise, push, load, second).toPrecision(6);
    });
    lines.push(`${startMs / 1000 + second},${cells.join(',')}`);
  }
  return { service: services[faulty]!, kind, injectedMs: startMs + secondsBefore * 1000, csv: lines.join('\n') };
}

function sampleOf({ metric, level, drift, follows, burst, isConstant }: Column, noise: number, push: number, load: number, second: number): number {
  if (metric === 'error') return push > 1.2 && noise > -0.05 ? Math.round(push * 2 * (1 + noise)) : noise > 0.4 ? 1 : 0;
  if (isConstant) return level * push;
  const bursts = burst !== undefined && second >= burst.from && second < burst.from + burst.length ? burst.by : 1;
  const moved = level * (1 + drift * (second / (secondsBefore + secondsAfter))) * (1 + follows * (load - 1)) * push * bursts;
  if (metric === 'mem') return Math.round(moved * 1e8) + Math.round(noise * 4e6 * level);
  return Math.max(0, moved * (1 + noise));
}

/** By what the fault multiplies a metric, `since` seconds after it began. */
function effect(kind: FaultKind, strength: number, { metric, hops }: Column, since: number): number {
  if (hops < 0 || since < hops * hopSeconds) return 1;
  const far = 0.55 ** hops;
  const slow = { cpu: 1.5, mem: 0.5, disk: 1, delay: 6, loss: 3 }[kind] * strength;
  if (metric.startsWith('latency')) return 1 + slow * far;
  if (metric === 'error') return kind === 'loss' ? 1 + 3 * strength * far : 1 + 0.1 * far;
  if (metric === 'workload') return 1 - Math.min(0.4, 0.08 * slow * far);
  if (hops > 0) return metric === 'cpu' ? 1 - 0.05 * far : 1;
  const own: Readonly<Partial<Record<string, number>>> = {
    'cpu cpu': 1 + 5 * strength,
    'mem mem': 1 + (Math.min(since, 180) / 180) * 1.5 * strength,
    'mem cpu': 1 + 0.3 * strength,
    'disk diskio': 1 + 12 * strength,
    'disk cpu': 1 + 0.4 * strength,
  };
  return own[`${kind} ${metric}`] ?? 1;
}
