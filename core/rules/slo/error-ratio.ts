import type { SloIndicator, SloSpec } from '#core/formats/index.ts';
import { EngineError, type DurationMs } from '#core/model/index.ts';
import { parseExpr, unwrap } from '#core/promql/syntax/index.ts';

/** The PromQL of the share of bad events over a window, 0 to 1. Throws EngineError `invalid` when a query is no PromQL. */
export function errorRatioExpr(slo: SloSpec, windowMs: DurationMs): string {
  const { slice } = slo.indicator;
  if (slice === undefined) return eventsRatio(slo.indicator, windowText(windowMs));
  const step = windowText(slice.windowMs);
  const good = `1 - (${eventsRatio(slo.indicator, step)})`;
  const judged = slice.target === undefined ? good : `(${good}) >= bool ${slice.target}`;
  return `1 - avg_over_time((${judged})[${windowText(windowMs)}:${step}])`;
}

/** Events seen in a window, as PromQL, for guards against few of them; undefined where the indicator does not count events. */
export function eventCountExpr({ indicator }: SloSpec, windowMs: DurationMs): string | undefined {
  const window = windowText(windowMs);
  const seconds = windowMs / 1000;
  if (indicator.kind === 'events') return `(${overWindow(indicator.total, window, indicator.counter)}) * ${seconds}`;
  if (indicator.kind !== 'latency') return undefined;
  const { metric, matchers, histogram } = indicator;
  return histogram === 'classic'
    ? `sum(increase(${metric}_count{${matchers}}[${window}]))`
    : `histogram_count(sum(increase(${metric}{${matchers}}[${window}])))`;
}

function eventsRatio(indicator: SloIndicator, window: string): string {
  switch (indicator.kind) {
    case 'events': {
      const some = overWindow(indicator.query, window, indicator.counter);
      const all = overWindow(indicator.total, window, indicator.counter);
      return indicator.of === 'bad' ? `(${some})\n/\n(${all})` : `(\n  1 - (\n    (${some})\n    /\n    (${all})\n  )\n)`;
    }
    case 'ratio': {
      const share = overWindow(indicator.query, window, false);
      return indicator.of === 'bad' ? `(${share})` : `1 - (${share})`;
    }
    case 'threshold':
      return `1 - avg(avg_over_time(((${indicator.query}) ${indicator.op} bool ${indicator.value})[${window}:]))`;
    case 'latency':
      return latencyRatio(indicator, window);
  }
}

function latencyRatio({ metric, matchers, seconds, histogram }: SloIndicator & { kind: 'latency' }, window: string): string {
  if (histogram === 'native') return `1 - histogram_fraction(0, ${seconds}, sum(rate(${metric}{${matchers}}[${window}])))`;
  const bucket = [matchers, `le="${seconds}"`].filter((part) => part !== '').join(', ');
  return `1 - (\n  sum(rate(${metric}_bucket{${bucket}}[${window}]))\n  /\n  sum(rate(${metric}_count{${matchers}}[${window}]))\n)`;
}

/**
 * The query over a window: `{{.window}}` written out; a bare series as its rate (a counter) or its average; anything else averaged
 * over the window.
 */
function overWindow(query: string, window: string, counter: boolean): string {
  const written = query.replace(/\{\{-?\s*\.window\s*-?\}\}/g, window);
  if (written !== query) return written;
  const expr = unwrap(parseExpr(query));
  if (expr.kind === 'selector') return counter ? `sum(rate(${query}[${window}]))` : `sum(avg_over_time(${query}[${window}]))`;
  if (expr.kind === 'number' || expr.kind === 'string' || expr.kind === 'matrix' || expr.kind === 'subquery')
    throw new EngineError('invalid', `${JSON.stringify(query)} gives no instant vector, so that nothing can be counted`);
  return `avg_over_time((${query})[${window}:])`;
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

/** A window in one unit, never in weeks: `5m`, `30d`. */
export function windowText(windowMs: DurationMs): string {
  const [unit, size] = units.find(([, size]) => windowMs % size === 0)!;
  return `${windowMs / size}${unit}`;
}
