import type { PageFormat, ScrapeConfig, ScrapeProtocol } from '#core/formats/index.ts';
import { EngineError, type DurationMs } from '#core/model/index.ts';
import { gunzipped } from '../unpack.ts';
import type { HttpAnswer, HttpClient } from './http-client.ts';
import { giveBack } from './page-bytes.ts';

/** The body of one scrape, decoded. */
export interface Page {
  readonly body: Uint8Array;
  readonly format: PageFormat;
  /** Gives the memory of the body back: nobody looks at it any more. */
  readonly giveBack: () => void;
}

/** Where a target's pages come from. `fetch` throws EngineError with a sentence for the person. */
export interface PageSource {
  fetch(signal: AbortSignal): Promise<Page>;
}

/** What the app asks of itself, without a socket. */
export function localPages(body: () => Uint8Array | string): PageSource {
  return {
    fetch: async () => {
      const page = body();
      return { body: typeof page === 'string' ? Buffer.from(page) : page, format: 'text', giveBack: () => undefined };
    },
  };
}

/** A target that cannot be scraped at all, and why. */
export function brokenPages(why: string): PageSource {
  return { fetch: async () => Promise.reject(new EngineError('invalid', why)) };
}

export function httpPages(client: HttpClient, url: string, config: ScrapeConfig, timeoutMs: DurationMs, bodyBytesMax: number): PageSource {
  const headers = {
    accept: acceptOf(config),
    'accept-encoding': config.compression ? 'gzip' : 'identity',
    'user-agent': 'Signalbox',
    'x-prometheus-scrape-timeout-seconds': String(timeoutMs / 1000),
  };
  return {
    fetch: async (signal) => {
      const answer = await client.get(url, headers, bodyBytesMax, signal);
      const format = formatOf(answer, config);
      const body = await decoded(answer, bodyBytesMax);
      return { body, format, giveBack: () => giveBack(body) };
    },
  };
}

const accepts: Readonly<Record<ScrapeProtocol, string>> = {
  PrometheusProto: 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
  'OpenMetricsText1.0.0': 'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8',
  'OpenMetricsText0.0.1': 'application/openmetrics-text;version=0.0.1',
  'PrometheusText1.0.0': 'text/plain;version=1.0.0;escaping=allow-utf-8',
  'PrometheusText0.0.4': 'text/plain;version=0.0.4',
};

/** The best first, as Prometheus asks: protobuf only where native histograms are wanted, which nothing else carries. */
function acceptOf(config: ScrapeConfig): string {
  const text = ['OpenMetricsText1.0.0', 'OpenMetricsText0.0.1', 'PrometheusText1.0.0', 'PrometheusText0.0.4'] as const;
  const usual: readonly ScrapeProtocol[] = config.nativeHistograms ? ['PrometheusProto', ...text] : text;
  const wanted = config.protocols.length > 0 ? config.protocols : usual;
  return [...wanted.map((name, i) => `${accepts[name]};q=0.${9 - i}`), '*/*;q=0.1'].join(',');
}

/** The format that the answer claims. Without a claim it is the fallback of the job, or text, which most hand-made pages are. */
function formatOf(answer: HttpAnswer, config: ScrapeConfig): PageFormat {
  if (answer.contentType === 'application/openmetrics-text') return 'openmetrics';
  if (answer.contentType === 'text/plain') return 'text';
  if (answer.contentType === 'application/vnd.google.protobuf' && answer.contentTypeParams.includes('encoding=delimited')) return 'protobuf';
  if (config.fallbackProtocol !== undefined) return formatOfProtocol(config.fallbackProtocol);
  if (answer.contentType === '' || answer.contentType === 'application/octet-stream') return 'text';
  throw new EngineError('invalid', `the target sends ${answer.contentType}, which is no page of metrics; set fallback_scrape_protocol if it is one`);
}

function formatOfProtocol(protocol: ScrapeProtocol): PageFormat {
  if (protocol === 'PrometheusProto') return 'protobuf';
  return protocol.startsWith('OpenMetrics') ? 'openmetrics' : 'text';
}

async function decoded(answer: HttpAnswer, bytesMax: number): Promise<Uint8Array> {
  if (answer.contentEncoding === '' || answer.contentEncoding === 'identity') return answer.body;
  if (answer.contentEncoding !== 'gzip')
    throw new EngineError('invalid', `the target sends its page in the encoding ${answer.contentEncoding}, which was not asked for`);
  const body = await gunzipped(answer.body, bytesMax);
  giveBack(answer.body);
  return body;
}
