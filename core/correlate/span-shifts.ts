import { compareText } from '#core/model/index.ts';
import { medianOf, quantileOf, spreadOf } from './robust.ts';
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
type Sides = readonly [before: Spans, during: Spans];

/** Strongest first. Self time is a span's duration less what its children cover; an error begins where no child failed. */
export function spanShifts(spans: readonly CallSpan[], baseline: TimeWindow, window: TimeWindow): SpanShift[] {
  const children = childrenOf(spans);
  const operations = new Map<string, Sides>();
  for (const span of spans) {
    const side = sideOf(span.startMs, baseline, window);
    if (side === undefined) continue;
    const key = `${span.service}\n${span.operation}`;
    let sides = operations.get(key);
    if (sides === undefined) operations.set(key, (sides = [newSpans(), newSpans()]));
    const own = children.get(idOf(span.traceId, span.spanId)) ?? [];
    sides[side].selfMs.push(selfMsOf(span, own));
    if (span.isError && !own.some(({ isError }) => isError)) sides[side].errors++;
  }
  const shifts = [...operations].flatMap(([key, sides]) => shiftsOf(key, sides));
  return shifts.sort((a, b) => b.surprise - a.surprise || compareText(a.service, b.service) || compareText(a.operation, b.operation));
}

/** 1 within the window, 0 within the baseline, undefined in neither. */
export function sideOf(timeMs: number, baseline: TimeWindow, window: TimeWindow): 0 | 1 | undefined {
  if (timeMs >= window.startMs && timeMs <= window.endMs) return 1;
  return timeMs >= baseline.startMs && timeMs <= baseline.endMs ? 0 : undefined;
}

const newSpans = (): Spans => ({ selfMs: [], errors: 0 });
const idOf = (traceId: string, spanId: string): string => `${traceId} ${spanId}`;

function childrenOf(spans: readonly CallSpan[]): Map<string, CallSpan[]> {
  const children = new Map<string, CallSpan[]>();
  for (const span of spans) {
    if (span.parentId === '') continue;
    const key = idOf(span.traceId, span.parentId);
    const known = children.get(key);
    if (known === undefined) children.set(key, [span]);
    else known.push(span);
  }
  return children;
}

function selfMsOf({ startMs, durationMs }: CallSpan, children: CallSpan[]): number {
  if (children.length > 1) children.sort((a, b) => a.startMs - b.startMs);
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

function shiftsOf(key: string, [before, during]: Sides): SpanShift[] {
  const [service = '', operation = ''] = key.split('\n');
  const counts = { service, operation, countBefore: before.selfMs.length, countDuring: during.selfMs.length };
  const errors: SpanShift = {
    ...counts,
    kind: 'errors',
    surprise: during.errors === 0 ? 0 : likelihoodRoot(before.errors, counts.countBefore, during.errors, counts.countDuring),
    before: counts.countBefore === 0 ? 0 : before.errors / counts.countBefore,
    during: during.errors / counts.countDuring,
  };
  const shifts = errors.surprise > 0 ? [errors] : [];
  if (Math.min(counts.countBefore, counts.countDuring) < spansMin) return shifts;
  return [...shifts, { ...counts, kind: 'latency', ...latencyShift(before.selfMs, during.selfMs) }];
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
}

/** Strongest first; calls with too few spans on one side are left out. */
export function callShifts(spans: readonly CallSpan[], baseline: TimeWindow, window: TimeWindow): CallShift[] {
  const serviceOf = new Map(spans.map((span) => [idOf(span.traceId, span.spanId), span.service]));
  const calls = new Map<string, [before: number[], during: number[]]>();
  for (const { traceId, parentId, service, startMs, durationMs } of spans) {
    const side = sideOf(startMs, baseline, window);
    const caller = serviceOf.get(idOf(traceId, parentId));
    if (side === undefined || caller === undefined || caller === service) continue;
    const key = `${caller}\n${service}`;
    const known = calls.get(key) ?? [[], []];
    known[side].push(durationMs);
    calls.set(key, known);
  }
  const shifts = [...calls].flatMap(([key, [before, during]]): CallShift[] => {
    const [caller = '', callee = ''] = key.split('\n');
    if (Math.min(before.length, during.length) < spansMin) return [];
    return [{ caller, callee, ...latencyShift(before, during), countBefore: before.length, countDuring: during.length }];
  });
  return shifts.sort((a, b) => b.surprise - a.surprise || compareText(a.caller + a.callee, b.caller + b.callee));
}

/** An attribute's value that more of a service's spans have. */
export interface AttributeShift {
  readonly service: string;
  readonly key: string;
  readonly value: string;
  readonly surprise: number;
  /** Share of the service's spans. */
  readonly before: number;
  readonly during: number;
  readonly countBefore: number;
  readonly countDuring: number;
}

/** Values beyond so many of a service make no further rows: they are ids. */
const valuesMax = 5000;

/** Strongest first. */
export function attributeShifts(spans: readonly CallSpan[], baseline: TimeWindow, window: TimeWindow): AttributeShift[] {
  const totals = new Map<string, [number, number]>();
  const counts = new Map<string, [number, number]>();
  for (const { service, startMs, attributes = [] } of spans) {
    const side = sideOf(startMs, baseline, window);
    if (side === undefined) continue;
    raise(totals, service, side);
    for (const [key, value] of attributes)
      if (counts.size < valuesMax || counts.has(`${service}\n${key}\n${value}`)) raise(counts, `${service}\n${key}\n${value}`, side);
  }
  const shifts = [...counts].map(([name, [before, during]]): AttributeShift => {
    const [service = '', key = '', value = ''] = name.split('\n');
    const [allBefore, allDuring] = totals.get(service)!;
    const surprise = allBefore === 0 ? 0 : likelihoodRoot(before, allBefore, during, allDuring);
    return {
      service,
      key,
      value,
      surprise,
      before: before / Math.max(1, allBefore),
      during: during / Math.max(1, allDuring),
      countBefore: before,
      countDuring: during,
    };
  });
  return shifts.sort((a, b) => b.surprise - a.surprise || compareText(a.service + a.key + a.value, b.service + b.key + b.value));
}

function raise(map: Map<string, [number, number]>, key: string, side: 0 | 1): void {
  const known = map.get(key) ?? [0, 0];
  known[side]++;
  map.set(key, known);
}
