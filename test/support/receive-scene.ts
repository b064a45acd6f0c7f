import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { createReceiver, Ledger, type Receiver } from '#core/intake/index.ts';
import { formatLabels, isStale, matcher, type Clock, type HttpAnswer, type HttpRequest } from '#core/model/index.ts';
import { openLogs, type Logs } from '#core/logs/index.ts';
import { openTraces, type Traces } from '#core/traces/index.ts';
import { openTsdb, type Tsdb } from '#core/tsdb/index.ts';
import { tempFolder } from './folder.ts';

/** The wall clock, for tests with real senders, which stamp their samples with it. */
export const wallClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, act) => {
    const timer = setTimeout(act, delayMs).unref();
    return () => clearTimeout(timer);
  },
};

/** A receiver on a real store. */
export class ReceiveScene {
  readonly ledger = new Ledger();
  readonly store: Tsdb;
  readonly traces: Traces;
  readonly logs: Logs;
  readonly receiver: Receiver;
  readonly answers: { readonly path: string; readonly status: number; readonly body: string }[] = [];

  /** `folder`: that of an earlier scene, whose process died. */
  constructor(clock: Clock = wallClock, folder: string = tempFolder()) {
    this.store = openTsdb({ folder, clock });
    this.traces = openTraces({ folder, clock });
    this.logs = openLogs({ folder, clock });
    this.receiver = createReceiver({ store: this.store, traces: this.traces, logs: this.logs, clock, ledger: this.ledger, folder });
    onTestFinished(async () => {
      await this.receiver.stop();
      await this.traces.close();
      await this.logs.close();
      await this.store.close();
    });
  }

  /** One request, as the host would hand it on. */
  async send(path: string, body: Uint8Array | string, headers: Record<string, string> = {}, method = 'POST'): Promise<HttpAnswer> {
    const [bare = '', query = ''] = path.split('?');
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    const request: HttpRequest = { port: 'app', method, path: bare, query, headers, body: bytes };
    const answer = (await this.receiver.receive(request)) ?? { status: 404, headers: {}, body: '' };
    this.answers.push({ path, status: answer.status, body: String(answer.body) });
    return answer;
  }

  /** A real HTTP server before the receiver; answers its `http://127.0.0.1:PORT`. */
  async listen(): Promise<string> {
    const server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
        void this.send(request.url!, Buffer.concat(parts), headers, request.method).then((answer) =>
          response.writeHead(answer.status, answer.headers).end(answer.body),
        );
      });
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** Every sample of the metrics that match: `series: value value stale`, sorted. */
  samples(metric: string): string[] {
    const lines = this.store.select([matcher('__name__', '=~', metric)], 0, Number.MAX_SAFE_INTEGER).map(({ labels, values, histograms }) => {
      const texts = Array.from(values, (value, i) =>
        histograms?.[i] !== undefined ? `histogram(${histograms[i].count})` : isStale(values, i) ? 'stale' : String(value),
      );
      return `${formatLabels(labels)}: ${texts.join(' ')}`;
    });
    return lines.sort();
  }

  /** The account of a source, checked: received = stored + rejected + shed. */
  account(source: string): Record<string, number> {
    const row = this.ledger.rows().find((one) => one.source === source);
    if (row === undefined) return {};
    const { received, stored, rejected, shed } = row;
    const sum = [...rejected.values(), ...shed.values()].reduce((a, b) => a + b, stored);
    if (sum !== received) throw new Error(`the ledger of ${source} does not add up: ${received} received, ${sum} accounted for`);
    return { received, stored, ...Object.fromEntries(rejected), ...Object.fromEntries(shed) };
  }
}
