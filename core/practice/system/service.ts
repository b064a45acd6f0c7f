/** What every process of the practice system has in common: it answers HTTP, calls others, and tells of both. */
import { Agent, createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SpanKind, type Attributes, type Span } from '@opentelemetry/api';
import { Counter, Histogram } from 'prom-client';
import type { Clock } from '#core/model/index.ts';
import type { Ports, ServiceName } from '../index.ts';
import { below, contextOf, exemplarOf, failed, traceparentOf, type Telemetry } from './telemetry.ts';

/** One request under way. */
export interface Asked {
  readonly query: URLSearchParams;
  readonly span: Span;
}
export type Handler = (asked: Asked) => Promise<unknown>;

/** An answer that is no 200. */
export class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** From a cache that answers to a database that does not. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const callMsMax = 5_000;

export class Service {
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Name of the fault that is on, empty when none is. */
  fault = '';
  #ports: Ports = {};
  readonly #routes = new Map<string, Handler>();
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 256 });
  readonly #server: Server;
  readonly #requests;
  readonly #served;
  readonly #called;

  constructor(telemetry: Telemetry, random: () => number) {
    this.telemetry = telemetry;
    this.clock = telemetry.clock;
    this.random = random;
    const registers = [telemetry.metrics];
    this.#requests = new Counter({ name: 'http_requests_total', help: 'Requests answered', labelNames: ['method', 'route', 'code'], registers });
    this.#served = new Histogram<string>({
      name: 'http_server_request_duration_seconds',
      help: 'Time to answer a request',
      labelNames: ['http_route', 'http_response_status_code'],
      buckets,
      enableExemplars: true,
      registers,
    });
    this.#called = new Histogram<string>({
      name: 'http_client_request_duration_seconds',
      help: 'Time until another service answered',
      labelNames: ['server_address'],
      buckets,
      enableExemplars: true,
      registers,
    });
    this.#server = createServer((asked, answer) => void this.#answer(asked, answer));
  }

  on(route: string, handler: Handler): void {
    this.#routes.set(route, handler);
  }

  setPeers(ports: Ports): void {
    this.#ports = ports;
  }

  /** Whether another service listens somewhere. */
  knows(name: ServiceName): boolean {
    return this.#ports[name] !== undefined;
  }

  /** Loopback only. Settles with the port. */
  listen(port: number): Promise<number> {
    return new Promise((done, fail) => {
      this.#server.once('error', fail);
      this.#server.listen(port, '127.0.0.1', () => done((this.#server.address() as AddressInfo).port));
    });
  }

  /** `true` with probability `share`. */
  chance(share: number): boolean {
    return this.random() < share;
  }

  /** Waits around `ms`, now and then several times as long: the spread of real service times. */
  work(ms: number): Promise<void> {
    const spread = 0.6 - 0.4 * Math.log(1 - this.random());
    return new Promise((done) => void this.clock.after(ms * spread, done));
  }

  /** Asks another service and gives the JSON it answers with; throws Refused when that is an error. */
  async call<T>(to: ServiceName, target: string, cause: Span, about: { readonly name?: string; readonly attributes?: Attributes } = {}): Promise<T> {
    const route = target.split('?', 1)[0]!;
    const attributes = { 'http.request.method': 'GET', 'server.address': to, 'peer.service': to, 'url.path': route, ...about.attributes };
    const span = this.telemetry.span(about.name ?? `GET ${route}`, SpanKind.CLIENT, below(cause), attributes);
    const beganMs = this.clock.monotonicMs();
    try {
      const { status, body } = await this.#get(to, target, span);
      span.setAttribute('http.response.status_code', status);
      if (status !== 200) throw new Refused(status, `${to} answered ${status}: ${body}`);
      return JSON.parse(body) as T;
    } catch (error) {
      failed(span, error);
      throw error;
    } finally {
      const value = (this.clock.monotonicMs() - beganMs) / 1000;
      this.#called.observe({ labels: { server_address: to }, value, exemplarLabels: exemplarOf(span) });
      span.end();
    }
  }

  #get(to: ServiceName, target: string, span: Span): Promise<{ status: number; body: string }> {
    const port = this.#ports[to];
    if (port === undefined) throw new Refused(503, `${to} is not there`);
    return new Promise((done, fail) => {
      const headers = { traceparent: traceparentOf(span) };
      const asked = request({ host: '127.0.0.1', port, path: target, agent: this.#agent, headers, timeout: callMsMax }, (answer) => {
        const parts: string[] = [];
        answer.setEncoding('utf8').on('data', (part: string) => parts.push(part));
        answer.on('error', fail).on('end', () => done({ status: answer.statusCode ?? 0, body: parts.join('') }));
      });
      asked.on('timeout', () => asked.destroy(new Refused(504, `${to} did not answer within ${callMsMax / 1000} s`)));
      asked.on('error', fail).end();
    });
  }

  async #answer(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(asked.url ?? '/', 'http://127.0.0.1');
    if (pathname === '/metrics') {
      answer.setHeader('content-type', this.telemetry.metrics.contentType);
      return void answer.end(await this.telemetry.metrics.metrics());
    }
    const handler = this.#routes.get(pathname);
    if (handler === undefined) return void answer.writeHead(404).end();
    const attributes = { 'http.request.method': 'GET', 'http.route': pathname, 'url.path': pathname };
    const header = asked.headers['traceparent'];
    const span = this.telemetry.span(`GET ${pathname}`, SpanKind.SERVER, contextOf(typeof header === 'string' ? header : undefined), attributes);
    const beganMs = this.clock.monotonicMs();
    const [status, body] = await this.#handled(handler, { query: searchParams, span });
    const value = (this.clock.monotonicMs() - beganMs) / 1000;
    this.#requests.inc({ method: 'GET', route: pathname, code: String(status) });
    this.#served.observe({ labels: { http_route: pathname, http_response_status_code: String(status) }, value, exemplarLabels: exemplarOf(span) });
    span.setAttribute('http.response.status_code', status);
    span.end();
    answer.writeHead(status, { 'content-type': 'application/json' }).end(body);
  }

  async #handled(handler: Handler, asked: Asked): Promise<[status: number, body: string]> {
    try {
      return [200, JSON.stringify((await handler(asked)) ?? null)];
    } catch (error) {
      failed(asked.span, error);
      const status = error instanceof Refused ? (error.status === 504 ? 504 : 502) : 500;
      const { message, stack } = error instanceof Error ? error : { message: String(error), stack: '' };
      this.telemetry.log('error', message, asked.span, error instanceof Refused ? { status } : { status, stack: stack ?? '' });
      return [status, JSON.stringify({ error: message })];
    }
  }
}
