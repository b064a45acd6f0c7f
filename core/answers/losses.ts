import type { Loss } from '#core/contract/index.ts';
import { isStale, labelValue, matcher, type SeriesColumns, type UnixMs } from '#core/model/index.ts';
import type { TsdbView } from '#core/tsdb/index.ts';

/** Own metrics are scraped every 15 s: what was counted between two scrapes was lost between them, and a first count within this time. */
const countedEveryMs = 15_000;
/** Losses this close are one. */
const joinedMs = 2 * countedEveryMs;
/** Lost exemplars leave no hole in any line. */
const notShown = matcher('reason', '!=', 'exemplar');

interface Part {
  readonly fromMs: UnixMs;
  readonly toMs: UnixMs;
  readonly level: number;
  readonly reason: string;
  readonly source: string;
  readonly count: number;
}

/**
 * When overload turned data away, how much and why, the oldest first: a reading of the own metrics `signalbox_shed_total` and
 * `signalbox_overload_cause`, which are never shed, outlive the process, and are in a case as they are in the live dataset.
 */
export function lossesOf(store: Pick<TsdbView, 'select'>, startMs: UnixMs, endMs: UnixMs): readonly Loss[] {
  const shed = store.select([matcher('__name__', '=', 'signalbox_shed_total'), notShown], startMs - joinedMs, endMs);
  const parts = shed.flatMap((series) => increments(series, startMs - countedEveryMs)).sort((a, b) => a.fromMs - b.fromMs);
  const groups: Part[][] = [];
  let untilMs = Number.NEGATIVE_INFINITY;
  for (const part of parts) {
    if (part.fromMs - untilMs > joinedMs) groups.push([]);
    groups.at(-1)!.push(part);
    untilMs = Math.max(untilMs, part.toMs);
  }
  const causes = groups.length === 0 ? [] : store.select([matcher('__name__', '=', 'signalbox_overload_cause')], startMs - joinedMs, endMs);
  return groups.map((group) => lossOf(group, causes));
}

/**
 * What a counter gained, from sample to sample. A fall is a restart: the process counted from 0; so did one that is not there before `newMs`,
 * as a counter of losses is made by the first of them.
 */
function increments(series: SeriesColumns, newMs: UnixMs): Part[] {
  const { labels, timesMs, values } = series;
  const [level, reason, source] = [Number(labelValue(labels, 'level')), labelValue(labels, 'reason'), labelValue(labels, 'source')];
  const parts: Part[] = [];
  let before = { timeMs: Number.NEGATIVE_INFINITY, value: 0 };
  for (let i = 0; i < timesMs.length; i++) {
    if (isStale(values, i)) continue;
    const [toMs, value] = [timesMs[i]!, values[i]!];
    const isKnown = before.timeMs > 0 || toMs < newMs;
    const count = !isKnown || value < before.value ? value : before.timeMs > 0 ? value - before.value : 0;
    if (count > 0) parts.push({ fromMs: Math.max(before.timeMs, toMs - joinedMs), toMs, level, reason, source, count });
    before = { timeMs: toMs, value };
  }
  return parts;
}

function lossOf(parts: readonly Part[], causes: readonly SeriesColumns[]): Loss {
  const [fromMs, toMs] = [parts[0]!.fromMs, Math.max(...parts.map((part) => part.toMs))];
  const counts = new Map<string, { reason: string; source: string; count: number }>();
  for (const { reason, source, count } of parts) {
    const known = counts.get(`${reason} ${source}`);
    if (known === undefined) counts.set(`${reason} ${source}`, { reason, source, count });
    else known.count += count;
  }
  const held = causes.filter(({ timesMs, values }) => timesMs.some((ms, i) => ms >= fromMs && ms <= toMs && values[i] === 1));
  return {
    startMs: fromMs,
    endMs: toMs,
    level: Math.max(...parts.map(({ level }) => level)),
    causes: [...new Set(held.map(({ labels }) => labelValue(labels, 'signal')))].sort(),
    parts: [...counts.values()].sort((a, b) => b.count - a.count),
  };
}
