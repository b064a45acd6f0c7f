import { noLabels, type DurationMs, type Labels } from '#core/model/index.ts';
import { defaultOtlpConfig, otlpConfig, type OtlpConfig } from './otlp-config.ts';
import { labelMap, limitFields, protocol, scrapeConfig, type ScrapeConfig, type ScrapeDefaults, type ScrapeProtocol } from './scrape-config.ts';
import { forwardingConfig, noForwarding, type ForwardingConfig } from './alertmanagers-config.ts';
import { defaultSpanMetrics, spanMetricsConfig, tailSamplingConfig, type SpanMetricsConfig, type TailSamplingConfig } from './span-config/index.ts';
import { boolean, byteSize, count, duration, listOf, optional, record, text, type Decode } from './yaml-decode.ts';
import { isYamlNull, readYaml, yamlError, type YamlNode } from './yaml.ts';

/**
 * `signalbox.yml`: everything of a `prometheus.yml`, and a few fields of our own. A plain prometheus.yml is read as it is;
 * what of it concerns only Prometheus' own storage and remotes is left aside, with a warning that says so.
 */
export interface SignalboxConfig {
  readonly evaluationIntervalMs: DurationMs;
  readonly externalLabels: Labels;
  readonly scrapeConfigs: readonly ScrapeConfig[];
  /** Paths or patterns of Prometheus rule files, relative to the configuration. */
  readonly ruleFiles: readonly string[];
  /** The Alertmanager configuration, relative to this file. */
  readonly alertmanagerFile: string;
  /** Other Alertmanagers that get our alerts too. */
  readonly forwarding: ForwardingConfig;
  /** Folders, relative to this file. */
  readonly runbookFolder: string;
  readonly dashboardFolder: string;
  readonly sloFolder: string;
  /** A PromQL expression whose value is the share of users affected now, 0 to 1. Empty: not known. */
  readonly usersAffected: string;
  /** How long samples are kept, and rollups of them; how many bytes all of it may take; the same of logs and traces. */
  readonly retention: Retention;
  /** Patterns of files with more jobs; those jobs are among `scrapeConfigs`. */
  readonly scrapeConfigFiles: readonly string[];
  readonly otlp: OtlpConfig;
  readonly limits: IntakeLimits;
  readonly spanMetrics: SpanMetricsConfig;
  /** Undefined: every span is kept. */
  readonly tailSampling: TailSamplingConfig | undefined;
  /** What is understood but does nothing here: "FILE:LINE: sentence". */
  readonly warnings: readonly string[];
}

export interface Retention {
  readonly timeMs: DurationMs;
  readonly rollup5mMs: DurationMs;
  readonly rollup1hMs: DurationMs;
  readonly bytesMax: number;
  /** Of log lines and of spans, each with a time and a size of its own. */
  readonly logs: Kept;
  readonly traces: Kept;
}

/** How long something is kept, and how many bytes it may take. */
export interface Kept {
  readonly timeMs: DurationMs;
  readonly bytesMax: number;
}

/** Bounds on what comes in, whatever its way. What passes one is rejected and counted under its reason (reliability: default limits). */
export interface IntakeLimits {
  /** Of a scraped page, decoded. A job's own body_size_limit takes its place. */
  readonly bodyBytesMax: number;
  /** Of one scrape. A job's own sample_limit takes its place. */
  readonly samplesMax: number;
  /** New series that a source may make at once, and again every hour. */
  readonly newSeriesMax: number;
  readonly labelsMax: number;
  readonly labelNameBytesMax: number;
  readonly labelValueBytesMax: number;
  /** Samples may lie this far ahead of our clock. */
  readonly aheadMaxMs: DurationMs;
  /** Of the engine's process; from 70 % of it on, things are shed (reliability: overload). */
  readonly memoryBytesMax: number;
}

export const defaultIntakeLimits: IntakeLimits = {
  bodyBytesMax: 16 << 20,
  samplesMax: 50_000,
  newSeriesMax: 20_000,
  labelsMax: 40,
  labelNameBytesMax: 256,
  labelValueBytesMax: 4096,
  aheadMaxMs: 600_000,
  memoryBytesMax: 4 * 2 ** 30,
};

