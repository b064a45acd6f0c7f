import { compareLabels, EngineError, labelsKey, labelsToRecord, messageOf, type HttpAnswer, type Matcher, type UnixMs } from '#core/model/index.ts';
import { parseMatchers, walk } from '#core/promql/syntax/index.ts';
import type { TsdbView } from '#core/tsdb/index.ts';
import { plainly, succeeded } from './answer.ts';
import { formatNumber } from './numbers.ts';
import { bareExpr, limitParam, numberParam, timeParam, type Params } from './params.ts';

const always = { minMs: Number.NEGATIVE_INFINITY, maxMs: Number.POSITIVE_INFINITY };

/** GET and POST /api/v1/series. */
export function listSeries(store: TsdbView, params: Params): HttpAnswer {
  if (params.getAll('match[]').length === 0) throw new EngineError('invalid', 'no match[] parameter provided');
  const limit = limitParam(params);
  const { minMs, maxMs } = rangeOf(params);
  const selectors = selectorsOf(params, 'invalid parameter "match[]": ');
  const found = selectors.map((matchers) => store.series(matchers, minMs, maxMs));
  const united =
    found.length === 1 ? found[0]! : [...new Map(found.flat().map((labels) => [labelsKey(labels), labels])).values()].sort(compareLabels);
  return limited(united.map(labelsToRecord), limit);
}

/** GET and POST /api/v1/labels. */
export function listLabels(store: TsdbView, params: Params): HttpAnswer {
  return united(params, (matchers, minMs, maxMs) => store.labelNames(matchers, minMs, maxMs));
}

/** GET /api/v1/label/NAME/values. `name` may be in the escaped form of UTF-8 names (`U__...`). */
export function listLabelValues(store: TsdbView, name: string, params: Params): HttpAnswer {
  const label = unescapeName(name);
  if (label === '' || !label.isWellFormed()) throw new EngineError('invalid', `invalid label name: ${JSON.stringify(label)}`);
  return united(params, (matchers, minMs, maxMs) => store.labelValues(label, matchers, minMs, maxMs));
}

/** GET /api/v1/metadata. The store keeps one entry a metric: `limit_per_metric` cuts nothing. */
export function listMetadata(store: TsdbView, params: Params): HttpAnswer {
  const limit = numberParam(params, 'limit', 'limit must be a number') ?? -1;
  numberParam(params, 'limit_per_metric', 'limit_per_metric must be a number');
  const metric = params.get('metric') ?? '';
  const all = [...store.metadata()].filter(([name]) => metric === '' || name === metric);
  const shown = limit >= 0 ? all.slice(0, limit) : all;
  return plainly(Object.fromEntries(shown.map(([name, { type, help, unit }]) => [name, [{ type, unit, help }]])));
}

/** GET /api/v1/query_exemplars takes any expression; the exemplars of all its selectors are given. */
export function listExemplars(store: TsdbView, params: Params): HttpAnswer {
  const { minMs, maxMs } = rangeOf(params);
  if (maxMs < minMs) throw new EngineError('invalid', 'end timestamp must not be before start timestamp');
  const selectors = exemplarSelectors(params);
  if (selectors.length === 0) return { status: 204, headers: {}, body: '' };
  const data = selectors
    .flatMap((matchers) => store.exemplars(matchers, minMs, maxMs))
    .map(({ labels, exemplars }) => ({
      seriesLabels: labelsToRecord(labels),
      exemplars: exemplars.map((exemplar) => ({
        labels: labelsToRecord(exemplar.labels),
        value: formatNumber(exemplar.value),
        timestamp: exemplar.timeMs / 1000,
      })),
    }));
  return plainly(data);
}

function exemplarSelectors(params: Params): (readonly Matcher[])[] {
  const found: (readonly Matcher[])[] = [];
  walk(bareExpr(params), (expr) => {
    if (expr.kind === 'selector') found.push(expr.matchers);
  });
  return found;
}

function united(params: Params, list: (matchers: readonly Matcher[] | undefined, minMs: UnixMs, maxMs: UnixMs) => readonly string[]): HttpAnswer {
  const limit = limitParam(params);
  const { minMs, maxMs } = rangeOf(params);
  const selectors = selectorsOf(params, '');
  const lists = selectors.length === 0 ? [list(undefined, minMs, maxMs)] : selectors.map((matchers) => list(matchers, minMs, maxMs));
  return limited(lists.length === 1 ? lists[0]! : [...new Set(lists.flat())].sort(), limit);
}

/** `about` stands before what is wrong with a selector. */
export function selectorsOf(params: Params, about: string): (readonly Matcher[])[] {
  return params.getAll('match[]').map((text) => {
    try {
      return parseMatchers(text);
    } catch (error) {
      const why = messageOf(error);
      throw new EngineError('invalid', `${about}${why.endsWith(emptyMatchers) ? 'match[] must contain at least one non-empty matcher' : why}`);
    }
  });
}

const emptyMatchers = 'vector selector must contain at least one non-empty matcher';

/** `start` and `end`; without them all of time. */
export function rangeOf(params: Params): { minMs: UnixMs; maxMs: UnixMs } {
  return { minMs: timeParam(params, 'start', always.minMs), maxMs: timeParam(params, 'end', always.maxMs) };
}

/** A limit of 0 is none. */
function limited(all: readonly unknown[], limit: number): HttpAnswer {
  const cut = limit > 0 && all.length > limit;
  return succeeded({ data: (out) => out.json(cut ? all.slice(0, limit) : all), ...(cut ? { warnings: ['results truncated due to limit'] } : {}) });
}

/** Prometheus' "values" escaping of names: `U__` and then `_hex_` for what is no classic character, `__` for an underscore. */
function unescapeName(name: string): string {
  if (!name.startsWith('U__')) return name;
  return name.slice(3).replace(/__|_([0-9a-fA-F]{1,6})_/g, (_whole, hex: string | undefined) => {
    const code = hex === undefined ? 0x5f : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
  });
}
