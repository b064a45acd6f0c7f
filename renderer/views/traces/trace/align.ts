import { noSpan, type TraceTree } from '#core/model/index.ts';

/**
 * The starts with the clocks of callees moved by what `skews` says of them, each with all that it calls. Pairs of services whose spans fit
 * are left alone. Durations do not change.
 */
export function alignedStarts(tree: Pick<TraceTree, 'spanCount' | 'parent' | 'service' | 'services' | 'startNs' | 'skews'>): Float64Array {
  const { services, parent, service, startNs } = tree;
  const offsets = new Map<number, number>();
  for (const { caller, callee, offsetNs } of tree.skews) offsets.set(services.indexOf(caller) * services.length + services.indexOf(callee), offsetNs);
  const shiftNs = new Float64Array(tree.spanCount);
  const aligned = new Float64Array(tree.spanCount);
  for (let i = 0; i < tree.spanCount; i++) {
    const above = parent[i]!;
    if (above !== noSpan) shiftNs[i] = shiftNs[above]! + (offsets.get(service[above]! * services.length + service[i]!) ?? 0);
    aligned[i] = startNs[i]! - shiftNs[i]!;
  }
  return aligned;
}
