import { compareText } from '#core/model/index.ts';
import { logShifts, type LogShift } from './log-shifts.ts';
import { seriesShifts, type SeriesShift } from './series-shift.ts';
import { attributeShifts, callShifts, spanShifts, type AttributeShift, type CallShift, type SpanShift } from './span-shifts.ts';
import { versionChanges, type VersionChange } from './versions.ts';
import type { IncidentData, ServiceSeries, TimeWindow } from './types.ts';

export type ChangeKind = 'metric' | 'log' | 'latency' | 'errors' | 'attribute' | 'edge' | 'deploy';

/** One thing that differs between the window and what lies before it. */
export interface Change {
  readonly kind: ChangeKind;
  readonly service: string;
  readonly subject: string;
  /** The logarithm of how strange it is, so that kinds compare; 0 or more. */
  readonly score: number;
  readonly formula: string;
  readonly text: string;
  readonly before: number;
  readonly during: number;
  readonly pointsBefore: number;
  readonly pointsDuring: number;
  readonly chart: { readonly timesMs: Float64Array; readonly values: Float64Array };
}

export interface ChangesAnswer {
  readonly window: TimeWindow;
  readonly baseline: TimeWindow;
  readonly changes: readonly Change[];
  readonly seriesCount: number;
  readonly spanCount: number;
  readonly lineCount: number;
  readonly notes: readonly string[];
}

/** The baseline is this many times as long as the window, right before it. */
export const baselineLengths = 4;
const changesMax = 200;
const chartPointsMax = 60;
/** Less is what chance brings. */
const zMin = 3;
const rootMin = 2.5;
/** A deploy explains much and is rare: it stands among the strongest. */
const deployScore = Math.log1p(100);

const noChart = { timesMs: new Float64Array(0), values: new Float64Array(0) };
const figure = (value: number): string => String(Number(value.toPrecision(4)));
const percent = (share: number): string => `${figure(share * 100)} %`;

/** What differs in the window from as long a time, four times over, before it; strangest first. The same input gives the same answer. */
export function whatChanged(data: IncidentData, window: TimeWindow): ChangesAnswer {
  const lengthMs = window.endMs - window.startMs;
  const baseline = { startMs: window.startMs - lengthMs * baselineLengths, endMs: window.startMs - 1 };
  const shifts = seriesShifts(data.series, baseline, window).filter(({ pointsBefore }) => pointsBefore >= 4);
  const lines = logShifts(data.logs, baseline, window);
  const changes = [
    ...shifts.filter(({ z }) => z >= zMin).map((shift) => metricChange(shift, baseline, window)),
    ...lines.filter(({ surprise }) => surprise >= rootMin).map(logChange),
    ...spanShifts(data.spans, baseline, window)
      .filter(({ surprise }) => surprise >= rootMin)
      .map(spanChange),
    ...callShifts(data.spans, baseline, window)
      .filter(({ surprise }) => surprise >= rootMin)
      .map(callChange),
    ...attributeShifts(data.spans, baseline, window)
      .filter(({ surprise }) => surprise >= rootMin)
      .map(attributeChange),
    ...versionChanges(data.series, baseline, window).map(deployChange),
  ];
  const order = (a: Change, b: Change): number => b.score - a.score || compareText(a.kind, b.kind) || compareText(a.subject, b.subject);
  return {
    window,
    baseline,
    changes: changes.sort(order).slice(0, changesMax),
    seriesCount: data.series.length,
    spanCount: data.spans.length,
    lineCount: data.logs.length,
    notes: notesOf(data, shifts.length, baseline, window),
  };
}

function metricChange({ series, z, before, during, pointsBefore, pointsDuring }: SeriesShift, baseline: TimeWindow, window: TimeWindow): Change {
  return {
    kind: 'metric',
    service: series.service,
    subject: series.name,
    score: Math.log1p(z),
    formula: 'log(1 + z), z = (mean of the most unusual quarter of the window - median before) / robust standard deviation before',
    text: `${during > before ? 'rose' : 'fell'} from ${figure(before)} to ${figure(during)}, z ${figure(z)}`,
    before,
    during,
    pointsBefore,
    pointsDuring,
    chart: chartOf(series, baseline.startMs, window.endMs),
  };
}

