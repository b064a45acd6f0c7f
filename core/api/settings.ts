import type { SignalboxConfig } from '#core/formats/index.ts';
import { formatDuration, labelsToRecord, type HttpAnswer } from '#core/model/index.ts';
import { plainly } from './answer.ts';

/** What is configured. The file's path is empty when nothing is and the built-in settings are in force. */
export interface ConfigInForce {
  readonly file: string;
  readonly settings: SignalboxConfig;
}

/** GET /api/v1/status/flags: what Prometheus' flags of these names would be set to here. Flags without a meaning here are left out. */
export function listFlags({ file, settings }: ConfigInForce): HttpAnswer {
  return plainly({
    'config.file': file,
    'enable-feature': 'exemplar-storage,native-histograms,promql-duration-expr,promql-experimental-functions',
    'query.lookback-delta': '5m',
    'query.max-concurrency': '4',
    'query.max-samples': '20000000',
    'query.timeout': '30s',
    'storage.tsdb.retention.size': `${settings.retention.bytesMax}B`,
    'storage.tsdb.retention.time': formatDuration(settings.retention.timeMs),
    'web.enable-admin-api': 'true',
    'web.enable-lifecycle': 'false',
    'web.enable-otlp-receiver': 'true',
    'web.enable-remote-write-receiver': 'true',
  });
}

/**
 * GET /api/v1/status/config: the configuration as it was understood, in the form of Prometheus' own file. Put together from what was read
 * and without headers and credentials, so that no secret can be in it.
 */
export function showConfig({ settings }: ConfigInForce): HttpAnswer {
  const { evaluationIntervalMs, externalLabels, scrapeConfigs, ruleFiles } = settings;
  const file = {
    global: { evaluation_interval: formatDuration(evaluationIntervalMs), external_labels: labelsToRecord(externalLabels) },
    rule_files: ruleFiles,
    scrape_configs: scrapeConfigs.map((job) => ({
      job_name: job.job,
      scrape_interval: formatDuration(job.intervalMs),
      scrape_timeout: formatDuration(job.timeoutMs),
      scrape_protocols: job.protocols,
      metrics_path: job.metricsPath,
      scheme: job.scheme,
      honor_labels: job.honorLabels,
      honor_timestamps: job.honorTimestamps,
      static_configs: job.staticGroups.map(({ targets, labels }) => ({ targets, labels: labelsToRecord(labels) })),
      file_sd_configs: job.fileSources.map(({ patterns, refreshMs }) => ({ files: patterns, refresh_interval: formatDuration(refreshMs) })),
    })),
  };
  return plainly({ yaml: yamlOf(file, '') });
}

/** Maps, lists and scalars as YAML. Empty maps and lists are left out; texts are quoted, which JSON's form is good for. */
function yamlOf(value: unknown, indent: string): string {
  if (Array.isArray(value)) {
    return value
      .map((one) => (isNested(one) ? `${indent}- ${yamlOf(one, `${indent}  `).trimStart()}` : `${indent}- ${JSON.stringify(one)}\n`))
      .join('');
  }
  return Object.entries(value as object)
    .filter(([, inner]) => !isNested(inner) || Object.keys(inner).length > 0)
    .map(([name, inner]: [string, unknown]) => {
      if (!isNested(inner)) return `${indent}${name}: ${JSON.stringify(inner)}\n`;
      return `${indent}${name}:\n${yamlOf(inner, Array.isArray(inner) ? indent : `${indent}  `)}`;
    })
    .join('');
}

const isNested = (value: unknown): value is object => typeof value === 'object' && value !== null;
