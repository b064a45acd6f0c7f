import type { ScrapeConfig, TargetGroup } from '#core/formats/index.ts';
import {
  dropLabels,
  EngineError,
  formatDuration,
  labelsFrom,
  labelValue,
  parseDuration,
  withLabel,
  type DurationMs,
  type Labels,
} from '#core/model/index.ts';
import { relabel } from './relabel.ts';

/** A target after relabelling: where to go, and the labels that its series get. */
export interface ResolvedTarget {
  readonly url: string;
  /** With job and instance, without the `__` ones. */
  readonly labels: Labels;
  readonly intervalMs: DurationMs;
  readonly timeoutMs: DurationMs;
}

export interface TargetResolution {
  /** What relabelling was given, with the `__` labels. */
  readonly discovered: Labels;
  /** Undefined when relabelling dropped the target, or `problem` says what is wrong with it. */
  readonly target: ResolvedTarget | undefined;
  /** Empty when nothing is wrong. */
  readonly problem: string;
}

/** Every target of a group, in order. */
export function resolveGroup(config: ScrapeConfig, group: TargetGroup): readonly TargetResolution[] {
  return group.targets.map((address) => {
    const discovered = discoveredLabels(config, address, group.labels);
    try {
      const labels = relabel(discovered, config.relabel);
      return { discovered, target: labels === undefined ? undefined : resolve(config, labels), problem: '' };
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      return { discovered, target: undefined, problem: error.message };
    }
  });
}

/** What Prometheus gives to `relabel_configs`: the config's own as labels, over them the group's. */
function discoveredLabels(config: ScrapeConfig, address: string, group: Labels): Labels {
  const pairs: [string, string][] = [
    ['job', config.job],
    ['__scheme__', config.scheme],
    ['__metrics_path__', config.metricsPath],
    ['__scrape_interval__', formatDuration(config.intervalMs)],
    ['__scrape_timeout__', formatDuration(config.timeoutMs)],
    ...config.params.flatMap(([name, values]) => (values[0] === undefined ? [] : [[`__param_${name}`, values[0]] as [string, string]])),
    ['__address__', address],
  ];
  for (let i = 0; i < group.length; i += 2) pairs.push([group[i]!, group[i + 1]!]);
  return labelsFrom(pairs);
}

function resolve(config: ScrapeConfig, labels: Labels): ResolvedTarget {
  const address = labelValue(labels, '__address__');
  if (address === '') throw new EngineError('invalid', 'relabelling left no __address__');
  const intervalMs = durationLabel(labels, '__scrape_interval__');
  const timeoutMs = durationLabel(labels, '__scrape_timeout__');
  if (intervalMs === 0 || timeoutMs === 0 || timeoutMs > intervalMs)
    throw new EngineError('invalid', 'relabelling left a scrape interval of 0, or shorter than the timeout');
  const own = new Set<string>();
  for (let i = 0; i < labels.length; i += 2) if (labels[i]!.startsWith('__')) own.add(labels[i]!);
  const kept = dropLabels(labels, own);
  const withInstance = labelValue(kept, 'instance') === '' ? withLabel(kept, 'instance', address) : kept;
  return { url: urlOf(config, labels, address), labels: withInstance, intervalMs, timeoutMs };
}

function durationLabel(labels: Labels, name: string): DurationMs {
  const value = parseDuration(labelValue(labels, name));
  if (value === undefined) throw new EngineError('invalid', `relabelling left ${JSON.stringify(labelValue(labels, name))} as ${name}`);
  return value;
}

function urlOf(config: ScrapeConfig, labels: Labels, address: string): string {
  const scheme = labelValue(labels, '__scheme__');
  if (scheme !== 'http' && scheme !== 'https') throw new EngineError('invalid', `the scheme ${JSON.stringify(scheme)} is not http or https`);
  const base = `${scheme}://${address}${labelValue(labels, '__metrics_path__')}`;
  if (/[/\s@?#]/.test(address) || !URL.canParse(base)) throw new EngineError('invalid', `${JSON.stringify(address)} is not host:port`);
  const url = new URL(base);
  const params = new Map(config.params.map(([name, values]) => [name, [...values]]));
  for (let i = 0; i < labels.length; i += 2) {
    if (!labels[i]!.startsWith('__param_')) continue;
    const name = labels[i]!.slice('__param_'.length);
    params.set(name, [labels[i + 1]!, ...(params.get(name) ?? []).slice(1)]);
  }
  for (const [name, values] of params) for (const value of values) url.searchParams.append(name, value);
  return url.href;
}
