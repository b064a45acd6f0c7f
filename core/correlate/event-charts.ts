import type { SmallChart } from '#core/model/index.ts';
import type { ChangeDraft } from './change-rows.ts';
import type { ChartSteps } from './event-chart.ts';
import type { Pace } from './pace.ts';
import type { IncidentData } from './types.ts';

/** The chart of each change, in their order: one pass over the lines and one over the spans for all of them. */
export async function chartsOf(drafts: readonly ChangeDraft[], { logs, spans }: IncidentData, steps: ChartSteps, pace: Pace): Promise<SmallChart[]> {
  const patterns = new Map<string, Float64Array>();
  const services = new Map<string, AttributeCounts>();
  for (const { service, of } of drafts) {
    if ('pattern' in of) patterns.set(keyOf(service, of.pattern), steps.counts());
    if (!('attribute' in of)) continue;
    const known = services.get(service) ?? { whole: steps.counts(), byText: new Map(), byPair: new Map() };
    services.set(service, known);
    known.byText.set(keyOf(...of.attribute), steps.counts());
  }
  if (patterns.size > 0) await pace.each(logs, ({ service, pattern, timeMs }) => count(patterns.get(keyOf(service, pattern)), steps, timeMs));
  if (services.size > 0)
    await pace.each(spans, ({ service, startMs, attributes = [] }) => {
      const own = services.get(service);
      if (own === undefined) return;
      count(own.whole, steps, startMs);
      for (const pair of attributes) count(countsOf(own, pair), steps, startMs);
    });
  const charts: SmallChart[] = [];
  await pace.each(drafts, ({ service, of }) => {
    if ('samples' in of) charts.push(steps.means(of.samples));
    else if ('pattern' in of) charts.push(steps.perMinute(patterns.get(keyOf(service, of.pattern))!));
    else {
      const { byText, whole } = services.get(service)!;
      charts.push(steps.shares(byText.get(keyOf(...of.attribute))!, whole));
    }
  });
  return charts;
}

/** Of a service: its spans, and those with each attribute that is asked for, also found by the attributes' objects, which spans share. */
interface AttributeCounts {
  readonly whole: Float64Array;
  readonly byText: Map<string, Float64Array>;
  readonly byPair: Map<readonly [key: string, value: string], Float64Array | undefined>;
}

function countsOf({ byText, byPair }: AttributeCounts, pair: readonly [key: string, value: string]): Float64Array | undefined {
  const known = byPair.get(pair);
  if (known !== undefined || byPair.has(pair)) return known;
  const counts = byText.get(keyOf(...pair));
  byPair.set(pair, counts);
  return counts;
}

const keyOf = (...parts: readonly string[]): string => parts.join('\n');

function count(counts: Float64Array | undefined, steps: ChartSteps, timeMs: number): void {
  const step = steps.stepOf(timeMs);
  if (counts !== undefined && step !== undefined) counts[step]!++;
}
