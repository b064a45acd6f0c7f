import { labelsFrom, type DurationMs, type Labels } from '#core/model/index.ts';
import { httpSettings, type HttpSettings } from './alertmanager-http.ts';
import { relabelRule, type RelabelRule } from './relabel-config.ts';
import { boolean, byteSize, count, duration, listOf, number, oneOf, optional, pairsOf, record, required, text, type Decode } from './yaml-decode.ts';
import { yamlError, type YamlEntry, type YamlMap, type YamlNode } from './yaml.ts';

/** Targets that share labels: one entry of `static_configs`, of a file or of an answer of service discovery. */
export interface TargetGroup {
  /** `host:port`, as `__address__` will have it. */
  readonly targets: readonly string[];
  readonly labels: Labels;
}

export type ScrapeProtocol = 'PrometheusProto' | 'OpenMetricsText1.0.0' | 'OpenMetricsText0.0.1' | 'PrometheusText1.0.0' | 'PrometheusText0.0.4';

/** Bounds on one scrape. A scrape that passes one fails as a whole, and says which. Infinity: not bounded. */
export interface ScrapeLimits {
  /** Decoded. Undefined: the file is silent, and the limit of all intake holds. */
  readonly bodyBytesMax: number | undefined;
  /** After metric relabelling. Undefined: as above. */
  readonly samplesMax: number | undefined;
  readonly targetsMax: number;
  readonly labelsMax: number;
  readonly labelNameBytesMax: number;
  readonly labelValueBytesMax: number;
}

/** One entry of `scrape_configs`, with what `global` says where it is silent. */
export interface ScrapeConfig {
  readonly job: string;
  readonly intervalMs: DurationMs;
  readonly timeoutMs: DurationMs;
  readonly protocols: readonly ScrapeProtocol[];
  readonly fallbackProtocol: ScrapeProtocol | undefined;
  readonly nativeHistograms: boolean;
  readonly classicHistogramsToo: boolean;
  /** Timeout, sample limit and body size of each scrape are series too. */
  readonly extraMetrics: boolean;
  readonly scheme: 'http' | 'https';
  readonly metricsPath: string;
  readonly params: readonly (readonly [name: string, values: readonly string[]])[];
  readonly honorLabels: boolean;
  readonly honorTimestamps: boolean;
  readonly trackTimestampsStaleness: boolean;
  /** Credentials, TLS and headers. `followRedirects` only when the file asks for it. */
  readonly http: HttpSettings;
  readonly compression: boolean;
  readonly limits: ScrapeLimits;
  readonly staticGroups: readonly TargetGroup[];
  readonly fileSources: readonly FileSource[];
  readonly httpSources: readonly HttpSource[];
  readonly relabel: readonly RelabelRule[];
  readonly metricRelabel: readonly RelabelRule[];
}

/** `file_sd_configs`: files of target groups in YAML or JSON; a pattern may hold one `*` in its last part. */
export interface FileSource {
  readonly patterns: readonly string[];
  readonly refreshMs: DurationMs;
}

/** `http_sd_configs`: an address that answers with target groups in JSON. */
export interface HttpSource {
  readonly url: string;
  readonly refreshMs: DurationMs;
  readonly http: HttpSettings;
}

/** What `global` gives to every scrape config. */
export interface ScrapeDefaults {
  readonly intervalMs: DurationMs;
  readonly timeoutMs: DurationMs;
  readonly protocols: readonly ScrapeProtocol[] | undefined;
  readonly nativeHistograms: boolean;
  readonly classicHistogramsToo: boolean;
  readonly extraMetrics: boolean;
  readonly limits: Partial<ScrapeLimits>;
}

const labelNameForm = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const protocolNames = [
  'PrometheusProto',
  'OpenMetricsText1.0.0',
  'OpenMetricsText0.0.1',
  'PrometheusText1.0.0',
  'PrometheusText0.0.4',
] as const satisfies readonly ScrapeProtocol[];

export const protocol: Decode<ScrapeProtocol> = oneOf(...protocolNames);

/** A map of label names and values. */
export const labelMap: Decode<Labels> = (node) => {
  const pairs = pairsOf(text)(node);
  const wrong = pairs.find(([name]) => !labelNameForm.test(name));
  if (wrong !== undefined) throw yamlError(node, `${JSON.stringify(wrong[0])} is not a label name; use letters, digits and _`);
  return labelsFrom(pairs);
};

/** `host:port` without a scheme or path, as Prometheus asks. */
const address: Decode<string> = (node) => {
  const written = text(node);
  if (written === '' || /[/\s]/.test(written))
    throw yamlError(node, `${JSON.stringify(written)} is not a target; write host:port, and put scheme and path in scheme and metrics_path`);
  return written;
};

export const targetGroup: Decode<TargetGroup> = record('target group', {
  targets: optional('targets', listOf(address), []),
  labels: optional('labels', labelMap, []),
});

