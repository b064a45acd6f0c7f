import { EngineError, formatDuration, formatTime, labelPairs, type HttpAnswer, type UnixMs } from '#core/model/index.ts';
import type { TsdbStats, TsdbView } from '#core/tsdb/index.ts';
import type { SignalboxConfig } from '#core/formats/index.ts';
import { plainly } from './answer.ts';
import { numberParam, type Params } from './params.ts';

interface Counted {
  readonly name: string;
  readonly value: number;
}

const shownByDefault = 10;

/** GET /api/v1/status/tsdb, over all series: the store has no head of two hours as Prometheus'. Bytes count the text of label values. */
export function tsdbStatus(store: TsdbView, params: Params): HttpAnswer {
  const problem = 'limit must be a positive number';
  const limit = numberParam(params, 'limit', problem) ?? shownByDefault;
  if (limit < 1) throw new EngineError('invalid', problem);
  const stats = store.stats();
  const byMetric = new Map<string, number>();
  const byPair = new Map<string, number>();
  const values = new Map<string, Set<string>>();
  for (const labels of store.series([], Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)) {
    for (const [name, value] of labelPairs(labels)) {
      if (name === '__name__') count(byMetric, value);
      count(byPair, `${name}=${value}`);
      values.set(name, (values.get(name) ?? new Set()).add(value));
    }
  }
  const valueCounts = [...values].map(([name, set]): Counted => ({ name, value: set.size }));
  const bytes = [...values].map(([name, set]): Counted => ({ name, value: [...set].reduce((sum, value) => sum + value.length, 0) }));
  return plainly({
    headStats: {
      numSeries: stats.series,
      numLabelPairs: byPair.size,
      chunkCount: stats.frames,
      minTime: stats.oldestMs ?? 0,
      maxTime: stats.newestMs ?? 0,
    },
    seriesCountByMetricName: top(counted(byMetric), limit),
    labelValueCountByLabelName: top(valueCounts, limit),
    memoryInBytesByLabelName: top(bytes, limit),
    seriesCountByLabelValuePair: top(counted(byPair), limit),
  });
}

const count = (counts: Map<string, number>, name: string): unknown => counts.set(name, (counts.get(name) ?? 0) + 1);
const counted = (counts: ReadonlyMap<string, number>): Counted[] => [...counts].map(([name, value]) => ({ name, value }));

function top(all: readonly Counted[], limit: number): Counted[] {
  return all.toSorted((a, b) => b.value - a.value || (a.name < b.name ? -1 : 1)).slice(0, limit);
}

/** GET /api/v1/status/runtimeinfo, with what Signalbox has of it: no Go runtime, no folder names. */
export function runtimeInfo(startedMs: UnixMs, nowMs: UnixMs, stats: TsdbStats, { retention }: SignalboxConfig): HttpAnswer {
  return plainly({
    startTime: formatTime(startedMs),
    serverTime: formatTime(nowMs),
    reloadConfigSuccess: true,
    lastConfigTime: formatTime(startedMs),
    corruptionCount: stats.damage.length,
    storageRetention: `${formatDuration(retention.timeMs)} or ${retention.bytesMax}B`,
  });
}
