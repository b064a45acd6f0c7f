import type { SpanTree } from './assemble.ts';
import { noSpan, spanFlags } from './tree.ts';

/** The spans of one operation of one service in a trace. Times in ns. */
export interface OperationStatistics {
  readonly service: string;
  readonly name: string;
  readonly count: number;
  readonly errors: number;
  readonly totalNs: number;
  readonly selfNs: number;
  readonly criticalNs: number;
  readonly minNs: number;
  readonly maxNs: number;
}

/** Siblings that do the same, such as a query in a loop. */
export interface Repeat {
  /** Their parent. */
  readonly parent: number;
  readonly service: string;
  readonly name: string;
  readonly count: number;
  readonly errors: number;
  readonly totalNs: number;
  readonly spans: Uint32Array;
}

/** How far the clock of one service seems to be ahead of another's that calls it. Shown, never applied. */
export interface Skew {
  readonly caller: string;
  readonly callee: string;
  /** Median over the calls that do not fit into their caller's span. */
  readonly offsetNs: number;
  readonly misfits: number;
  readonly calls: number;
}

/** Fewer siblings are shown one by one. */
const repeatsMin = 5;

/** By operation, the one with the most own time first. */
export function statistics(tree: SpanTree, criticalNs: Float64Array): readonly OperationStatistics[] {
  const groups = new Map<number, { -readonly [K in keyof OperationStatistics]: OperationStatistics[K] }>();
  for (let i = 0; i < tree.spanCount; i++) {
    const key = operationOf(tree, i);
    const durationNs = Math.max(0, tree.durationsNs[i]!);
    let group = groups.get(key);
    if (group === undefined) {
      const labels = { service: tree.services[tree.service[i]!]!, name: tree.names[tree.name[i]!]! };
      groups.set(key, (group = { ...labels, count: 0, errors: 0, totalNs: 0, selfNs: 0, criticalNs: 0, minNs: Infinity, maxNs: 0 }));
    }
    group.count++;
    group.errors += tree.flags[i]! & spanFlags.error;
    group.totalNs += durationNs;
    group.selfNs += tree.selfNs[i]!;
    group.criticalNs += criticalNs[i]!;
    group.minNs = Math.min(group.minNs, durationNs);
    group.maxNs = Math.max(group.maxNs, durationNs);
  }
  return [...groups.values()].sort((a, b) => b.selfNs - a.selfNs);
}

/** Groups of five and more children of one span with the same operation, those that took longest together first. */
export function repeats(tree: SpanTree): readonly Repeat[] {
  const groups = new Map<string, number[]>();
  for (let i = 0; i < tree.spanCount; i++) {
    if (tree.parent[i] === noSpan) continue;
    const key = `${tree.parent[i]} ${operationOf(tree, i)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [i]);
    else group.push(i);
  }
  const found = [...groups.values()].filter((spans) => spans.length >= repeatsMin);
  return found.map((spans) => repeatOf(tree, spans)).sort((a, b) => b.totalNs - a.totalNs);
}

function repeatOf(tree: SpanTree, spans: readonly number[]): Repeat {
  const first = spans[0]!;
  return {
    parent: tree.parent[first]!,
    service: tree.services[tree.service[first]!]!,
    name: tree.names[tree.name[first]!]!,
    count: spans.length,
    errors: spans.reduce((sum, i) => sum + (tree.flags[i]! & spanFlags.error), 0),
    totalNs: spans.reduce((sum, i) => sum + Math.max(0, tree.durationsNs[i]!), 0),
    spans: Uint32Array.from(spans),
  };
}

const operationOf = (tree: SpanTree, i: number): number => tree.service[i]! * tree.names.length + tree.name[i]!;

/**
 * A call takes place within the span that makes it. Where one service's spans stick out of another's, its clock is off: the call is
 * thought to lie in the middle of its caller, as when the way there and back take equally long (Cristian, 1989).
 */
export function skews(tree: SpanTree): readonly Skew[] {
  const pairs = new Map<number, { calls: number; offsets: number[] }>();
  for (let i = 0; i < tree.spanCount; i++) {
    const above = tree.parent[i]!;
    if (above === noSpan || tree.service[i] === tree.service[above] || tree.durationsNs[i]! > tree.durationsNs[above]!) continue;
    const key = tree.service[above]! * tree.services.length + tree.service[i]!;
    const pair = pairs.get(key) ?? { calls: 0, offsets: [] };
    pairs.set(key, pair);
    pair.calls++;
    if ((tree.flags[i]! & (spanFlags.early | spanFlags.late)) === 0) continue;
    const wayNs = (tree.durationsNs[above]! - tree.durationsNs[i]!) / 2;
    pair.offsets.push(tree.startNs[i]! - tree.startNs[above]! - wayNs);
  }
  const found = [...pairs].filter(([, { offsets }]) => offsets.length > 0);
  return found
    .map(([key, { calls, offsets }]) => ({
      caller: tree.services[Math.floor(key / tree.services.length)]!,
      callee: tree.services[key % tree.services.length]!,
      offsetNs: offsets.sort((a, b) => a - b)[offsets.length >> 1]!,
      misfits: offsets.length,
      calls,
    }))
    .sort((a, b) => Math.abs(b.offsetNs) - Math.abs(a.offsetNs));
}