/** A limit of Prometheus: 0 says that there is none. */
const limit = (decode: Decode<number>): Decode<number | undefined> => {
  return (node) => {
    const value = decode(node);
    return value === 0 ? Number.POSITIVE_INFINITY : value;
  };
};
const noNumber = (name: string, decode: Decode<number | undefined>): ReturnType<typeof optional<number | undefined>> =>
  optional(name, decode, undefined);

/** Limits have the same fields in `global` and in a scrape config. */
export const limitFields = {
  bodyBytesMax: noNumber('body_size_limit', limit(byteSize)),
  samplesMax: noNumber('sample_limit', limit(count)),
  targetsMax: noNumber('target_limit', limit(count)),
  labelsMax: noNumber('label_limit', limit(count)),
  labelNameBytesMax: noNumber('label_name_length_limit', limit(count)),
  labelValueBytesMax: noNumber('label_value_length_limit', limit(count)),
};

/** Fields of an HTTP client, which a scrape config has among its own. */
const httpNames = new Set(
  (
    'basic_auth authorization bearer_token bearer_token_file oauth2 tls_config follow_redirects enable_http2 ' +
    'proxy_url no_proxy proxy_from_environment proxy_connect_header http_headers'
  ).split(' '),
);

/** Ways of finding targets that Prometheus has, or will have, and we have not: their jobs get no targets from them, and a warning says so. */
const isOtherDiscovery = (name: string): boolean => name.endsWith('_sd_configs') && name !== 'file_sd_configs' && name !== 'http_sd_configs';

const anything: Decode<YamlNode> = (node) => node;
const ignored = (name: string): ReturnType<typeof optional<YamlNode | undefined>> => optional(name, anything, undefined);

const ownFields = record('scrape config', {
  job: required('job_name', text),
  intervalMs: optional<number | undefined>('scrape_interval', duration, undefined),
  timeoutMs: optional<number | undefined>('scrape_timeout', duration, undefined),
  protocols: optional<readonly ScrapeProtocol[] | undefined>('scrape_protocols', listOf(protocol), undefined),
  fallbackProtocol: optional<ScrapeProtocol | undefined>('fallback_scrape_protocol', protocol, undefined),
  nativeHistograms: optional<boolean | undefined>('scrape_native_histograms', boolean, undefined),
  classicHistogramsToo: optional<boolean | undefined>('always_scrape_classic_histograms', boolean, undefined),
  classicHistograms: optional<boolean | undefined>('scrape_classic_histograms', boolean, undefined),
  extraMetrics: optional<boolean | undefined>('extra_scrape_metrics', boolean, undefined),
  scheme: optional('scheme', oneOf('http', 'https'), 'http'),
  metricsPath: optional('metrics_path', text, '/metrics'),
  params: optional('params', pairsOf(listOf(text)), []),
  honorLabels: optional('honor_labels', boolean, false),
  honorTimestamps: optional('honor_timestamps', boolean, true),
  trackTimestampsStaleness: optional('track_timestamps_staleness', boolean, false),
  compression: optional('enable_compression', boolean, true),
  ...limitFields,
  keepDroppedTargets: ignored('keep_dropped_targets'),
  nativeBuckets: optional('native_histogram_bucket_limit', count, 0),
  nativeFactor: optional('native_histogram_min_bucket_factor', number, 0),
  toCustomBuckets: optional('convert_classic_histograms_to_nhcb', boolean, false),
  validationScheme: optional('metric_name_validation_scheme', oneOf('utf8', 'legacy', ''), 'utf8'),
  escapingScheme: ignored('metric_name_escaping_scheme'),
  failureLog: ignored('scrape_failure_log_file'),
  staticGroups: optional('static_configs', listOf(targetGroup), []),
  fileSources: optional('file_sd_configs', listOf(fileSource), []),
  httpSources: optional('http_sd_configs', listOf(httpSource), []),
  relabel: optional('relabel_configs', listOf(relabelRule), []),
  metricRelabel: optional('metric_relabel_configs', listOf(relabelRule), []),
});

/** Decodes one entry of `scrape_configs`. `warn` takes what is understood but not yet supported. */
export function scrapeConfig(defaults: ScrapeDefaults, warn: (node: YamlNode, sentence: string) => void): Decode<ScrapeConfig> {
  return (node) => {
    if (node.kind !== 'map') throw yamlError(node, 'scrape config must be a map of fields');
    const read = ownFields(entriesOf(node, (name) => !httpNames.has(name) && !isOtherDiscovery(name)));
    if (read.job === '') throw yamlError(node, 'job_name must not be empty');
    const intervalMs = read.intervalMs || defaults.intervalMs;
    const timeoutMs = read.timeoutMs || Math.min(defaults.timeoutMs, intervalMs);
    if (timeoutMs > intervalMs) throw yamlError(node, `the scrape_timeout of job ${JSON.stringify(read.job)} is longer than its scrape_interval`);
    for (const sentence of unsupported(node, read)) warn(node, `${sentence}, in job ${JSON.stringify(read.job)}`);
    const { limits, ...own } = withLimits(read, defaults);
    const http = inlineHttp(node);
    for (const name of [...unsupportedHttp(http), ...read.httpSources.flatMap((source) => unsupportedHttp(source.http))])
      warn(node, `${name} is not yet supported, in job ${JSON.stringify(read.job)}`);
    return { ...own, intervalMs, timeoutMs, limits, http };
  };
}

