import { join } from 'node:path';
import { closeDb, openDb } from '#core/db/index.ts';
import type { OtlpConfig, SpanMetricsConfig, TailSamplingConfig } from '#core/formats/index.ts';
import { EngineError, formatLabels, labelsKey, type Clock, type HttpAnswer, type HttpRequest, type Labels } from '#core/model/index.ts';
import type { Ledger } from '../ledger.ts';
import type { LogSink, SampleSink, SpanSink } from '../sink.ts';
import type { OverloadLevel } from '../overload/levels.ts';
import { LogThinning } from '../overload/log-thinning.ts';
import type { Overload } from '../overload/overload.ts';
import { SpanIntake, type SamplingStatus } from '../spans/span-intake.ts';
import type { SamplingDecision } from '../sampling/waiting-spans.ts';
import { failureAnswer, plainAnswer } from './answers.ts';
import { lokiPushPath, receiveLoki } from './loki.ts';
import { OtlpReceiver } from './otlp.ts';
import { Pushgateway, type PushedGroup } from './pushgateway.ts';
import { RemoteWriteReceiver } from './remote-write.ts';
import { receiveZipkin, zipkinPath } from './zipkin.ts';

export interface ReceiverOptions {
  readonly store: SampleSink;
  readonly traces: SpanSink;
  /** Without it log records are refused. */
  readonly logs?: LogSink;
  readonly clock: Clock;
  /** Shared with the scraper. */
  readonly ledger: Ledger;
  /** The dataset's folder; holds `intake.db`: what was pushed and waits, or stays until somebody deletes it. */
  readonly folder: string;
  /** Takes everything unless given. */
  readonly overload?: Overload;
}

export interface Receiver {
  /**
   * The answer to a pushed request; undefined when its path is none of a receiver's. A 2xx answer says that everything in it is
   * on stable storage.
   */
  receive(request: HttpRequest): Promise<HttpAnswer | undefined>;
  /** Puts settings in force; until the first call every span is kept. `otlp` stays as it is unless given. */
  configure(metrics: SpanMetricsConfig, sampling: TailSamplingConfig | undefined, otlp?: OtlpConfig): Promise<void>;
  /** What tail sampling does, with at most `limit` of its last decisions; undefined without it. */
  samplingStatus(limit: number): SamplingStatus | undefined;
  /** What tail sampling decided of a trace; undefined when nothing was, or it is forgotten. */
  samplingDecision(traceId: string): SamplingDecision | undefined;
  /** The level of overload changed. */
  overloaded(level: OverloadLevel): Promise<void>;
  /** What was pushed to Pushgateway's paths and not deleted since. */
  pushedGroups(): readonly PushedGroup[];
  /** Forgets a pushed group and ends its series. Throws EngineError `not-found`. */
  deletePushedGroup(labels: Labels): Promise<void>;
  /** Ends what runs by itself, and writes what is counted. */
  stop(): Promise<void>;
}

/** What other systems push: Prometheus remote write, OTLP, Loki's lines, Zipkin's spans, and what batch jobs send to a Pushgateway. */
export function createReceiver({ store, traces, logs, clock, ledger, folder, overload }: ReceiverOptions): Receiver {
  const remoteWrite = new RemoteWriteReceiver(store, clock, ledger);
  const db = openDb(join(folder, 'intake.db'), 'intake');
  const spans = new SpanIntake({ store, traces, clock, ledger, db });
  const logIntake = logs && { sink: logs, ledger, thinning: overload && new LogThinning(overload) };
  const otlp = new OtlpReceiver(store, spans, clock, ledger, logIntake);
  const pushgateway = new Pushgateway(store, clock, ledger, db);
  const answerOf = (request: HttpRequest): Promise<HttpAnswer | undefined> | HttpAnswer => {
    if (request.path === '/api/v1/write') return request.method === 'POST' ? remoteWrite.receive(request) : plainAnswer(405, 'remote write is POST');
    if (request.path === zipkinPath) return receiveZipkin(request, spans);
    if (request.path === lokiPushPath && logIntake !== undefined) return receiveLoki(request, logIntake);
    return /^\/v1\/(?:metrics|traces|logs)$/.test(request.path) ? otlp.receive(request) : pushgateway.receive(request);
  };
  const failing = async (request: HttpRequest): Promise<HttpAnswer | undefined> => {
    try {
      return await answerOf(request);
    } catch (error) {
      return failureAnswer(error);
    }
  };
  return {
    receive: async (request) => {
      if (overload === undefined || !isPush(request)) return failing(request);
      if (overload.level >= ingestLevel) {
        overload.countShed('push', request.path.startsWith('/metrics/job') ? '/metrics/job' : request.path);
        return plainAnswer(503, 'Signalbox is overloaded; keep the data and come again', { 'retry-after': '5' });
      }
      const ends = overload.pushBegins(request.body.length);
      try {
        return await failing(request);
      } finally {
        ends();
      }
    },
    overloaded: (level) => spans.overloaded(level),
    pushedGroups: () => pushgateway.groups,
    deletePushedGroup: async (labels) => {
      const known = pushgateway.groups.some((group) => labelsKey(group.labels) === labelsKey(labels));
      if (!known) throw new EngineError('not-found', `there is no pushed group ${formatLabels(labels)}; somebody may have deleted it`);
      await pushgateway.delete(labels);
    },
    configure: (metrics, sampling, config) => {
      if (config !== undefined) otlp.configure(config);
      return spans.configure(metrics, sampling);
    },
    samplingStatus: (limit) => spans.samplingStatus(limit),
    samplingDecision: (traceId) => spans.decision(traceId),
    stop: async () => {
      pushgateway.stop();
      await spans.stop();
      closeDb(db);
    },
  };
}

/** From here on senders keep what they have. */
const ingestLevel = 4;
const pushPaths = ['/api/v1/write', zipkinPath, '/v1/metrics', '/v1/traces', '/v1/logs', lokiPushPath];

/** Deleting a pushed group makes room, so it is no push. */
function isPush({ path, method }: HttpRequest): boolean {
  return pushPaths.includes(path) || (/^\/metrics\/job[@/]/.test(path) && method !== 'DELETE');
}
