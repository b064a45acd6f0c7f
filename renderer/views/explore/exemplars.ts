import type { ExemplarView } from '#core/contract/index.ts';
import { formatLabels } from '#core/model/index.ts';
import type { PlotExemplar } from '../../charts/plot.ts';
import { formatLink } from '../../shell/link.ts';

/** The exemplars that name a trace, each with the way to its span. */
export function plotExemplars(exemplars: readonly ExemplarView[], dataset: string | undefined): readonly PlotExemplar[] {
  return exemplars
    .filter(({ traceId }) => traceId !== '')
    .map(({ timeMs, value, series, traceId, spanId }) => ({
      timeMs,
      value,
      title: formatLabels(series),
      href: formatLink(['explore', 'traces', traceId], { span: spanId, dataset }),
    }));
}
