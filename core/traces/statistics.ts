import { spanFlags, type SpanStatistics, type TraceTree } from '#core/model/index.ts';

/** By service and name, the group with the most own time first. */
export function statisticsOf(tree: TraceTree): readonly SpanStatistics[] {
  const groups = new Map<number, { -readonly [K in keyof SpanStatistics]: SpanStatistics[K] }>();
  for (let i = 0; i < tree.spanCount; i++) {
    const key = tree.service[i]! * tree.names.length + tree.name[i]!;
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
    group.criticalNs += tree.criticalNs[i]!;
    group.minNs = Math.min(group.minNs, durationNs);
    group.maxNs = Math.max(group.maxNs, durationNs);
  }
  return [...groups.values()].sort((a, b) => b.selfNs - a.selfNs);
}