const dayMs = 86_400_000;
/** A week of lines and of spans: who looks further back looks at samples. */
const defaultKept: Kept = { timeMs: 7 * dayMs, bytesMax: 8 * 2 ** 30 };
/** A month to the sample, a quarter to five minutes, this month last year to the hour; 20 GiB is what a laptop can spare. */
const defaultRetention: Retention = {
  timeMs: 30 * dayMs,
  rollup5mMs: 90 * dayMs,
  rollup1hMs: 400 * dayMs,
  bytesMax: 20 * 2 ** 30,
  logs: defaultKept,
  traces: defaultKept,
};

const anything: Decode<YamlNode> = (node) => node;
const ignored = (name: string): ReturnType<typeof optional<YamlNode | undefined>> => optional(name, anything, undefined);

const globalFields = record('global', {
  intervalMs: optional('scrape_interval', duration, 60_000),
  timeoutMs: optional('scrape_timeout', duration, 10_000),
  evaluationMs: optional('evaluation_interval', duration, 60_000),
  externalLabels: optional('external_labels', labelMap, noLabels),
  protocols: optional<readonly ScrapeProtocol[] | undefined>('scrape_protocols', listOf(protocol), undefined),
  nativeHistograms: optional('scrape_native_histograms', boolean, false),
  classicHistogramsToo: optional('always_scrape_classic_histograms', boolean, false),
  ...limitFields,
  ruleQueryOffset: ignored('rule_query_offset'),
  queryLog: ignored('query_log_file'),
  failureLog: ignored('scrape_failure_log_file'),
  keepDroppedTargets: ignored('keep_dropped_targets'),
  validationScheme: ignored('metric_name_validation_scheme'),
  escapingScheme: ignored('metric_name_escaping_scheme'),
  toCustomBuckets: ignored('convert_classic_histograms_to_nhcb'),
  extraMetrics: optional('extra_scrape_metrics', boolean, false),
});

const limitsFields = record('limits', {
  bodyBytesMax: optional('body_size', byteSize, defaultIntakeLimits.bodyBytesMax),
  samplesMax: optional('samples_per_scrape', count, defaultIntakeLimits.samplesMax),
  newSeriesMax: optional('new_series_per_source', count, defaultIntakeLimits.newSeriesMax),
  labelsMax: optional('labels', count, defaultIntakeLimits.labelsMax),
  labelNameBytesMax: optional('label_name_bytes', count, defaultIntakeLimits.labelNameBytesMax),
  labelValueBytesMax: optional('label_value_bytes', count, defaultIntakeLimits.labelValueBytesMax),
  aheadMaxMs: optional('ahead', duration, defaultIntakeLimits.aheadMaxMs),
  memoryBytesMax: optional('memory', byteSize, defaultIntakeLimits.memoryBytesMax),
});

const keptFields = (what: string): Decode<Kept> =>
  record(`retention of ${what}`, {
    timeMs: optional('time', duration, defaultKept.timeMs),
    bytesMax: optional('size', byteSize, defaultKept.bytesMax),
  });

const retentionFields = record('retention', {
  timeMs: optional('time', duration, defaultRetention.timeMs),
  rollup5mMs: optional('rollups_5m', duration, defaultRetention.rollup5mMs),
  rollup1hMs: optional('rollups_1h', duration, defaultRetention.rollup1hMs),
  bytesMax: optional('size', byteSize, defaultRetention.bytesMax),
  logs: optional('logs', keptFields('logs'), defaultKept),
  traces: optional('traces', keptFields('traces'), defaultKept),
});

/** Parts of a prometheus.yml that concern only Prometheus itself. */
const foreign = ['remote_write', 'remote_read', 'storage', 'tracing', 'runtime'];

