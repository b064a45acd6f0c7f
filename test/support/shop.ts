import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Counter, Histogram, Registry } from 'prom-client';

/** A small real HTTP service with /metrics, whose error rate a test sets. It serves its own customers. */
export interface Shop {
  readonly url: string;
  readonly address: string;
  /** Share of orders that fail from now on, 0..1. */
  fail(share: number): void;
  close(): Promise<void>;
}

const customersEveryMs = 20;

/** Opens the shop on a free loopback port with one order every 20 ms, taken over HTTP like any other. */
export async function openShop(): Promise<Shop> {
  const registry = new Registry();
  const requests = new Counter({ name: 'http_requests_total', help: 'Requests served.', labelNames: ['service', 'code'], registers: [registry] });
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time to serve a request.',
    labelNames: ['service'],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1],
    registers: [registry],
  });
  let failing = 0;
  let orderCount = 0;
  const server = createServer((request, response) => {
    if (request.url === '/metrics') {
      void registry.metrics().then((body) => response.setHeader('content-type', registry.contentType).end(body));
      return;
    }
    const done = durations.startTimer({ service: 'orders' });
    const code = ++orderCount % 100 < failing * 100 ? 500 : 200;
    requests.inc({ service: 'orders', code });
    response.writeHead(code).end();
    done();
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const customers = setInterval(() => void fetch(`http://${address}/order`).catch(() => undefined), customersEveryMs);
  return {
    url: `http://${address}`,
    address,
    fail: (share) => {
      failing = share;
    },
    close: () => {
      clearInterval(customers);
      server.closeAllConnections();
      return new Promise((closed) => server.close(() => closed()));
    },
  };
}
