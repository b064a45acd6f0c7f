import type { ExemplarView } from '#core/contract/index.ts';
import { formatLabels, labelValue, matcher, type Labels, type Matcher, type UnixMs } from '#core/model/index.ts';
import { parseExpr, walk } from '#core/promql/syntax/index.ts';
import type { TsdbView } from '#core/tsdb/index.ts';

/** More could not be told apart on a chart. */
const shownMax = 1000;
/** How instrumentations name a trace's and a span's id on an exemplar (OpenMetrics leaves it open). */
const traceNames = ['trace_id', 'traceID', 'traceId', 'TraceID'] as const;
const spanNames = ['span_id', 'spanID', 'spanId', 'SpanID'] as const;

/**
 * The exemplars of all series that an expression selects, by time; beyond 1,000 evenly spread ones. A histogram's hang on its buckets:
 * a question about its count or sum is answered with them. Throws EngineError `invalid` as parseExpr does.
 */
export function exemplarsOf(store: TsdbView, expr: string, startMs: UnixMs, endMs: UnixMs): readonly ExemplarView[] {
  const selectors: (readonly Matcher[])[] = [];
  walk(parseExpr(expr), (part) => {
    if (part.kind === 'selector') selectors.push(part.matchers, ...bucketsOf(part.matchers));
  });
  const seen = new Set<string>();
  const found = selectors
    .flatMap((matchers) => store.exemplars(matchers, startMs, endMs))
    .filter(({ labels }) => !seen.has(formatLabels(labels)) && seen.add(formatLabels(labels)))
    .flatMap(({ labels, exemplars }) => exemplars.map((exemplar) => viewOf(labels, exemplar)));
  found.sort((a, b) => a.timeMs - b.timeMs);
  return found.length <= shownMax
    ? found
    : found.filter((_one, i) => Math.floor((i * shownMax) / found.length) !== Math.floor(((i - 1) * shownMax) / found.length));
}

function viewOf(
  series: Labels,
  { labels, value, timeMs }: { readonly labels: Labels; readonly value: number; readonly timeMs: number },
): ExemplarView {
  const first = (names: readonly string[]): string => names.map((name) => labelValue(labels, name)).find((text) => text !== '') ?? '';
  return { series, labels, value, timeMs, traceId: hexOf(first(traceNames), 32), spanId: hexOf(first(spanNames), 16) };
}

/** Empty when it is no id. */
const hexOf = (text: string, digits: number): string =>
  /^[0-9a-f]+$/i.test(text) && text.length <= digits ? text.toLowerCase().padStart(digits, '0') : '';

/** The selector of a classic histogram's buckets, where one of its count or sum was asked for. */
function bucketsOf(matchers: readonly Matcher[]): (readonly Matcher[])[] {
  const name = matchers.find((one) => one.name === '__name__' && one.op === '=')?.value;
  const base = name === undefined ? undefined : /^(.+)_(?:count|sum)$/.exec(name)?.[1];
  return base === undefined ? [] : [[...matchers.filter((one) => one.name !== '__name__'), matcher('__name__', '=', `${base}_bucket`)]];
}
