import { compareText } from '#core/model/index.ts';
import type { CallGraph } from './call-graph.ts';
import type { Pace } from './pace.ts';
import { seriesShifts, type SeriesShift } from './series-shift.ts';
import type { ServiceSeries, TimeWindow } from './types.ts';

/**
 * Suspicion by metrics. A service's score is the sum of the logarithms of its strongest shifts (robust z-scores, as in BARO, FSE'24);
 * each counts less when it does not move as the symptom does at the service where users come in, or when a callee has the same shift
 * in the same metric, which explains it. Without a call graph the shifts alone count.
 */
export interface WeighedShift {
  readonly shift: SeriesShift;
  /** log(1 + z) after weighing; 0 or more. */
  readonly weight: number;
  /** The callee with the same shift, which took part of the weight; empty when none did. */
  readonly explainedBy: string;
}

/** Of a shift that a callee shows as strongly, this share goes. */
const explainedShare = 0.3;
/** A shift that does not move with the symptom at all keeps the rest of this share, and one of another metric than the symptom's too. */
const symptomTimeShare = 0.8;
const symptomMetricShare = 0.5;
/** Fewer common points make no correlation. */
const commonPointsMin = 4;

/** By service, strongest first. */
export async function weighShifts(
  all: readonly ServiceSeries[],
  graph: CallGraph,
  baseline: TimeWindow,
  window: TimeWindow,
  pace: Pace,
): Promise<Map<string, readonly WeighedShift[]>> {
  const shifts = await seriesShifts(all, baseline, window, pace);
  const symptom = symptomOf(shifts, graph);
  const weights = new Map<SeriesShift, number>();
  await pace.each(shifts, (shift) => weights.set(shift, Math.log1p(shift.z) * likeness(shift, symptom)));
  const strongest = strongestByMetric(weights);
  const weighed: WeighedShift[] = [];
  await pace.each(shifts, (shift) => weighed.push(explained(shift, weights.get(shift)!, graph, strongest)));
  const order = (a: WeighedShift, b: WeighedShift): number => b.weight - a.weight || compareText(a.shift.series.name, b.shift.series.name);
  return new Map([...Map.groupBy(weighed, ({ shift }) => shift.series.service)].map(([service, list]) => [service, list.sort(order)]));
}

interface Symptom {
  readonly worst: SeriesShift;
  /** How much each metric moved at the entry, 0..1. */
  readonly metrics: ReadonlyMap<string, number>;
}

/** What changed where users come in: at the first entry of the graph that has series. */
function symptomOf(shifts: readonly SeriesShift[], graph: CallGraph): Symptom | undefined {
  for (const entry of graph.entries()) {
    const own = shifts.filter(({ series }) => series.service === entry).sort((a, b) => b.z - a.z || compareText(a.series.name, b.series.name));
    const worst = own[0];
    if (worst === undefined || worst.z === 0) continue;
    const metrics = new Map<string, number>();
    for (const { series, z } of own.toReversed()) metrics.set(series.metric, Math.log1p(z) / Math.log1p(worst.z));
    return { worst, metrics };
  }
  return undefined;
}

function likeness(shift: SeriesShift, symptom: Symptom | undefined): number {
  if (symptom === undefined) return 1;
  const metric = symptom.metrics.get(shift.series.metric) ?? 0;
  const time = Math.max(0, correlation(shift.profile, symptom.worst.profile));
  return (1 - symptomMetricShare + symptomMetricShare * metric) * (1 - symptomTimeShare + symptomTimeShare * time);
}

/** Pearson's, over the points of `a` and the point of `b` nearest in time; 0 with too few or without movement. */
function correlation(a: SeriesShift['profile'], b: SeriesShift['profile']): number {
  const count = a.timesMs.length;
  if (count < commonPointsMin || b.timesMs.length < commonPointsMin) return 0;
  const others = a.timesMs.map((timeMs) => b.offs[nearestIndex(b.timesMs, timeMs)]!);
  const meanA = a.offs.reduce((sum, value) => sum + value, 0) / count;
  const meanB = others.reduce((sum, value) => sum + value, 0) / count;
  let squaresA = 0;
  let squaresB = 0;
  let products = 0;
  a.offs.forEach((value, i) => {
    squaresA += (value - meanA) ** 2;
    squaresB += (others[i]! - meanB) ** 2;
    products += (value - meanA) * (others[i]! - meanB);
  });
  return squaresA === 0 || squaresB === 0 ? 0 : products / Math.sqrt(squaresA * squaresB);
}

/** Index of the entry of ascending `times` nearest to `timeMs`. */
function nearestIndex(times: Float64Array, timeMs: number): number {
  let low = 0;
  let high = times.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! < timeMs) low = middle + 1;
    else high = middle;
  }
  return low > 0 && timeMs - times[low - 1]! < times[low]! - timeMs ? low - 1 : low;
}

type Strongest = ReadonlyMap<string, ReadonlyMap<string, number>>;

function strongestByMetric(weights: ReadonlyMap<SeriesShift, number>): Strongest {
  const strongest = new Map<string, Map<string, number>>();
  for (const [{ series }, weight] of weights) {
    const known = strongest.get(series.service) ?? new Map<string, number>();
    strongest.set(series.service, known.set(series.metric, Math.max(weight, known.get(series.metric) ?? 0)));
  }
  return strongest;
}

function explained(shift: SeriesShift, weight: number, graph: CallGraph, strongest: Strongest): WeighedShift {
  let best = 0;
  let explainedBy = '';
  for (const callee of graph.callees(shift.series.service)) {
    const theirs = strongest.get(callee)?.get(shift.series.metric) ?? 0;
    if (theirs <= best) continue;
    best = theirs;
    explainedBy = callee;
  }
  if (weight === 0 || best === 0) return { shift, weight, explainedBy: '' };
  return { shift, weight: weight * (1 - explainedShare * Math.min(1, best / weight)), explainedBy };
}

const breadthShare = 0.6;
const breadthMax = 3;

/** The score of a service by its weighed shifts, strongest first: the strongest in full, two more in part. */
export function scoreOfShifts(shifts: readonly WeighedShift[]): number {
  return shifts.slice(0, breadthMax).reduce((sum, { weight }, i) => sum + weight * (i === 0 ? 1 : breadthShare), 0);
}
