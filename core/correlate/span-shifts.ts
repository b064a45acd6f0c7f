import { compareText } from '#core/model/index.ts';
import type { CallForest } from './call-forest.ts';
import { medianOf, quantileOf, spreadOf } from './robust.ts';
import type { Samples } from './event-chart.ts';
import type { Pace } from './pace.ts';
import type { CallSpan, TimeWindow } from './types.ts';

/** How the spans of an operation differ between the window and before. */
export interface SpanShift {
  readonly service: string;
  readonly operation: string;
  readonly kind: 'latency' | 'errors';
  /** Latency: robust standard deviations of the logarithm of self time. Errors: root of the likelihood ratio. 0 or more. */
  readonly surprise: number;
  /** Self time in ms at the quantile that moved most; share of spans where an error began. */
  readonly before: number;
  readonly during: number;
  readonly countBefore: number;
  readonly countDuring: number;
  /** Self time in ms, or 1 where an error began, at the start of every span. */
  readonly samples: Samples;
}

/** Fewer spans of an operation, before or during, make no distribution. */
const spansMin = 5;
/** Differences below this are within what clocks and schedulers do, ms. */
const selfFloorMs = 0.5;
/** The least spread of the logarithm of self time that is believed: 10 %. */
const logSpreadMin = 0.1;
const quantiles = [0.5, 0.9];
/** A quantile counts in full when so many spans lie beyond it, and less with fewer. */
const spansBeyond = 5;

interface Spans {
  readonly selfMs: number[];
  errors: number;
}

interface Operation {
  readonly sides: readonly [before: Spans, during: Spans];
  readonly timesMs: number[];
  readonly selfMs: number[];
  readonly begun: number[];
}

/** Strongest first. Self time is a span's duration less what its children cover; an error begins where no child failed. */
export async function spanShifts(forest: CallForest, baseline: TimeWindow, window: TimeWindow, pace: Pace): Promise<SpanShift[]> {
  const operations = new Map<string, Operation>();
  await pace.each(forest.spans, (span) => {
    const side = sideOf(span.startMs, baseline, window);
    if (side === undefined) return;
    const key = `${span.service}\n${span.operation}`;
    let operation = operations.get(key);
    if (operation === undefined) operations.set(key, (operation = newOperation()));
    const children = forest.childrenOf(span);
    const selfMs = selfMsOf(span, children);
    const begins = span.isError && !children.some(({ isError }) => isError);
    operation.sides[side].selfMs.push(selfMs);
    if (begins) operation.sides[side].errors++;
    operation.timesMs.push(span.startMs);
    operation.selfMs.push(selfMs);
    operation.begun.push(begins ? 1 : 0);
  });
  const shifts: SpanShift[] = [];
  await pace.each(operations, ([key, operation]) => shifts.push(...shiftsOf(key, operation)));
  return shifts.sort((a, b) => b.surprise - a.surprise || compareText(a.service, b.service) || compareText(a.operation, b.operation));
}

/** 1 within the window, 0 within the baseline, undefined in neither. */
export function sideOf(timeMs: number, baseline: TimeWindow, window: TimeWindow): 0 | 1 | undefined {
  if (timeMs >= window.startMs && timeMs <= window.endMs) return 1;
  return timeMs >= baseline.startMs && timeMs <= baseline.endMs ? 0 : undefined;
}

const newSpans = (): Spans => ({ selfMs: [], errors: 0 });
const newOperation = (): Operation => ({ sides: [newSpans(), newSpans()], timesMs: [], selfMs: [], begun: [] });

function selfMsOf({ startMs, durationMs }: CallSpan, unordered: readonly CallSpan[]): number {
  const children = unordered.length > 1 ? unordered.toSorted((a, b) => a.startMs - b.startMs) : unordered;
  const endMs = startMs + durationMs;
  let covered = 0;
  let reached = startMs;
  for (const child of children) {
    const from = Math.max(child.startMs, reached);
    const to = Math.min(child.startMs + child.durationMs, endMs);
    if (to <= from) continue;
    covered += to - from;
    reached = to;
  }
  return Math.max(0, durationMs - covered);
}