type OwnFields = ReturnType<typeof ownFields>;

function withLimits(read: OwnFields, defaults: ScrapeDefaults): Omit<ScrapeConfig, 'intervalMs' | 'timeoutMs' | 'http'> {
  const limitOf = (name: keyof ScrapeLimits): number => read[name] ?? defaults.limits[name] ?? Number.POSITIVE_INFINITY;
  return {
    job: read.job,
    protocols: read.protocols ?? defaults.protocols ?? [],
    fallbackProtocol: read.fallbackProtocol,
    nativeHistograms: read.nativeHistograms ?? defaults.nativeHistograms,
    classicHistogramsToo: read.classicHistogramsToo ?? read.classicHistograms ?? defaults.classicHistogramsToo,
    extraMetrics: read.extraMetrics ?? defaults.extraMetrics,
    scheme: read.scheme,
    metricsPath: read.metricsPath.startsWith('/') ? read.metricsPath : `/${read.metricsPath}`,
    params: read.params,
    honorLabels: read.honorLabels,
    honorTimestamps: read.honorTimestamps,
    trackTimestampsStaleness: read.trackTimestampsStaleness,
    compression: read.compression,
    staticGroups: read.staticGroups,
    fileSources: read.fileSources,
    httpSources: read.httpSources,
    relabel: read.relabel,
    metricRelabel: read.metricRelabel,
    limits: {
      bodyBytesMax: read.bodyBytesMax ?? defaults.limits.bodyBytesMax,
      samplesMax: read.samplesMax ?? defaults.limits.samplesMax,
      targetsMax: limitOf('targetsMax'),
      labelsMax: limitOf('labelsMax'),
      labelNameBytesMax: limitOf('labelNameBytesMax'),
      labelValueBytesMax: limitOf('labelValueBytesMax'),
    },
  };
}

/** No scrape goes through a proxy: targets are asked straight. */
function unsupportedHttp({ unsupported: names, proxyUrl }: HttpSettings): readonly string[] {
  return proxyUrl === '' ? names : ['proxy_url', ...names];
}

/** What to do without a way of finding targets. */
const instead = '; give them in file_sd_configs or http_sd_configs';

function unsupported(node: YamlMap, read: OwnFields): string[] {
  const names = [...node.entries.keys()].filter(isOtherDiscovery).map((name) => `${name} is not yet supported, no targets come from it${instead}`);
  if (read.toCustomBuckets) names.push('convert_classic_histograms_to_nhcb is not yet supported');
  if (read.nativeBuckets > 0 || read.nativeFactor > 0) names.push('limits on the buckets of native histograms are not yet supported');
  if (read.validationScheme === 'legacy') names.push('metric_name_validation_scheme: legacy is not yet supported, names may be any UTF-8');
  if (read.failureLog !== undefined) names.push('scrape_failure_log_file is not yet supported');
  return names;
}

function inlineHttp(node: YamlMap): HttpSettings {
  const given = ['basic_auth', 'authorization', 'oauth2', 'bearer_token', 'bearer_token_file'].filter((name) => node.entries.has(name));
  if (given.length > 1) throw yamlError(node.entries.get(given[1]!)!.key, `only one of ${given.join(' and ')} may be set`);
  const own = entriesOf(node, (name) => httpNames.has(name));
  const http = httpSettings(own);
  return { ...http, followRedirects: own.entries.has('follow_redirects') && http.followRedirects };
}

/** The same map with only the fields wanted. */
function entriesOf(node: YamlMap, wanted: (name: string) => boolean): YamlMap {
  return { ...node, entries: new Map<string, YamlEntry>([...node.entries].filter(([name]) => wanted(name))) };
}

const fileForm = /^[^*]*(\*[^/]*)?\.(json|yml|yaml|JSON|YML|YAML)$/;

function fileSource(node: YamlNode): FileSource {
  const read = record('file_sd config', { patterns: required('files', listOf(text)), refreshMs: optional('refresh_interval', duration, 300_000) })(
    node,
  );
  const wrong = read.patterns.find((pattern) => !fileForm.test(pattern));
  if (wrong !== undefined) throw yamlError(node, `${JSON.stringify(wrong)} must end in .json, .yml or .yaml and hold at most one * in its last part`);
  return read;
}

function httpSource(node: YamlNode): HttpSource {
  if (node.kind !== 'map') throw yamlError(node, 'http_sd config must be a map of fields');
  const own = entriesOf(node, (name) => !httpNames.has(name));
  const read = record('http_sd config', { url: required('url', text), refreshMs: optional('refresh_interval', duration, 60_000) })(own);
  if (!/^https?:\/\//.test(read.url) || !URL.canParse(read.url)) throw yamlError(node, `${JSON.stringify(read.url)} is not an http or https URL`);
  return { ...read, http: inlineHttp(node) };
}
