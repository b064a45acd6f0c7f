import type { Histogram } from '#core/model/index.ts';
import { formatG } from '../format-number.ts';
import { negativeBuckets, positiveBuckets, hasCustomBounds, type Bucket } from './buckets.ts';

/** Prometheus' text of a histogram, `{count:4, sum:5, (0.5,1]:1}`: what count_values puts into a label. */
export function formatHistogram(h: Histogram): string {
  const parts = [`count:${formatG(h.count)}`, `sum:${formatG(h.sum)}`];
  for (const bucket of negativeBuckets(h).reverse()) push(parts, bucket, '[', ')');
  if (!hasCustomBounds(h)) push(parts, { lower: -h.zeroThreshold, upper: h.zeroThreshold, count: h.zeroCount }, '[', ']');
  for (const bucket of positiveBuckets(h)) {
    push(parts, bucket, bucket.lower === -Infinity ? '[' : '(', ']');
  }
  return `{${parts.join(', ')}}`;
}

function push(parts: string[], { lower, upper, count }: Bucket, open: string, close: string): void {
  if (count !== 0) parts.push(`${open}${formatG(lower)},${formatG(upper)}${close}:${formatG(count)}`);
}
