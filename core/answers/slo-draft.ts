/** Objectives as the form has them, and which files it may rewrite: those of which it would lose nothing. */
import type { SloDraft } from '#core/contract/index.ts';
import { burnWindows, readYamlDocuments, writeOpenSlo, type SloIndicator, type SloSpec, type YamlNode } from '#core/formats/index.ts';

export function specOf(draft: SloDraft): SloSpec {
  const { service, name, title, description, objective, periodMs, minEvents } = draft;
  const none = { labels: [], annotations: [] };
  const indicator: SloIndicator = draft.indicator.kind === 'events' ? { ...draft.indicator, counter: true } : draft.indicator;
  const windows = burnWindows.filter(({ longMs }) => draft.alerts.includes(longMs));
  const head = { file: '', line: 1, form: 'openslo/v1' as const, labels: [] };
  const alerting = { name: title || name, windows, page: none, ticket: none, minEvents };
  return { ...head, service, name, title, description, objective, periodMs, indicator, alerting };
}

/** What the form shows of an objective, or why its file has to be edited as text, one sentence. `count` is how many objectives the file holds. */
export function draftOf(spec: SloSpec, text: string, count: number): { readonly draft: SloDraft } | { readonly why: string } {
  if (spec.form !== 'openslo/v1') return { why: `its file is ${spec.form === 'prometheus/v1' ? 'one of Sloth' : spec.form}, not openslo/v1` };
  if (count > 1) return { why: `its file holds ${count} objectives` };
  const indicator = indicatorOf(spec.indicator);
  if (indicator === undefined) return { why: 'its indicator is of a kind that the form does not have' };
  const { service, name, title, description, objective, periodMs, alerting } = spec;
  const alerts = alerting.windows.map(({ longMs }) => longMs);
  const draft: SloDraft = { service, name, title, description, objective, periodMs, indicator, alerts, minEvents: alerting.minEvents };
  const written = writeOpenSlo(specOf(draft));
  if (written.trim() === text.trim()) return { draft };
  if (/(?:^|\s)#/m.test(text)) return { why: 'its file holds comments, which the form would lose' };
  const unknown = differences(text, written);
  return unknown.length === 0 ? { draft } : { why: `its file says more than the form knows: ${unknown.slice(0, 3).join(', ')}` };
}

/** A latency that the form wrote is found again by the form of its queries. */
function indicatorOf(indicator: SloIndicator): SloDraft['indicator'] | undefined {
  if (indicator.slice !== undefined) return undefined;
  if (indicator.kind === 'threshold') return { kind: 'threshold', query: indicator.query, op: indicator.op, value: indicator.value };
  if (indicator.kind === 'latency') return indicator;
  if (indicator.kind === 'ratio') {
    const native = /^histogram_fraction\(0, ([\d.e+-]+), sum\(rate\((\w+)\{(.*)\}\[\{\{\.window\}\}\]\)\)\)$/.exec(indicator.query);
    if (native === null || indicator.of !== 'good') return undefined;
    return { kind: 'latency', metric: native[2]!, matchers: native[3]!, seconds: Number(native[1]), histogram: 'native' };
  }
  if (!indicator.counter) return undefined;
  const classic = /^(\w+)_bucket\{(?:(.*), )?le="([\d.e+-]+)"\}$/.exec(indicator.query);
  const [, metric, matchers = '', seconds] = classic ?? [];
  if (indicator.of === 'good' && metric !== undefined && indicator.total === `${metric}_count{${matchers}}`)
    return { kind: 'latency', metric, matchers, seconds: Number(seconds), histogram: 'classic' };
  return { kind: 'events', of: indicator.of, query: indicator.query, total: indicator.total };
}

/** The fields in which two YAML texts differ, by their paths. */
function differences(text: string, written: string): string[] {
  const [here, there] = [text, written].map((one) => new Map(readYamlDocuments(one, '').flatMap((node) => leaves(node, ''))));
  const names = new Set([...here!.keys(), ...there!.keys()]);
  return [...names].filter((name) => here!.get(name) !== there!.get(name));
}

function leaves(node: YamlNode, path: string): [path: string, text: string][] {
  if (node.kind === 'scalar') return [[path, node.text]];
  if (node.kind === 'list') return node.items.flatMap((item, i) => leaves(item, `${path}[${i}]`));
  return [...node.entries].flatMap(([name, { value }]) => leaves(value, path === '' ? name : `${path}.${name}`));
}
