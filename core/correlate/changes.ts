import type { Change } from '#core/model/index.ts';
import { attributeShifts } from './attribute-shifts.ts';
import { attributeChange, callChange, changeOrder, deployChange, logChange, metricChange, spanChange, type ChangeDraft } from './change-rows.ts';
import { CallForest } from './call-forest.ts';
import { ChartSteps } from './event-chart.ts';
import { chartsOf } from './event-charts.ts';
import { logShifts } from './log-shifts.ts';
import { Pace } from './pace.ts';
import { seriesShifts } from './series-shift.ts';
import { callShifts, spanShifts } from './span-shifts.ts';
import { versionChanges } from './versions.ts';
import type { IncidentData, TimeWindow } from './types.ts';

export interface ChangesAnswer {
  readonly window: TimeWindow;
  readonly baseline: TimeWindow;
  /** The strangest first, at most 200. */
  readonly changes: readonly Change[];
  /** All that were stranger than chance. */
  readonly changeCount: number;
  readonly seriesCount: number;
  readonly spanCount: number;
  readonly lineCount: number;
  readonly notes: readonly string[];
}

/** Without another wish the baseline is this many times as long as the window, right before it. */
const baselineLengths = 4;
const changesMax = 200;
/** Less is what chance brings. */
const zMin = 3;
const rootMin = 2.5;
/** Fewer points make no baseline. */
const pointsBeforeMin = 4;

export function baselineBefore({ startMs, endMs }: TimeWindow): TimeWindow {
  return { startMs: startMs - (endMs - startMs) * baselineLengths, endMs: startMs - 1 };
}

/** What differs in the window from its baseline, strangest first. The same input gives the same answer. */
export async function whatChanged(
  data: IncidentData,
  window: TimeWindow,
  baseline = baselineBefore(window),
  pace = new Pace(),
): Promise<ChangesAnswer> {
  const shifts = (await seriesShifts(data.series, baseline, window, pace)).filter(({ pointsBefore }) => pointsBefore >= pointsBeforeMin);
  const found = [
    ...shifts.filter(({ z }) => z >= zMin).map(metricChange),
    ...(await versionChanges(data.series, baseline, window, pace)).map(deployChange),
    ...(await eventChanges(data, baseline, window, pace)),
  ].sort(changeOrder);
  const strongest = found.slice(0, changesMax);
  const charts = await chartsOf(strongest, data, new ChartSteps(baseline, window), pace);
  return {
    window,
    baseline,
    changes: strongest.map(({ of: _of, ...change }, i) => ({ ...change, chart: charts[i]! })),
    changeCount: found.length,
    seriesCount: data.series.length,
    spanCount: data.spans.length,
    lineCount: data.logs.length,
    notes: await notesOf(data, shifts.length, baseline, window, pace),
  };
}

async function eventChanges({ logs, spans }: IncidentData, baseline: TimeWindow, window: TimeWindow, pace: Pace): Promise<ChangeDraft[]> {
  const isStrange = ({ surprise }: { readonly surprise: number }): boolean => surprise >= rootMin;
  const forest = await CallForest.of(spans, pace);
  return [
    ...(await logShifts(logs, baseline, window, pace)).filter(isStrange).map(logChange),
    ...(await spanShifts(forest, baseline, window, pace)).filter(isStrange).map(spanChange),
    ...(await callShifts(forest, baseline, window, pace)).filter(isStrange).map(callChange),
    ...(await attributeShifts(forest.spans, baseline, window, pace)).filter(isStrange).map(attributeChange),
  ];
}

async function notesOf(data: IncidentData, judged: number, baseline: TimeWindow, window: TimeWindow, pace: Pace): Promise<string[]> {
  const { series, spans, logs, cut } = data;
  const notes: string[] = [];
  const lacks = async <T>(events: readonly T[], timeOf: (event: T) => number): Promise<boolean> => {
    let [before, during] = [false, false];
    await pace.each(events, (event) => {
      const timeMs = timeOf(event);
      if (timeMs >= window.startMs && timeMs <= window.endMs) during = true;
      else if (timeMs >= baseline.startMs && timeMs <= baseline.endMs) before = true;
    });
    return !(before && during);
  };
  if (judged < series.length)
    notes.push(`not enough data for ${series.length - judged} of ${series.length} series: fewer than 4 points before the window, or none in it`);
  if (series.length === 0) notes.push('no metrics around the window');
  if (await lacks(spans, ({ startMs }) => startMs)) notes.push('not enough data for spans: there are none before the window or none in it');
  if (await lacks(logs, ({ timeMs }) => timeMs)) notes.push('not enough data for log lines: there are none before the window or none in it');
  if (cut?.spans === true) notes.push('there are too many spans to compare them all: the newest of the window and of the baseline were read');
  if (cut?.logs === true) notes.push('there are too many log lines to compare them all: the newest of the window and of the baseline were read');
  return notes;
}
