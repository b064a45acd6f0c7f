import type { Clock, HttpAnswer, HttpRequest } from '#core/model/index.ts';
import type { Ledger } from '../ledger.ts';
import type { SampleSink, SpanSink } from '../sink.ts';
import { failureAnswer, plainAnswer } from './answers.ts';
import { OtlpReceiver } from './otlp.ts';
import { Pushgateway, type PushedGroup } from './pushgateway.ts';
import { RemoteWriteReceiver } from './remote-write.ts';

export interface ReceiverOptions {
  readonly store: SampleSink;
  readonly traces: SpanSink;
  readonly clock: Clock;
  /** Shared with the scraper. */
  readonly ledger: Ledger;
}

export interface Receiver {
  /**
   * The answer to a pushed request; undefined when its path is none of a receiver's. A 2xx answer says that everything in it is
   * on stable storage.
   */
  receive(request: HttpRequest): Promise<HttpAnswer | undefined>;
  /** What was pushed to Pushgateway's paths and not deleted since. */
  pushedGroups(): readonly PushedGroup[];
  /** Ends what runs by itself. */
  stop(): void;
}

/** What other systems push: Prometheus remote write, OTLP, and what batch jobs send to a Pushgateway. */
export function createReceiver({ store, traces, clock, ledger }: ReceiverOptions): Receiver {
  const remoteWrite = new RemoteWriteReceiver(store, clock, ledger);
  const otlp = new OtlpReceiver(store, traces, clock, ledger);
  const pushgateway = new Pushgateway(store, clock, ledger);
  const answerOf = (request: HttpRequest): Promise<HttpAnswer | undefined> | HttpAnswer => {
    if (request.path === '/api/v1/write') return request.method === 'POST' ? remoteWrite.receive(request) : plainAnswer(405, 'remote write is POST');
    return /^\/v1\/(?:metrics|traces|logs)$/.test(request.path) ? otlp.receive(request) : pushgateway.receive(request);
  };
  return {
    receive: async (request) => {
      try {
        return await answerOf(request);
      } catch (error) {
        return failureAnswer(error);
      }
    },
    pushedGroups: () => pushgateway.groups,
    stop: () => pushgateway.stop(),
  };
}
