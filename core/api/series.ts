import { EngineError, labelsKey, labelsToRecord, type HttpAnswer, type Labels, type Matcher, type UnixMs } from '#core/model/index.ts';
import { parseMatchers } from '#core/promql/syntax/index.ts';
import type { Tsdb } from '#core/tsdb/index.ts';
import { plainly, succeeded } from './answer.ts';
import { limitParam, timeParam, type Params } from './params.ts';

const always = { minMs: Number.NEGATIVE_INFINITY, maxMs: Number.POSITIVE_INFINITY };

/** GET and POST /api/v1/series. */
export function listSeries(store: Tsdb, params: Params): HttpAnswer {
  const selectors = selectorsOf(params);
  if (selectors.length === 0) throw new EngineError('invalid', 'no match[] parameter provided');
  const { minMs, maxMs } = rangeOf(params);
  const found = new Map<string, Labels>();
  for (const matchers of selectors) for (const labels of store.series(matchers, minMs, maxMs)) found.set(labelsKey(labels), labels);
  return limited([...found.values()].map(labelsToRecord), params);
}

/** GET and POST /api/v1/labels. */
export function listLabels(store: Tsdb, params: Params): HttpAnswer {
  return united(params, (matchers, minMs, maxMs) => store.labelNames(matchers, minMs, maxMs));
}

/** GET /api/v1/label/NAME/values. `name` may be in the escaped form of UTF-8 names (`U__...`). */
export function listLabelValues(store: Tsdb, name: string, params: Params): HttpAnswer {
  const label = unescapeName(name);
  if (label === '') throw new EngineError('invalid', `invalid label name: ${JSON.stringify(name)}`);
  return united(params, (matchers, minMs, maxMs) => store.labelValues(label, matchers, minMs, maxMs));
}

/** GET /api/v1/metadata. */
export function listMetadata(store: Tsdb, params: Params): HttpAnswer {
  const metric = params.get('metric') ?? '';
  const limit = limitParam(params);
  const all = [...store.metadata()].filter(([name]) => metric === '' || name === metric);
  const shown = limit > 0 ? all.slice(0, limit) : all;
  return plainly(Object.fromEntries(shown.map(([name, { type, help, unit }]) => [name, [{ type, help, unit }]])));
}

/** GET /api/v1/query_exemplars takes any expression; the exemplars of all its selectors are given. */
export function listExemplars(store: Tsdb, selectors: readonly (readonly Matcher[])[], params: Params): HttpAnswer {
  const minMs = timeParam(params, 'start');
  const maxMs = timeParam(params, 'end');
  const data = selectors
    .flatMap((matchers) => store.exemplars(matchers, minMs, maxMs))
    .map(({ labels, exemplars }) => ({
      seriesLabels: labelsToRecord(labels),
      exemplars: exemplars.map((exemplar) => ({
        labels: labelsToRecord(exemplar.labels),
        value: String(exemplar.value),
        timestamp: exemplar.timeMs / 1000,
      })),
    }));
  return plainly(data);
}

function united(params: Params, list: (matchers: readonly Matcher[] | undefined, minMs: UnixMs, maxMs: UnixMs) => readonly string[]): HttpAnswer {
  const selectors = selectorsOf(params);
  const { minMs, maxMs } = rangeOf(params);
  const lists = selectors.length === 0 ? [list(undefined, minMs, maxMs)] : selectors.map((matchers) => list(matchers, minMs, maxMs));
  const all = lists.length === 1 ? lists[0]! : [...new Set(lists.flat())].sort();
  return limited(all, params);
}

function selectorsOf(params: Params): (readonly Matcher[])[] {
  return params.getAll('match[]').map((text) => parseMatchers(text));
}

function rangeOf(params: Params): { minMs: UnixMs; maxMs: UnixMs } {
  const minMs = timeParam(params, 'start', always.minMs);
  const maxMs = timeParam(params, 'end', always.maxMs);
  if (maxMs < minMs) throw new EngineError('invalid', 'invalid parameter "end": end timestamp must not be before start time');
  return { minMs, maxMs };
}

function limited(all: readonly unknown[], params: Params): HttpAnswer {
  const limit = limitParam(params);
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
