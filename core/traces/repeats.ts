import { noSpan, spanFlags, type Repeats } from '#core/model/index.ts';
import type { SpanTree } from './assemble.ts';

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

function groupsOf(tree: SpanTree): readonly (readonly number[])[] {
  const groups = new Map<number, number[]>();
  const operations = tree.services.length * tree.names.length;
  for (let i = 0; i < tree.spanCount; i++) {
    if (tree.parent[i] === noSpan) continue;
    const key = tree.parent[i]! * operations + tree.service[i]! * tree.names.length + tree.name[i]!;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [i]);
    else group.push(i);
  }
  return [...groups.values()].filter((spans) => spans.length >= repeatsMin).sort((a, b) => a[0]! - b[0]!);
}
