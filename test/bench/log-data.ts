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

/** The same shop's lines in the forms that are no JSON; with a seed, too. */
export class TextLineMaker {
  readonly #random: LineMaker;
  #timeMs = Date.UTC(2026, 0, 5);

  constructor(seed: number) {
    this.#random = new LineMaker(seed);
  }

  chunk(form: TextForm, lines: number): Buffer {
    let text = '';
    for (let i = 0; i < lines; i++) text += `${this.#line(form)}\n`;
    return Buffer.from(text);
  }

  #line(form: TextForm): string {
    const below = (limit: number): number => Math.floor(this.#random.random() * limit);
    const iso = new Date((this.#timeMs += below(20))).toISOString();
    const [service, address] = [services[below(services.length)]!, `10.0.${below(256)}.${below(256)}`];
    switch (form) {
      case 'logfmt':
        return `time=${iso} level=${levels[below(4)]!} service=${service} msg="request ${below(1000)} handled" duration=${below(2000)}ms user=u${below(5000)} trace_id=${LineMaker.traceIdOf(below(1e9))}`;
      case 'access log': {
        const time = `${iso.slice(8, 10)}/Jan/2026:${iso.slice(11, 19)} +0000`;
        return `${address} - - [${time}] "${methods[below(4)]!} ${routes[below(30)]!}/${below(9999)} HTTP/1.1" ${[200, 200, 404, 500][below(4)]!} ${below(20_000)} "-" "Mozilla/5.0 (X11; Linux x86_64)"`;
      }
      case 'syslog':
        return `Jan ${String(Number(iso.slice(8, 10))).padStart(2)} ${iso.slice(11, 19)} web${below(4)} ${service}[${below(30_000)}]: Accepted publickey for user${below(100)} from ${address} port ${below(65_000)} ssh2`;
      case 'plain text':
        return `${iso.slice(0, 10)} ${iso.slice(11, 23)} ${levels[below(4)]!.toUpperCase()} [worker-${below(16)}] com.shop.${service} - processed order ${below(1e6)} in ${below(900)} ms for customer c-${below(9999)}`;
    }
  }
}

export const textForms = ['logfmt', 'access log', 'syslog', 'plain text'] as const;
export type TextForm = (typeof textForms)[number];
const levels = ['info', 'info', 'warn', 'error'];

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
