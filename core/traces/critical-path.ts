import { noSpan, spanFlags, type CriticalPath } from '#core/model/index.ts';
import type { SpanTree } from './span-tree.ts';

/** Children that overlap by no more than this share of the shorter one count as one after the other: clocks are no better. */
const overlapMax = 0.01;

interface Visit {
  readonly span: number;
  readonly fromNs: number;
  readonly toNs: number;
}

/**
 * The chain of spans that decided how long the trace took: from the end of the root backwards always to the child that ended last, then
 * to the one that ended last before that began (CRISP, USENIX ATC 2022, section 3). Children are cut to their parent's time. Marks the
 * spans on it, and tells each one's own share, which is its time on the path less that of its children there.
 */
export function criticalPath(tree: SpanTree): { path: CriticalPath; criticalNs: Float64Array } {
  const criticalNs = new Float64Array(tree.spanCount);
  const segments: Visit[] = [];
  const root = mainRoot(tree);
  const rootEnd = tree.startNs[root]! + Math.max(0, tree.durationsNs[root]!);
  const open: Visit[] = [{ span: root, fromNs: tree.startNs[root]!, toNs: rootEnd }];
  for (let visit = open.pop(); visit !== undefined; visit = open.pop()) {
    const { span, fromNs, toNs } = visit;
    tree.flags[span]! |= spanFlags.critical;
    let own = toNs - fromNs;
    let cursor = toNs;
    let slackNs = 0;
    for (const child of childrenByEnd(tree, visit)) {
      const takesNs = child.toNs - child.fromNs;
      if (child.toNs > cursor + Math.min(slackNs, takesNs * overlapMax)) continue;
      if (cursor > child.toNs) segments.push({ span, fromNs: child.toNs, toNs: cursor });
      own -= takesNs;
      cursor = Math.min(cursor, child.fromNs);
      slackNs = takesNs * overlapMax;
      open.push(child);
    }
    if (cursor > fromNs) segments.push({ span, fromNs, toNs: cursor });
    criticalNs[span] = Math.max(0, own);
  }
  segments.sort((a, b) => a.fromNs - b.fromNs);
  return {
    path: {
      span: Uint32Array.from(segments, ({ span }) => span),
      fromNs: Float64Array.from(segments, ({ fromNs }) => fromNs),
      toNs: Float64Array.from(segments, ({ toNs }) => toNs),
    },
    criticalNs,
  };
}

/** The longest span without a parent; of a trace that has lost its root, the longest of those whose parent is missing. */
function mainRoot({ parent, flags, durationsNs }: SpanTree): number {
  let best = 0;
  const weight = (i: number): number => ((flags[i]! & spanFlags.orphan) === 0 ? 2 ** 60 : 0) + durationsNs[i]!;
  for (let i = 1; i < parent.length; i++) if (parent[i] === noSpan && weight(i) > weight(best)) best = i;
  return best;
}

/** The children that overlap the visit's time, cut to it; the last to end first, of equal ones the longest. */
function childrenByEnd(tree: SpanTree, { span, fromNs, toNs }: Visit): Visit[] {
  const children: Visit[] = [];
  const last = span + tree.descendants[span]!;
  for (let i = span + 1; i <= last; i += tree.descendants[i]! + 1) {
    const child = { span: i, fromNs: Math.max(fromNs, tree.startNs[i]!), toNs: Math.min(toNs, tree.startNs[i]! + tree.durationsNs[i]!) };
    if (child.toNs > child.fromNs) children.push(child);
  }
  return children.sort((a, b) => b.toNs - a.toNs || a.fromNs - b.fromNs);
}
