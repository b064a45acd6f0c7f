import { parseTracestate } from '#core/formats/index.ts';
import type { Span } from '#core/model/index.ts';

/** Thresholds are numbers of 56 bits. */
const whole = 2 ** 56;
/** Spans of one trace share their tracestate; the last few are remembered. */
const remembered = new Map<string, number>();
const rememberedMax = 1000;

/**
 * How many spans this one stands for: 1, or more when a head sampler says in the tracestate that it dropped others. Its member `ot` has
 * `th`, the share that was dropped, as the first digits of a hexadecimal fraction (OpenTelemetry specification, "TraceState: Probability Sampling").
 */
export function adjustedCount({ traceState }: Span): number {
  if (traceState === '' || !traceState.includes('th:')) return 1;
  const known = remembered.get(traceState);
  if (known !== undefined) return known;
  const member = (parseTracestate(traceState) ?? []).find(([key]) => key === 'ot')?.[1] ?? '';
  const [, threshold] = /(?:^|;)th:([0-9a-f]{1,14})(?:;|$)/.exec(member) ?? [];
  const count = threshold === undefined ? 1 : whole / (whole - Number.parseInt(threshold.padEnd(14, '0'), 16));
  if (remembered.size >= rememberedMax) remembered.delete(remembered.keys().next().value!);
  remembered.set(traceState, count);
  return count;
}
