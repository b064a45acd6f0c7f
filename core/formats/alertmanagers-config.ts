/** `alerting` of a prometheus.yml: the Alertmanagers that alerts are forwarded to. Source: Prometheus' configuration reference, `alertmanager_config`. */
import { relabelRule, type RelabelRule } from './relabel-config.ts';
import { scrapeConfig, type ScrapeConfig } from './scrape-config.ts';
import { duration, listOf, oneOf, optional, record, text, type Decode } from './yaml-decode.ts';
import { yamlError, type YamlEntry, type YamlMap, type YamlNode, type YamlScalar } from './yaml.ts';

/** One entry of `alertmanagers`: where they are found, and how they are spoken to. */
export interface AlertmanagersConfig {
  /** How targets are found and relabelled, with credentials and TLS; its path is that of the alerts. */
  readonly discovery: ScrapeConfig;
  /** What becomes of an alert's labels on the way there. */
  readonly alertRelabel: readonly RelabelRule[];
}

export interface ForwardingConfig {
  readonly managers: readonly AlertmanagersConfig[];
  /** For all of them, before their own. */
  readonly alertRelabel: readonly RelabelRule[];
}

export const noForwarding: ForwardingConfig = { managers: [], alertRelabel: [] };

const anything: Decode<YamlNode> = (node) => node;
const alertsPath = '/api/v2/alerts';
/** Prometheus' default for `timeout`. */
const timeoutDefaultMs = 10_000;

/** `warn` takes what is understood but not yet supported. */
export function forwardingConfig(warn: (node: YamlNode, sentence: string) => void): Decode<ForwardingConfig> {
  const decode = record('alerting', {
    managers: optional('alertmanagers', listOf(alertmanagers(warn)), []),
    alertRelabel: optional('alert_relabel_configs', listOf(relabelRule), []),
  });
  return (node) => {
    const { managers, alertRelabel } = decode(node);
    return { managers: managers.filter((one) => one !== undefined), alertRelabel };
  };
}

const ownNames = new Set(['api_version', 'timeout', 'path_prefix', 'alert_relabel_configs', 'sigv4', 'job_name', 'metrics_path']);

/** Undefined for an entry that cannot be spoken to; unsigned, nothing is sent there. */
function alertmanagers(warn: (node: YamlNode, sentence: string) => void): Decode<AlertmanagersConfig | undefined> {
  return (node) => {
    if (node.kind !== 'map') throw yamlError(node, 'an entry of alertmanagers must be a map of fields');
    const own = record('alertmanagers entry', {
      version: optional('api_version', oneOf('v2'), 'v2'),
      timeoutMs: optional('timeout', duration, timeoutDefaultMs),
      prefix: optional('path_prefix', text, '/'),
      alertRelabel: optional('alert_relabel_configs', listOf(relabelRule), []),
      sigv4: optional('sigv4', anything, undefined),
    })(fieldsOf(node, (name) => ownNames.has(name)));
    if (own.sigv4 !== undefined) {
      warn(own.sigv4, 'sigv4 of an Alertmanager is not yet supported: no alert is forwarded to this entry');
      return undefined;
    }
    const path = `/${own.prefix.replace(/^\/+|\/+$/g, '')}${alertsPath}`.replace(/^\/\//, '/');
    const target = withField(
      withField(
        fieldsOf(node, (name) => !ownNames.has(name)),
        'job_name',
        'alertmanager',
      ),
      'metrics_path',
      path,
    );
    const defaults = { protocols: undefined, nativeHistograms: false, classicHistogramsToo: false, extraMetrics: false, limits: {} };
    const timeoutMs = own.timeoutMs || timeoutDefaultMs;
    const discovery = scrapeConfig({ ...defaults, intervalMs: Math.max(timeoutMs, 60_000), timeoutMs }, warn)(target);
    return { discovery, alertRelabel: own.alertRelabel };
  };
}

function fieldsOf(node: YamlMap, wanted: (name: string) => boolean): YamlMap {
  return { ...node, entries: new Map<string, YamlEntry>([...node.entries].filter(([name]) => wanted(name))) };
}

/** The same map with a field as if it had been written there. */
function withField(node: YamlMap, name: string, value: string): YamlMap {
  const { file, line, from, to } = node;
  const scalar = (written: string): YamlScalar => ({ kind: 'scalar', text: written, plain: true, file, line, from, to });
  return { ...node, entries: new Map([...node.entries, [name, { key: scalar(name), value: scalar(value) }]]) };
}
