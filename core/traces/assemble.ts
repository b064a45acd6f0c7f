import { noSpan, spanFlags, type TraceTree } from '#core/model/index.ts';
import { criticalPath } from './critical-path.ts';
import { repeats } from './repeats.ts';
import { skews } from './skews.ts';
import type { SpanTree } from './span-tree.ts';
import { atOnce } from '#core/blocks/index.ts';
import { errorStatus, inOrder, type TraceColumns } from './trace-columns.ts';
import { findFamily } from './tree.ts';

/** Builds the tree of a trace in one go. */
export function assembleTrace(columns: TraceColumns): TraceTree {
  return atOnce(assembleInSteps(columns));
}

/** Builds the tree of a trace, however broken, in time linear in its spans but for sorting, pausing for others. */
export function* assembleInSteps(columns: TraceColumns): Generator<undefined, TraceTree> {
  const tree = yield* layOut(columns);
  yield;
  const { path, criticalNs } = criticalPath(tree);
  yield;
  return {
    ...tree,
    criticalNs,
    criticalPath: path,
    repeats: repeats(tree),
    skews: skews(tree),
  };
}

function* layOut(columns: TraceColumns): Generator<undefined, SpanTree> {
  const { parent, flags } = yield* findFamily(columns);
  yield;
  const { order, depth } = depthFirst(parent);
  const { count } = columns;
  const placeOf = new Uint32Array(count);
  for (let i = 0; i < count; i++) placeOf[order[i]!] = i;
  const tree = {
    traceId: columns.traceId,
    baseNs: columns.baseNs,
    durationNs: wholeNs(columns),
    spanCount: count,
    errorCount: 0,
    services: columns.services,
    names: columns.names,
    spanIds: inOrder(columns.spanIds, order, 8),
    startNs: inOrder(columns.startNs, order),
    durationsNs: inOrder(columns.durationNs, order),
    selfNs: new Float64Array(count),
    parent: inOrder(parent, order),
    depth,
    service: inOrder(columns.service, order),
    name: inOrder(columns.name, order),
    flags: inOrder(flags, order),
    kind: inOrder(columns.kinds, order),
    descendants: new Uint32Array(count),
    errors: new Uint32Array(count),
  };
  for (let i = 0; i < count; i++) {
    if (tree.parent[i] !== noSpan) tree.parent[i] = placeOf[tree.parent[i]!]!;
    if (tree.kind[i]! >> 3 === errorStatus) {
      tree.flags[i]! |= spanFlags.error;
      tree.errorCount++;
    }
    tree.kind[i]! &= 7;
  }
  yield;
  markTimes(tree);
  rollUp(tree);
  return tree;
}

function wholeNs({ startNs, durationNs, count }: TraceColumns): number {
  let end = 0;
  for (let row = 0; row < count; row++) end = Math.max(end, startNs[row]! + durationNs[row]!);
  return end;
}

/** Rows come by start, so children put in front of their siblings from the last row to the first stand in order of start. */
function depthFirst(parent: Uint32Array): { order: Uint32Array; depth: Uint32Array } {
  const count = parent.length;
  const firstChild = new Uint32Array(count).fill(noSpan);
  const nextSibling = new Uint32Array(count).fill(noSpan);
  let firstRoot = noSpan;
  for (let row = count - 1; row >= 0; row--) {
    const above = parent[row]!;
    nextSibling[row] = above === noSpan ? firstRoot : firstChild[above]!;
    if (above === noSpan) firstRoot = row;
    else firstChild[above] = row;
  }
  const order = new Uint32Array(count);
  const depth = new Uint32Array(count);
  let [at, level, placed] = [firstRoot, 0, 0];
  while (at !== noSpan) {
    order[placed] = at;
    depth[placed++] = level;
    let next = firstChild[at]!;
    if (next === noSpan) {
      next = nextSibling[at]!;
      for (let up = parent[at]!; next === noSpan && up !== noSpan; up = parent[up]!) {
        next = nextSibling[up]!;
        level--;
      }
    } else level++;
    at = next;
  }
  return { order, depth };
}

function markTimes({ startNs, durationsNs, parent, flags }: SpanTree): void {
  for (let i = 0; i < parent.length; i++) {
    if (durationsNs[i]! < 0) flags[i]! |= spanFlags.negative;
    const above = parent[i]!;
    if (above === noSpan) continue;
    if (startNs[i]! < startNs[above]!) flags[i]! |= spanFlags.early;
    if (startNs[i]! + durationsNs[i]! > startNs[above]! + durationsNs[above]!) flags[i]! |= spanFlags.late;
  }
}

/** Counts and errors of what lies below each span, and the time that no child covers. */
function rollUp({ startNs, durationsNs, selfNs, parent, flags, descendants, errors }: SpanTree): void {
  /** How far, from the left, the children met so far cover each span. */
  const coveredTo = Float64Array.from(startNs);
  for (let i = 0; i < parent.length; i++) {
    selfNs[i] = Math.max(0, durationsNs[i]!);
    const above = parent[i]!;
    if (above === noSpan) continue;
    const end = Math.min(startNs[i]! + durationsNs[i]!, startNs[above]! + durationsNs[above]!);
    const from = Math.max(startNs[i]!, coveredTo[above]!);
    if (end <= from) continue;
    selfNs[above]! -= end - from;
    coveredTo[above] = end;
  }
  for (let i = parent.length - 1; i >= 0; i--) {
    if ((flags[i]! & spanFlags.error) !== 0) errors[i]!++;
    const above = parent[i]!;
    if (above === noSpan) continue;
    descendants[above]! += descendants[i]! + 1;
    errors[above]! += errors[i]!;
  }
}
