import type { SmallChart } from '#core/model/index.ts';
import type { ChangeDraft } from './change-rows.ts';
import type { ChartSteps } from './event-chart.ts';
import type { Pace } from './pace.ts';
import type { IncidentData } from './types.ts';

/** The chart of each change, in their order: one pass over the lines and one over the spans for all of them. */
export async function chartsOf(drafts: readonly ChangeDraft[], { logs, spans }: IncidentData, steps: ChartSteps, pace: Pace): Promise<SmallChart[]> {
  const patterns = new Map<string, Float64Array>();
  const attributes = new Map<string, Float64Array>();
  const whole = new Map<string, Float64Array>();
  for (const draft of drafts) {
    if ('pattern' in draft.of) patterns.set(keyOf(draft.service, draft.of.pattern), steps.counts());
    if (!('attribute' in draft.of)) continue;
    attributes.set(keyOf(draft.service, ...draft.of.attribute), steps.counts());
    whole.set(draft.service, steps.counts());
  }
  if (patterns.size > 0) await pace.each(logs, ({ service, pattern, timeMs }) => count(patterns.get(keyOf(service, pattern)), steps, timeMs));
  if (attributes.size > 0)
    await pace.each(spans, (span) => {
      const all = whole.get(span.service);
      if (all === undefined) return;
      count(all, steps, span.startMs);
      for (const [key, value] of span.attributes ?? []) count(attributes.get(keyOf(span.service, key, value)), steps, span.startMs);
    });
  const charts: SmallChart[] = [];
  await pace.each(drafts, ({ service, of }) => {
    if ('samples' in of) charts.push(steps.means(of.samples));
    else if ('pattern' in of) charts.push(steps.perMinute(patterns.get(keyOf(service, of.pattern))!));
    else charts.push(steps.shares(attributes.get(keyOf(service, ...of.attribute))!, whole.get(service)!));
  });
  return charts;
}

const keyOf = (...parts: readonly string[]): string => parts.join('\n');

function count(counts: Float64Array | undefined, steps: ChartSteps, timeMs: number): void {
  const step = steps.stepOf(timeMs);
  if (counts !== undefined && step !== undefined) counts[step]!++;
}