const topFields = record('configuration', {
  global: optional('global', anything, undefined as YamlNode | undefined),
  scrapeConfigs: optional('scrape_configs', anything, undefined as YamlNode | undefined),
  scrapeConfigFiles: optional('scrape_config_files', listOf(text), []),
  alerting: optional('alerting', anything, undefined as YamlNode | undefined),
  otlpNode: optional('otlp', anything, undefined as YamlNode | undefined),
  ruleFiles: optional('rule_files', listOf(text), []),
  alertmanagerFile: optional('alertmanager', text, 'alertmanager.yml'),
  runbookFolder: optional('runbooks', text, 'runbooks'),
  dashboardFolder: optional('dashboards', text, 'dashboards'),
  sloFolder: optional('slos', text, 'slos'),
  usersAffected: optional('users_affected', text, ''),
  retention: optional('retention', retentionFields, defaultRetention),
  limits: optional('limits', limitsFields, defaultIntakeLimits),
  spanMetrics: optional('span_metrics', spanMetricsConfig, defaultSpanMetrics),
  tailSampling: optional<TailSamplingConfig | undefined>('tail_sampling', tailSamplingConfig, undefined),
  ...Object.fromEntries(foreign.map((name) => [name, ignored(name)])),
});

/** A file that `scrape_config_files` names: jobs, and nothing else. */
const jobFields = record('file of scrape configs', { scrapeConfigs: optional('scrape_configs', anything, undefined as YamlNode | undefined) });

/**
 * Reads a signalbox.yml or a prometheus.yml, with what `readFiles` answers for the patterns of its `scrape_config_files`; paths in those
 * begin where the file's own do.
 * Throws EngineError `invalid` or `limit` as "FILE:LINE: what, and how to mend it".
 */
export function parseSignalboxConfig(
  content: string,
  file: string,
  readFiles: (patterns: readonly string[]) => readonly { readonly path: string; readonly text: string }[] = () => [],
): SignalboxConfig {
  const root = readYaml(content, file);
  const { global: globalNode, scrapeConfigs: jobsNode, alerting, otlpNode, ...own } = topFields(root);
  const warnings: string[] = [];
  const warn = (node: YamlNode, sentence: string): void => void warnings.push(`${node.file}:${node.line}: ${sentence}`);
  if (root.kind === 'map')
    for (const [name, { key, value }] of root.entries)
      if (foreign.includes(name) && !isYamlNull(value)) warn(key, `${name} is left aside: it concerns only Prometheus itself`);
  const globals = globalFields(globalNode ?? { kind: 'map', file, line: 1, from: 0, to: 0, entries: new Map() });
  if (globalNode !== undefined && globals.timeoutMs > globals.intervalMs && given(globalNode, 'scrape_timeout'))
    throw yamlError(globalNode, 'the scrape_timeout of global is longer than its scrape_interval');
  const forwarding = alerting === undefined || isYamlNull(alerting) ? noForwarding : forwardingConfig(warn)(alerting);
  const others = readFiles(own.scrapeConfigFiles).map(({ path, text: jobs }) => jobFields(readYaml(jobs, path)).scrapeConfigs);
  const jobNodes = [jobsNode, ...others].flatMap((node) => (node === undefined ? [] : listOf(anything)(node)));
  const scrapeConfigs = jobNodes.map(scrapeConfig(defaultsOf(globals), warn));
  refuseSameJobs(jobNodes, scrapeConfigs);
  const otlp = otlpNode === undefined || isYamlNull(otlpNode) ? defaultOtlpConfig : otlpConfig(warn)(otlpNode);
  return { ...own, evaluationIntervalMs: globals.evaluationMs, externalLabels: globals.externalLabels, scrapeConfigs, otlp, forwarding, warnings };
}

function given(node: YamlNode, name: string): boolean {
  return node.kind === 'map' && node.entries.has(name);
}

function defaultsOf(globals: ReturnType<typeof globalFields>): ScrapeDefaults {
  const { intervalMs, timeoutMs, protocols, nativeHistograms, classicHistogramsToo, extraMetrics } = globals;
  const limits = Object.fromEntries(
    (Object.keys(limitFields) as (keyof typeof limitFields)[]).flatMap((name) => (globals[name] === undefined ? [] : [[name, globals[name]]])),
  );
  return { intervalMs, timeoutMs: Math.min(timeoutMs, intervalMs), protocols, nativeHistograms, classicHistogramsToo, extraMetrics, limits };
}

function refuseSameJobs(nodes: readonly YamlNode[], configs: readonly ScrapeConfig[]): void {
  const seen = new Set<string>();
  configs.forEach(({ job }, i) => {
    if (seen.has(job))
      throw yamlError(nodes[i]!, `a second scrape config has the job_name ${JSON.stringify(job)}; every job needs a name of its own`);
    seen.add(job);
  });
}
