import { noSpan, spanFlags, type Repeats } from '#core/model/index.ts';
import type { SpanTree } from './span-tree.ts';

/** Fewer siblings are shown one by one. */
const repeatsMin = 5;

/** Groups of five and more children of one span with the same operation, in order of their first. */
export function repeats(tree: SpanTree): Repeats {
  const groupOf = new Uint32Array(tree.spanCount).fill(noSpan);
  const groups = groupsOf(tree);
  const columns = {
    parent: Uint32Array.from(groups, (spans) => tree.parent[spans[0]!]!),
    first: Uint32Array.from(groups, (spans) => spans[0]!),
    count: Uint32Array.from(groups, (spans) => spans.length),
    errors: new Uint32Array(groups.length),
    totalNs: new Float64Array(groups.length),
    maxNs: new Float64Array(groups.length),
    p95Ns: new Float64Array(groups.length),
    groupOf,
  };
  for (const [group, spans] of groups.entries()) {
    const durations = Float64Array.from(spans, (i) => Math.max(0, tree.durationsNs[i]!)).sort();
    for (const i of spans) {
      groupOf[i] = group;
      columns.errors[group]! += tree.flags[i]! & spanFlags.error;
    }
    columns.totalNs[group] = durations.reduce((sum, duration) => sum + duration, 0);
    columns.maxNs[group] = durations.at(-1)!;
    columns.p95Ns[group] = durations[Math.ceil(durations.length * 0.95) - 1]!;
  }
  return columns;
}

/** The children of each span by operation, as far as they are many; in order of their first. */
function groupsOf(tree: SpanTree): readonly (readonly number[])[] {
  const operations = operationsOf(tree);
  /** Of each operation: the parent whose children were counted last, how many there were, and their group. */
  const lastParent = new Uint32Array(operations.count).fill(noSpan);
  const counts = new Uint32Array(operations.count);
  const members: (number[] | undefined)[] = [];
  const groups: number[][] = [];
  for (let above = 0; above < tree.spanCount; above++) {
    const end = above + tree.descendants[above]!;
    if (end - above < repeatsMin) continue;
    for (let i = above + 1; i <= end; i += tree.descendants[i]! + 1) {
      const operation = operations.of[i]!;
      if (lastParent[operation] !== above) counts[operation] = 0;
      lastParent[operation] = above;
      members[operation] = undefined;
      counts[operation]!++;
    }
    for (let i = above + 1; i <= end; i += tree.descendants[i]! + 1) {
      const operation = operations.of[i]!;
      if (counts[operation]! < repeatsMin) continue;
      let group = members[operation];
      if (group === undefined) groups.push((members[operation] = group = []));
      group.push(i);
    }
  }
  return groups.sort((a, b) => a[0]! - b[0]!);
}

/** Pairs of service and name, numbered without gaps. */
function operationsOf(tree: SpanTree): { readonly of: Uint32Array; readonly count: number } {
  const codes = new Map<number, number>();
  const of = new Uint32Array(tree.spanCount);
  for (let i = 0; i < tree.spanCount; i++) {
    const pair = tree.service[i]! * tree.names.length + tree.name[i]!;
    let code = codes.get(pair);
    if (code === undefined) codes.set(pair, (code = codes.size));
    of[i] = code;
  }
  return { of, count: codes.size };
}