function shiftsOf(key: string, { sides: [before, during], timesMs, selfMs, begun }: Operation): SpanShift[] {
  const [service = '', operation = ''] = key.split('\n');
  const counts = { service, operation, countBefore: before.selfMs.length, countDuring: during.selfMs.length };
  const errors: SpanShift = {
    ...counts,
    kind: 'errors',
    surprise: during.errors === 0 ? 0 : likelihoodRoot(before.errors, counts.countBefore, during.errors, counts.countDuring),
    before: counts.countBefore === 0 ? 0 : before.errors / counts.countBefore,
    during: during.errors / counts.countDuring,
    samples: { timesMs, values: begun },
  };
  const shifts = errors.surprise > 0 ? [errors] : [];
  if (Math.min(counts.countBefore, counts.countDuring) < spansMin) return shifts;
  return [...shifts, { ...counts, kind: 'latency', ...latencyShift(before.selfMs, during.selfMs), samples: { timesMs, values: selfMs } }];
}

function latencyShift(beforeMs: readonly number[], duringMs: readonly number[]): Pick<SpanShift, 'surprise' | 'before' | 'during'> {
  const before = Float64Array.from(beforeMs).sort();
  const during = Float64Array.from(duringMs).sort();
  const logs = before.map((ms) => Math.log(ms + selfFloorMs));
  const spread = Math.max(logSpreadMin, spreadOf(logs).scale);
  let best = { surprise: 0, before: medianOf(before), during: medianOf(during) };
  for (const q of quantiles) {
    const [from, to] = [quantileOf(before, q), quantileOf(during, q)];
    const certainty = Math.min(1, (Math.min(before.length, during.length) * (1 - q)) / spansBeyond);
    const surprise = (certainty * Math.max(0, Math.log(to + selfFloorMs) - Math.log(from + selfFloorMs))) / spread;
    if (surprise > best.surprise) best = { surprise, before: from, during: to };
  }
  return best;
}

/** Root of G for a share that rose from `a` of `n` to `b` of `m`; 0 when it did not rise. */
export function likelihoodRoot(a: number, n: number, b: number, m: number): number {
  if (m === 0 || b / m <= (n === 0 ? 0 : a / n)) return 0;
  const expected = (total: number): number => ((a + b) * total) / (n + m);
  const cell = (observed: number, usual: number): number => (observed === 0 ? 0 : 2 * observed * Math.log(observed / usual));
  const rest = n + m - a - b;
  const ratio = cell(a, expected(n)) + cell(b, expected(m)) + cell(n - a, (rest * n) / (n + m)) + cell(m - b, (rest * m) / (n + m));
  return Math.sqrt(Math.max(0, ratio));
}

/** How the durations of one service's calls of another differ. */
export interface CallShift {
  readonly caller: string;
  readonly callee: string;
  readonly surprise: number;
  /** ms. */
  readonly before: number;
  readonly during: number;
  readonly countBefore: number;
  readonly countDuring: number;
  /** Duration in ms at the start of every call. */
  readonly samples: Samples;
}

interface Calls {
  readonly sides: readonly [before: number[], during: number[]];
  readonly timesMs: number[];
  readonly durationsMs: number[];
}

/** Strongest first; calls with too few spans on one side are left out. */
export async function callShifts(forest: CallForest, baseline: TimeWindow, window: TimeWindow, pace: Pace): Promise<CallShift[]> {
  const calls = new Map<string, Calls>();
  await pace.each(forest.spans, (span) => {
    const { service, startMs, durationMs } = span;
    const side = sideOf(startMs, baseline, window);
    const caller = forest.parentOf(span)?.service;
    if (side === undefined || caller === undefined || caller === service) return;
    const key = `${caller}\n${service}`;
    let known = calls.get(key);
    if (known === undefined) calls.set(key, (known = { sides: [[], []], timesMs: [], durationsMs: [] }));
    known.sides[side].push(durationMs);
    known.timesMs.push(startMs);
    known.durationsMs.push(durationMs);
  });
  const shifts: CallShift[] = [];
  await pace.each(calls, ([key, { sides, timesMs, durationsMs }]) => {
    const [before, during] = sides;
    const [caller = '', callee = ''] = key.split('\n');
    if (Math.min(before.length, during.length) < spansMin) return;
    const counts = { countBefore: before.length, countDuring: during.length };
    shifts.push({ caller, callee, ...latencyShift(before, during), ...counts, samples: { timesMs, values: durationsMs } });
  });
  return shifts.sort((a, b) => b.surprise - a.surprise || compareText(a.caller + a.callee, b.caller + b.callee));
}
