/**
 * A label set: pairs laid flat, `[name, value, name, value, ...]`, sorted by name (code units), each name once,
 * no empty values (Prometheus: an empty label is an absent one). Flat arrays survive every wire, compare fast and
 * cannot be poisoned by a label called `__proto__`.
 */
export type Labels = readonly string[];

/** The label that holds a series' metric name. */
export const METRIC_NAME = '__name__';
export const noLabels: Labels = [];

/** Builds a label set from pairs in any order. Later pairs win; empty values drop the label. */
export function labelsFrom(pairs: Iterable<readonly [name: string, value: string]>): Labels {
  const map = new Map(pairs);
  const names = [...map.keys()].filter((name) => map.get(name) !== '').sort(compareText);
  return names.flatMap((name) => [name, map.get(name)!]);
}

/** Builds a label set from a plain object, as JSON and YAML give it. */
export function labelsFromRecord(record: Readonly<Record<string, string>>): Labels {
  return labelsFrom(Object.entries(record));
}

/** The pairs of a label set, in order of name. */
export function* labelPairs(labels: Labels): Generator<[name: string, value: string]> {
  for (let i = 0; i < labels.length; i += 2) yield [labels[i]!, labels[i + 1]!];
}

/** A null-prototype object for JSON, safe for any label name. */
export function labelsToRecord(labels: Labels): Record<string, string> {
  const record = Object.create(null) as Record<string, string>;
  for (let i = 0; i < labels.length; i += 2) record[labels[i]!] = labels[i + 1]!;
  return record;
}

/** The value of a label; empty when the label is absent, as matchers see it. */
export function labelValue(labels: Labels, name: string): string {
  for (let i = 0; i < labels.length; i += 2) if (labels[i] === name) return labels[i + 1]!;
  return '';
}

/** The same labels with one set to `value`; an empty value removes it. */
export function withLabel(labels: Labels, name: string, value: string): Labels {
  const out: string[] = [];
  let placed = value === '';
  for (let i = 0; i < labels.length; i += 2) {
    if (!placed && compareText(labels[i]!, name) > 0) {
      out.push(name, value);
      placed = true;
    }
    if (labels[i] !== name) out.push(labels[i]!, labels[i + 1]!);
  }
  if (!placed) out.push(name, value);
  return out;
}

/** Only the labels whose name is in `names`. */
export function keepLabels(labels: Labels, names: ReadonlySet<string>): Labels {
  return filterLabels(labels, (name) => names.has(name));
}

/** All labels but those whose name is in `names`. */
export function dropLabels(labels: Labels, names: ReadonlySet<string>): Labels {
  return filterLabels(labels, (name) => !names.has(name));
}

function filterLabels(labels: Labels, keep: (name: string) => boolean): Labels {
  const out: string[] = [];
  for (let i = 0; i < labels.length; i += 2) if (keep(labels[i]!)) out.push(labels[i]!, labels[i + 1]!);
  return out;
}

/** A string that is equal exactly when the label sets are: a lone surrogate parts the texts, since decoded UTF-8 never holds one. */
export function labelsKey(labels: Labels): string {
  return labels.join('\ud800');
}

/** Prometheus' order of label sets: by name and value pair after pair, the shorter first. */
export function compareLabels(a: Labels, b: Labels): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const order = compareText(a[i]!, b[i]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Order by code units, the same on every machine and in every locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const plainName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/** Prometheus' text form, `up{job="node"}`; names beyond the classic alphabet are quoted as PromQL 3 quotes them. */
export function formatLabels(labels: Labels): string {
  const metric = labelValue(labels, METRIC_NAME);
  const inner: string[] = [];
  if (metric !== '' && !plainName.test(metric)) inner.push(JSON.stringify(metric));
  for (const [name, value] of labelPairs(labels)) {
    if (name !== METRIC_NAME) inner.push(`${plainName.test(name) ? name : JSON.stringify(name)}=${JSON.stringify(value)}`);
  }
  const head = metric !== '' && plainName.test(metric) ? metric : '';
  return inner.length === 0 && head !== '' ? head : `${head}{${inner.join(', ')}}`;
}
