import type { Histogram } from '#core/model/index.ts';

const structBytes = 168;
const bytesPerEntry = 8;
const bytesPerSample = 16;

/** How many samples a sample counts for in what a query reads: a histogram for as many as take its room. Source: Prometheus 3, HPoint.size(). */
export function samplesIn(value: Histogram | undefined): number {
  if (value === undefined) return 1;
  const entries = value.positiveSpans.length + value.negativeSpans.length + value.positive.length + value.negative.length + value.bounds.length;
  return Math.floor((structBytes + entries * bytesPerEntry + bytesPerEntry) / bytesPerSample);
}
