import { dropLabels, labelPairs, labelValue, METRIC_NAME, type Labels } from '#core/model/index.ts';
import { parseExpr, printExpr, unwrap, type Binary, type Expr } from '#core/promql/syntax/index.ts';
import type { PlotSeries, Region } from '../../charts/plot.ts';

/** A rule's expression taken apart for a chart: what is measured, and the level at which it fires. */
export interface Condition {
  readonly expr: string;
  readonly level: { readonly op: '>' | '>=' | '<' | '<=' | '==' | '!='; readonly value: number } | undefined;
}

const mirrored = { '>': '<', '>=': '<=', '<': '>', '<=': '>=', '==': '==', '!=': '!=' } as const;
type Comparison = keyof typeof mirrored;
const isComparison = (op: string): op is Comparison => Object.hasOwn(mirrored, op);

/** `rate(x[5m]) > 0.1` is `rate(x[5m])` with the level 0.1; what is no comparison with a number is charted whole. */
export function conditionOf(text: string): Condition {
  let top: Expr;
  try {
    top = unwrap(parseExpr(text));
  } catch {
    return { expr: text, level: undefined }; // The engine says what is wrong when it is asked.
  }
  if (top.kind !== 'binary' || !isComparison(top.op)) return { expr: text, level: undefined };
  return level(top, top.op) ?? { expr: text, level: undefined };
}

function level(top: Binary, op: Comparison): Condition | undefined {
  const right = numberOf(top.right);
  if (right !== undefined) return { expr: printExpr(unwrap(top.left)), level: { op, value: right } };
  const left = numberOf(top.left);
  return left === undefined ? undefined : { expr: printExpr(unwrap(top.right)), level: { op: mirrored[op], value: left } };
}

function numberOf(expr: Expr): number | undefined {
  const bare = unwrap(expr);
  if (bare.kind === 'number') return bare.value;
  if (bare.kind === 'unary' && bare.op === '-') {
    const value = numberOf(bare.expr);
    return value === undefined ? undefined : -value;
  }
  return undefined;
}

/** The series that an alert is about: those whose labels it carries. All of them when none fits. */
export function seriesOf(all: readonly PlotSeries[], alert: Labels): readonly PlotSeries[] {
  const own = all.filter((series) =>
    [...labelPairs(series.labels)].every(([name, value]) => name === METRIC_NAME || labelValue(alert, name) === value),
  );
  return own.length === 0 ? all : own;
}

/** The selector of an alert's own history, as Prometheus keeps it: `ALERTS{alertname="X",...}`. */
export function historySelector(labels: Labels): string {
  const own = dropLabels(labels, new Set([METRIC_NAME, 'alertstate']));
  return `ALERTS{${[...labelPairs(own)].map(([name, value]) => `${quoteName(name)}=${JSON.stringify(value)}`).join(',')}}`;
}

const quoteName = (name: string): string => (/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : JSON.stringify(name));

/** A time in which an alert was pending or firing, newest first in a list of them. */
export interface Period extends Region {
  readonly state: 'pending' | 'firing';
}

/**
 * The periods that the `ALERTS` series of a range answer tell, the newest first. Points no further apart than one and a half
 * steps belong together; a point stands for the step that follows it.
 */
export function periodsOf(history: readonly PlotSeries[], stepMs: number): readonly Period[] {
  const periods = history.flatMap((series) => {
    const state = labelValue(series.labels, 'alertstate') === 'pending' ? ('pending' as const) : ('firing' as const);
    return runsOf(series.timesMs, stepMs).map(([startMs, lastMs]): Period => ({
      state,
      startMs,
      endMs: lastMs + stepMs,
      name: state === 'firing' ? 'Firing' : 'Pending',
      tone: state === 'firing' ? 'bad' : 'warn',
    }));
  });
  return periods.sort((a, b) => b.startMs - a.startMs);
}

function runsOf(timesMs: Float64Array, stepMs: number): [startMs: number, endMs: number][] {
  const runs: [number, number][] = [];
  for (const ms of timesMs) {
    const last = runs.at(-1);
    if (last !== undefined && ms - last[1] <= stepMs * 1.5) last[1] = ms;
    else runs.push([ms, ms]);
  }
  return runs;
}
