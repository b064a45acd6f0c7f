import type { MetricMetadata, MetricType } from '#core/model/index.ts';
import { byte, decodeText, metricNameEnd, type ExpositionFormat } from './line.ts';

/** What a line that begins with `#` says. `other` is a remark for people, which only text 0.0.4 has. */
export type Comment =
  | { readonly kind: 'help' | 'unit'; readonly metric: string; readonly text: string }
  | { readonly kind: 'type'; readonly metric: string; readonly type: MetricType }
  | { readonly kind: 'eof' }
  | { readonly kind: 'other' }
  | { readonly kind: 'bad'; readonly reason: string };

const other: Comment = { kind: 'other' };
const bad = (reason: string): Comment => ({ kind: 'bad', reason });

const textTypes: ReadonlyMap<string, MetricType> = new Map([
  ['counter', 'counter'],
  ['gauge', 'gauge'],
  ['histogram', 'histogram'],
  ['summary', 'summary'],
  ['untyped', 'unknown'],
]);
const openMetricsTypes: ReadonlyMap<string, MetricType> = new Map(
  (['counter', 'gauge', 'histogram', 'gaugehistogram', 'summary', 'info', 'stateset', 'unknown'] as const).map((type) => [type, type]),
);

/** Reads one comment line, without its line feed. */
export function readComment(bytes: Uint8Array, from: number, to: number, format: ExpositionFormat): Comment {
  const line = decodeText(bytes, from, to, false);
  if (line === undefined) return bad('the line is not UTF-8');
  return format === 'text' ? readTextComment(line) : readOpenMetricsComment(line);
}

function readTextComment(line: string): Comment {
  const found = /^[ \t]*#[ \t]*(HELP|TYPE)(?:[ \t]+|$)/.exec(line);
  if (found === null) return other;
  const rest = splitName(line.slice(found[0].length));
  if (rest === undefined) return bad(`a metric name is expected after ${found[1]}`);
  const text = rest.after.replace(/^[ \t]+/, '');
  if (found[1] === 'HELP') return { kind: 'help', metric: rest.name, text: text.replace(/\\([\\n])/g, (_, c: string) => (c === 'n' ? '\n' : c)) };
  const type = textTypes.get(text.trim());
  return type === undefined ? bad(`${JSON.stringify(text)} is not a type of metric`) : { kind: 'type', metric: rest.name, type };
}

function readOpenMetricsComment(line: string): Comment {
  if (line === '# EOF') return { kind: 'eof' };
  const found = /^# (HELP|TYPE|UNIT) /.exec(line);
  if (found === null) return bad('only # HELP, # TYPE, # UNIT and # EOF may follow a "#", each with single spaces');
  const rest = splitName(line.slice(found[0].length));
  if (rest === undefined || !rest.after.startsWith(' ')) return bad(`a metric name and a space are expected after ${found[1]}`);
  const text = rest.after.slice(1);
  if (found[1] === 'TYPE') {
    const type = openMetricsTypes.get(text);
    return type === undefined ? bad(`${JSON.stringify(text)} is not a type of metric`) : { kind: 'type', metric: rest.name, type };
  }
  if (found[1] === 'HELP') return { kind: 'help', metric: rest.name, text: text.replace(/\\([\\"n])/g, (_, c: string) => (c === 'n' ? '\n' : c)) };
  return /^[a-zA-Z0-9_:]*$/.test(text) ? { kind: 'unit', metric: rest.name, text } : bad(`${JSON.stringify(text)} is not a unit`);
}

/** Parts a metric name, bare or quoted, from what follows it. */
function splitName(text: string): { readonly name: string; readonly after: string } | undefined {
  const quoted = /^"((?:[^"\\]|\\.)+)"/.exec(text);
  if (quoted !== null) return { name: quoted[1]!.replace(/\\([\\"])/g, '$1'), after: text.slice(quoted[0].length) };
  const bytes = Buffer.from(text);
  const end = metricNameEnd(bytes, 0, bytes.length);
  if (end === 0 || (end < bytes.length && bytes[end] !== byte.space && bytes[end] !== byte.tab)) return undefined;
  return { name: text.slice(0, end), after: text.slice(end) };
}

/** What the comments of a target's pages have said of its metrics, and which metrics they changed. */
export class MetadataBook {
  readonly #known = new Map<string, MetricMetadata>();
  #changed = new Set<string>();

  note(comment: Comment): void {
    if (comment.kind !== 'help' && comment.kind !== 'type' && comment.kind !== 'unit') return;
    const before = this.#known.get(comment.metric) ?? { type: 'unknown', help: '', unit: '' };
    const after: MetricMetadata = {
      type: comment.kind === 'type' ? comment.type : before.type,
      help: comment.kind === 'help' ? comment.text : before.help,
      unit: comment.kind === 'unit' ? comment.text : before.unit,
    };
    if (this.#known.has(comment.metric) && after.type === before.type && after.help === before.help && after.unit === before.unit) return;
    if (this.#known.size >= metricsMax && !this.#known.has(comment.metric)) return;
    this.#known.set(comment.metric, after);
    this.#changed.add(comment.metric);
  }

  /** The metrics whose metadata changed since the last call. */
  takeChanged(): readonly (readonly [metric: string, metadata: MetricMetadata])[] {
    if (this.#changed.size === 0) return [];
    const changed = [...this.#changed].map((metric) => [metric, this.#known.get(metric)!] as const);
    this.#changed = new Set();
    return changed;
  }
}

/** Metrics per target whose metadata is kept: more than the largest exporters have, and a bound for those that make names up. */
const metricsMax = 20_000;
