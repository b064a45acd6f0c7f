import type { Pace } from './pace.ts';
import type { ServiceSeries, TimeWindow } from './types.ts';

/** A version that appeared, or a process that started, in the window. */
export interface VersionChange {
  readonly service: string;
  readonly subject: string;
  readonly text: string;
  readonly series: ServiceSeries;
}

const versionMetric = /^(?:[a-zA-Z_:][\w:]*_(?:build_)?info|kube_[a-z_]*(?:annotations|labels|info|generation))\b/;
const startMetric = /\b(?:process_start_time_seconds|container_start_time_seconds)\b/;
const restartMetric = /\b(?:kube_pod_container_status_restarts_total|restart_total|restarts_total)\b/;

/** Deploys and restarts, as exporters tell them: a new `*_info` series, a start time or a count of restarts that changed. */
export async function versionChanges(all: readonly ServiceSeries[], baseline: TimeWindow, window: TimeWindow, pace: Pace): Promise<VersionChange[]> {
  const changes: VersionChange[] = [];
  const known = new Set<string>();
  await pace.each(all, ({ service, name, timesMs }) => {
    if (versionMetric.test(name) && timesMs.some((timeMs) => inside(timeMs, baseline))) known.add(`${service} ${nameOf(name)}`);
  });
  await pace.each(all, (series) => {
    const { service, name, timesMs, values } = series;
    const first = timesMs[0];
    if (versionMetric.test(name) && first !== undefined && inside(first, window) && known.has(`${service} ${nameOf(name)}`)) {
      changes.push({ service, subject: name, text: 'a version that was not there before', series });
    } else if (startMetric.test(name) || restartMetric.test(name)) {
      const at = timesMs.findIndex((timeMs, i) => i > 0 && inside(timeMs, window) && values[i]! > values[i - 1]!);
      if (at > 0)
        changes.push({
          service,
          subject: name,
          text: startMetric.test(name) ? 'a process started anew' : 'a container restarted',
          series,
        });
    }
  });
  return changes;
}

const nameOf = (text: string): string => text.split('{', 1)[0]!;
const inside = (timeMs: number, { startMs, endMs }: TimeWindow): boolean => timeMs >= startMs && timeMs <= endMs;
