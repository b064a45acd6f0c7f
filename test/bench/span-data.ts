import { noScope, resourceOf, type Attribute, type Resource, type Span } from '#core/model/index.ts';

/** Made traces with a seed: the same spans on every machine. */
export class SpanMaker {
  #state: number;
  readonly #services: readonly Resource[];
  readonly #startNs: bigint;

  constructor(seed: number, startNs = BigInt(Date.UTC(2026, 0, 5)) * 1_000_000n) {
    this.#state = seed;
    this.#startNs = startNs;
    this.#services = Array.from({ length: 24 }, (_, i) => resourceOf([text('service.name', `service-${i}`), text('k8s.pod.name', `service-${i}-a`)]));
  }

  /** A trace of `count` spans that begins `atMs` after the start: a tree with branches, calls between services, a few errors. */
  trace(number: number, count: number, atMs: number): Span[] {
    const traceId = number.toString(16).padStart(8, '0') + this.#hex(6).slice(0, 24);
    const spans: Span[] = [];
    const baseNs = this.#startNs + BigInt(Math.round(atMs * 1e6));
    for (let i = 0; i < count; i++) {
      const parent = i === 0 ? undefined : spans[Math.max(0, i - 1 - Math.floor(this.random() ** 2 * Math.min(i, 12)))]!;
      spans.push(this.#span(traceId, i, parent, baseNs));
    }
    return spans;
  }

  /** Uniform in [0, 1): mulberry32. */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  #span(traceId: string, i: number, parent: Span | undefined, baseNs: bigint): Span {
    const service = parent === undefined || this.random() < 0.4 ? Math.floor(this.random() * this.#services.length) : -1;
    const resource = service < 0 ? parent!.resource : this.#services[service]!;
    const startNs = parent === undefined ? baseNs : parent.startNs + BigInt(Math.floor(this.random() * 1e6));
    const wholeNs = parent === undefined ? 2e9 * this.random() ** 4 + 1e6 : Number(parent.endNs - startNs);
    const failed = this.random() < 0.01;
    return {
      traceId,
      spanId: this.#hex(2),
      parentId: parent?.spanId ?? '',
      name: names[Math.floor(this.random() ** 2 * names.length)]!,
      kind: service < 0 ? 'internal' : 'server',
      startNs,
      endNs: startNs + BigInt(Math.max(1000, Math.floor(wholeNs * (0.2 + 0.7 * this.random())))),
      status: failed ? 'error' : 'unset',
      statusText: failed ? 'deadline exceeded' : '',
      attributes: this.#attributes(i, failed),
      events: failed ? [{ timeNs: startNs, name: 'exception', attributes: [text('exception.type', 'Timeout')], droppedCount: 0 }] : [],
      links: [],
      resource,
      scope: noScope,
      traceState: '',
      flags: 1,
      droppedAttributes: 0,
      droppedEvents: 0,
      droppedLinks: 0,
    };
  }

  #attributes(i: number, failed: boolean): Attribute[] {
    return [
      { key: 'http.response.status_code', type: 'int', text: failed ? '503' : '200' },
      text('http.route', routes[Math.floor(this.random() * routes.length)]!),
      text('user.id', `user-${Math.floor(this.random() * 100_000)}`),
      ...(i % 4 === 0 ? [text('db.statement', 'SELECT * FROM carts WHERE id = ?')] : []),
    ];
  }

  /** Eight digits a word. */
  #hex(words: number): string {
    let digits = '';
    for (let i = 0; i < words; i++)
      digits += Math.floor(this.random() * 0xffffffff + 1)
        .toString(16)
        .padStart(8, '0')
        .slice(-8);
    return digits;
  }
}

const text = (key: string, value: string): Attribute => ({ key, type: 'string', text: value });
const names = Array.from({ length: 40 }, (_, i) => `${['GET', 'POST', 'query', 'publish'][i % 4]} /thing/${i}`);
const routes = Array.from({ length: 60 }, (_, i) => `/api/v${i % 3}/thing/${i}`);

/** As OpenTelemetry would send them: about ten spans a trace. */
export function* madeTraces(spanCount: number, seed = 1): Generator<Span[]> {
  const maker = new SpanMaker(seed);
  for (let made = 0, number = 1; made < spanCount; number++) {
    const count = Math.min(spanCount - made, 2 + Math.floor(maker.random() * 17));
    yield maker.trace(number, count, number * 3);
    made += count;
  }
}
