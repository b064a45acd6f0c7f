import { noSpan } from '#core/model/index.ts';
import type { SpanIndex } from './span-index.ts';

/** The events of a trace by span: those of span i are [starts[i], starts[i + 1]) of `atNs`, in ns from the trace's start. */
export interface EventIndex {
  readonly starts: Uint32Array;
  readonly atNs: Float64Array;
}

interface Told {
  readonly baseNs: string;
  readonly spanIds: Uint8Array;
  readonly atNs: Float64Array;
}

export function indexEvents({ baseNs, spanIds, atNs }: Told, index: SpanIndex, spanCount: number, traceBaseNs: string): EventIndex {
  const shiftNs = Number(BigInt(baseNs) - BigInt(traceBaseNs));
  const spans = index.firsts(spanIds);
  const starts = new Uint32Array(spanCount + 1);
  for (const span of spans) if (span !== noSpan) starts[span + 1]!++;
  for (let i = 0; i < spanCount; i++) starts[i + 1]! += starts[i]!;
  const next = starts.slice();
  const ordered = new Float64Array(starts[spanCount]!);
  spans.forEach((span, i) => {
    if (span !== noSpan) ordered[next[span]!++] = atNs[i]! + shiftNs;
  });
  return { starts, atNs: ordered };
}
