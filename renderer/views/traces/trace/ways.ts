import type { SpanDetail } from '#core/contract/index.ts';
import { formatLink } from '../../../shell/link.ts';
import { fixedRange } from '../../../shell/time-range.ts';

/** Logs are looked for this long before a trace begins and after it ends: they are written late, and clocks differ. */
export const logMarginMs = 60_000;
export const metricMarginMs = 15 * 60_000;

/** The log lines of a trace, around its time. */
export function logsLink(query: string, startMs: number, endMs: number, dataset: string): string {
  const range = fixedRange(startMs - logMarginMs, endMs + logMarginMs);
  return formatLink(['explore', 'logs'], { q: query, ...range, dataset: dataset === 'live' ? undefined : dataset });
}

/** What names the thing that a span ran on, names and values laid flat. */
export function pairsOfSpan({ resource }: Pick<SpanDetail, 'resource'>): readonly string[] {
  const told = resource.attributes.flatMap(({ key, text }) => [key, text]);
  return resource.service === '' ? told : ['service.name', resource.service, ...told];
}
