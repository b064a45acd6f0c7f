/** Made log lines with a seed: JSON as services of a shop write it, the same bytes on every machine. */
export class LineMaker {
  #state: number;
  #timeMs: number;
  #count = 0;

  constructor(seed: number, startMs = Date.UTC(2026, 0, 5)) {
    this.#state = seed;
    this.#timeMs = startMs;
  }

  /** Lines written so far. */
  get count(): number {
    return this.#count;
  }

  /** The trace id that line `number` has, if it has one. */
  static traceIdOf(number: number): string {
    let id = '';
    for (let i = 0; i < 4; i++)
      id += mixed(number * 4 + i)
        .toString(16)
        .padStart(8, '0');
    return id;
  }

  /** The next `lines` lines as bytes. */
  chunk(lines: number): Buffer {
    let text = '';
    for (let i = 0; i < lines; i++) text += `${this.#line()}\n`;
    return Buffer.from(text);
  }

  /** Uniform in [0, 1): mulberry32. */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let stirred = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    stirred = (stirred + Math.imul(stirred ^ (stirred >>> 7), 61 | stirred)) ^ stirred;
    return ((stirred ^ (stirred >>> 14)) >>> 0) / 2 ** 32;
  }

  #pick(from: readonly string[]): string {
    return from[Math.floor(this.random() ** 2 * from.length)]!;
  }

  #line(): string {
    const number = this.#count++;
    this.#timeMs += this.random() * 20;
    const time = new Date(this.#timeMs).toISOString();
    const service = this.#pick(services);
    const pod = `${service}-${mixed(services.indexOf(service)).toString(36).slice(0, 5)}-${Math.floor(this.random() * 4)}`;
    const trace = LineMaker.traceIdOf(number);
    const durationMs = (this.random() ** 3 * 2000).toFixed(2);
    const kind = this.random();
    const head = `{"ts":"${time}","service":"${service}","pod":"${pod}"`;
    if (kind < 0.78) {
      const status = this.random() < 0.98 ? 200 : 404;
      return `${head},"level":"info","msg":"request handled","method":"${this.#pick(methods)}","route":"${this.#pick(routes)}","status":${status},"duration_ms":${durationMs},"bytes":${Math.floor(this.random() * 20_000)},"remote":"10.${Math.floor(this.random() * 4)}.${Math.floor(this.random() * 256)}.${Math.floor(this.random() * 256)}","trace_id":"${trace}"}`;
    }
    if (kind < 0.93)
      return `${head},"level":"debug","msg":"cache ${this.random() < 0.8 ? 'hit' : 'miss'}","key":"item:${Math.floor(this.random() * 50_000)}","trace_id":"${trace}"}`;
    if (kind < 0.98)
      return `${head},"level":"warn","msg":"slow query","table":"${this.#pick(tables)}","rows":${Math.floor(this.random() * 9000)},"duration_ms":${durationMs},"trace_id":"${trace}"}`;
    if (number % 100_003 === 7)
      return `${head},"level":"error","msg":"ledger out of balance by ${number} cents, refusing to settle","trace_id":"${trace}"}`;
    return `${head},"level":"error","msg":"upstream ${this.#pick(services)} failed: connection reset by peer","attempt":${Math.floor(this.random() * 4)},"trace_id":"${trace}"}`;
  }
}

function mixed(value: number): number {
  let hash = Math.imul(value ^ 0x9e3779b9, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 16) ^ value, 0x27d4eb2f);
  return (hash ^ (hash >>> 15)) >>> 0;
}

const services = [
  'checkout',
  'frontend',
  'cart',
  'payment',
  'catalogue',
  'shipping',
  'search',
  'accounts',
  'email',
  'ads',
  'currency',
  'recommendation',
];
const methods = ['GET', 'POST', 'PUT', 'DELETE'];
const routes = Array.from(
  { length: 30 },
  (_, i) => `/api/v1/${['orders', 'items', 'carts', 'users', 'prices'][i % 5]!}/${['list', 'get', 'put', 'check', 'total', 'history'][i % 6]!}`,
);
const tables = ['orders', 'order_items', 'users', 'prices', 'stock', 'payments'];
