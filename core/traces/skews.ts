import { noSpan, spanFlags, type Skew } from '#core/model/index.ts';
import type { SpanTree } from './span-tree.ts';
import { kindNumbers } from './trace-columns.ts';

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
    let pair = pairs.get(key);
    if (pair === undefined) pairs.set(key, (pair = { calls: 0, offsets: [] }));
    pair.calls++;
    if (!isMisfit(tree, i, above)) continue;
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

/**
 * Nothing starts before what caused it. What starts, or ends, after its caller may be work that nobody waits for: that it ends late counts
 * where a client waits for a server, that it starts late unless it is a message.
 */
function isMisfit({ flags, kind, startNs, durationsNs }: SpanTree, i: number, above: number): boolean {
  if ((flags[i]! & spanFlags.early) !== 0) return true;
  if ((flags[i]! & spanFlags.late) === 0) return false;
  if (kind[i] === kindNumbers.consumer || kind[above] === kindNumbers.producer) return false;
  if (startNs[i]! >= startNs[above]! + durationsNs[above]!) return true;
  return kind[above] === kindNumbers.client && kind[i] === kindNumbers.server;
}
