import { EngineError, labelPairs, labelsFrom, labelsKey, labelValue, type Labels } from '#core/model/index.ts';
import type { Grouping, MetricExpr } from './ast.ts';
import { groupLabels, put, type MetricSeries } from './series.ts';

export type JoinExpr = Extract<MetricExpr, { readonly kind: 'binary' }>;

/** What two series must have in common to meet. */
export const joinKey = (labels: Labels, on: Grouping | undefined): string => labelsKey(on === undefined ? labels : groupLabels(labels, on));

/** Calculates over the pairs of series that meet, as PromQL does: one with one, or with `group_left` and `group_right` many with one. */
export function joined(expr: JoinExpr, left: readonly MetricSeries[], right: readonly MetricSeries[]): MetricSeries[] {
  const { op, on, many, isBool } = expr;
  const isRight = many?.side === 'right';
  const [several, single] = isRight ? [right, left] : [left, right];
  const singles = new Map<string, MetricSeries>();
  for (const one of single) {
    const key = joinKey(one.labels, on);
    if (singles.has(key)) throw severalOn(isRight ? 'left' : 'right', op);
    singles.set(key, one);
  }
  const met = new Set<string>();
  return several.flatMap((one) => {
    const key = joinKey(one.labels, on);
    const other = singles.get(key);
    if (other === undefined) return [];
    const labels = labelsOf(one.labels, other.labels, expr);
    const seen = many === undefined ? key : labelsKey(labels);
    if (met.has(seen)) throw severalOn(isRight ? 'right' : 'left', op);
    met.add(seen);
    const [a, b] = isRight ? [other, one] : [one, other];
    const out = { labels, values: new Float64Array(one.values.length).fill(Number.NaN), has: new Uint8Array(one.values.length) };
    for (let i = 0; i < out.has.length; i++) if (a.has[i] === 1 && b.has[i] === 1) put(out, i, op, a.values[i]!, b.values[i]!, a.values[i]!, isBool);
    return [out];
  });
}

function labelsOf(several: Labels, single: Labels, { on, many }: JoinExpr): Labels {
  if (many === undefined) return on === undefined ? several : groupLabels(several, on);
  const kept = [...labelPairs(several)].filter(([name]) => !many.names.includes(name));
  const taken = many.names.map((name): readonly [string, string] => [name, labelValue(single, name)]);
  return labelsFrom([...kept, ...taken.filter(([, value]) => value !== '')]);
}

const severalOn = (side: string, op: string): EngineError =>
  new EngineError('invalid', `several series on the ${side} of "${op}" have the same labels; aggregate them first, or say group_left or group_right`);
