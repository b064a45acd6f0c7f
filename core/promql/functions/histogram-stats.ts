import type { Histogram, SeriesColumns } from '#core/model/index.ts';
import { childrenOf, type Expr, type VectorSelector } from '../syntax/index.ts';
import { wasReset } from '../histogram/compare.ts';

const statistics: ReadonlySet<string> = new Set(['histogram_count', 'histogram_sum', 'histogram_avg']);
const wholes: ReadonlySet<string> = new Set(['histogram_quantile', 'histogram_quantiles', 'histogram_fraction']);

/**
 * The selectors of which only count and sum are asked. Prometheus leaves out the buckets when it reads these and finds
 * counter resets while reading, so that conflicting resets show in aggregations, with a warning; elsewhere they do not.
 */
export function statsSelectors(expr: Expr): ReadonlySet<VectorSelector> {
  const found = new Set<VectorSelector>();
  visit(expr, false, false);
  return found;

  function visit(node: Expr, asked: boolean, barred: boolean): void {
    if (node.kind === 'selector' && asked && !barred) found.add(node);
    const isCall = node.kind === 'call';
    const nowAsked = asked || (isCall && statistics.has(node.name));
    const nowBarred = barred || node.kind === 'subquery' || (isCall && wholes.has(node.name));
    const fresh = node.kind === 'binary';
    for (const child of childrenOf(node)) visit(child, !fresh && nowAsked, !fresh && nowBarred);
  }
}

/** The series with "reset" or "no reset" at each histogram that says neither, by comparison with the one before. */
export function withDetectedResets(series: SeriesColumns): SeriesColumns {
  return {
    labels: series.labels,
    get timesMs() {
      return series.timesMs;
    },
    get values() {
      return series.values;
    },
    get histograms() {
      return detectResets(series.histograms ?? []);
    },
  };
}

function detectResets(histograms: readonly (Histogram | undefined)[]): (Histogram | undefined)[] {
  let before: Histogram | undefined;
  return histograms.map((value) => {
    const last = before;
    before = value;
    if (value === undefined || last === undefined || value.resetHint !== 'unknown') return value;
    return { ...value, resetHint: wasReset(last, value) ? ('reset' as const) : ('none' as const) };
  });
}