/** Means of equal steps, at most `chartPointsMax`. */
function chartOf({ timesMs, values }: ServiceSeries, fromMs: number, toMs: number): Change['chart'] {
  const stepMs = Math.max(1, (toMs - fromMs) / chartPointsMax);
  const sums = new Float64Array(chartPointsMax);
  const counts = new Float64Array(chartPointsMax);
  timesMs.forEach((timeMs, i) => {
    const step = Math.min(chartPointsMax - 1, Math.floor((timeMs - fromMs) / stepMs));
    if (timeMs < fromMs || timeMs > toMs || !Number.isFinite(values[i]!)) return;
    sums[step]! += values[i]!;
    counts[step]!++;
  });
  const steps = [...counts.keys()].filter((step) => counts[step]! > 0);
  return {
    timesMs: Float64Array.from(steps, (step) => fromMs + (step + 0.5) * stepMs),
    values: Float64Array.from(steps, (step) => sums[step]! / counts[step]!),
  };
}

const rootFormula = 'log(1 + root of the likelihood ratio G of the counts before and during)';

function logChange({ service, pattern, isError, surprise, before, during, countBefore, countDuring }: LogShift): Change {
  const what = isError ? 'a line of a failure' : 'a line';
  const text = countBefore === 0 ? `${what} that is new, ${countDuring} times` : `${what}, from ${figure(before)} to ${figure(during)} a minute`;
  const counts = { before, during, pointsBefore: countBefore, pointsDuring: countDuring };
  return { kind: 'log', service, subject: pattern, score: Math.log1p(surprise), formula: rootFormula, text, ...counts, chart: noChart };
}

function spanChange({ service, operation, kind, surprise, before, during, countBefore, countDuring }: SpanShift): Change {
  const isErrors = kind === 'errors';
  return {
    kind,
    service,
    subject: operation,
    score: Math.log1p(surprise),
    formula: isErrors ? rootFormula : 'log(1 + rise of the logarithm of own time / its robust standard deviation before)',
    text: isErrors
      ? `errors begin in ${percent(during)} of its spans, before in ${percent(before)}`
      : `own time rose from ${figure(before)} to ${figure(during)} ms`,
    before,
    during,
    pointsBefore: countBefore,
    pointsDuring: countDuring,
    chart: noChart,
  };
}

function callChange({ caller, callee, surprise, before, during, countBefore, countDuring }: CallShift): Change {
  return {
    kind: 'edge',
    service: callee,
    subject: `${caller} calls ${callee}`,
    score: Math.log1p(surprise),
    formula: 'log(1 + rise of the logarithm of duration / its robust standard deviation before)',
    text: `calls take ${figure(during)} ms, before ${figure(before)} ms`,
    before,
    during,
    pointsBefore: countBefore,
    pointsDuring: countDuring,
    chart: noChart,
  };
}

function attributeChange({ service, key, value, surprise, before, during, countBefore, countDuring }: AttributeShift): Change {
  return {
    kind: 'attribute',
    service,
    subject: `${key}=${value}`,
    score: Math.log1p(surprise),
    formula: rootFormula,
    text: `on ${percent(during)} of the spans, before on ${percent(before)}`,
    before,
    during,
    pointsBefore: countBefore,
    pointsDuring: countDuring,
    chart: noChart,
  };
}

function deployChange({ service, subject, text, atMs }: VersionChange): Change {
  const counts = { before: 0, during: 1, pointsBefore: 0, pointsDuring: 1 };
  const chart = { timesMs: Float64Array.of(atMs), values: Float64Array.of(1) };
  return {
    kind: 'deploy',
    service,
    subject,
    score: deployScore,
    formula: 'fixed: deploys and restarts are few and explain much',
    text,
    ...counts,
    chart,
  };
}

function notesOf({ series, spans, logs }: IncidentData, judged: number, baseline: TimeWindow, window: TimeWindow): string[] {
  const notes: string[] = [];
  const inBoth = (times: Iterable<number>): boolean => {
    let [before, during] = [false, false];
    for (const timeMs of times) {
      if (timeMs >= window.startMs && timeMs <= window.endMs) during = true;
      else if (timeMs >= baseline.startMs && timeMs < window.startMs) before = true;
    }
    return before && during;
  };
  if (judged < series.length)
    notes.push(`not enough data for ${series.length - judged} of ${series.length} series: fewer than 4 points before the window, or none in it`);
  if (series.length === 0) notes.push('no metrics around the window');
  if (!inBoth(spans.map(({ startMs }) => startMs))) notes.push('not enough data for spans: there are none before the window or none in it');
  if (!inBoth(logs.map(({ timeMs }) => timeMs))) notes.push('not enough data for log lines: there are none before the window or none in it');
  return notes;
}
