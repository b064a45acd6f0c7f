import type { AssembledTrace } from './assemble.ts';
import { noSpan, spanFlags } from './tree.ts';

/** Spans that are reached over the same operations, in two traces. */
export interface TraceDiffRow {
  readonly service: string;
  readonly name: string;
  readonly depth: number;
  readonly change: 'added' | 'removed' | 'slower' | 'faster' | 'same';
  readonly before: DiffSide;
  readonly after: DiffSide;
}

export interface DiffSide {
  readonly count: number;
  readonly totalNs: number;
  readonly selfNs: number;
  readonly errors: number;
}

/** Less than a fourth more or less, or less than one percent of the longer trace, is no change: timings of one request are no surer. */
const ratioMin = 1.25;
const shareMin = 0.01;

interface Node {
  readonly service: string;
  readonly name: string;
  readonly depth: number;
  readonly children: Map<string, Node>;
  readonly sides: [MutableSide, MutableSide];
}
type MutableSide = { -readonly [K in keyof DiffSide]: DiffSide[K] };

/**
 * The structure of two traces laid over each other: spans with the same operation under the same parents are one row, however many there
 * are. Rows come depth first, children in the order in which they first start, those of `before` in front.
 */
export function diffTraces(before: AssembledTrace, after: AssembledTrace): readonly TraceDiffRow[] {
  const root = nodeOf('', '', -1);
  merge(before, 0, root);
  merge(after, 1, root);
  const floorNs = Math.max(before.durationNs, after.durationNs) * shareMin;
  const rows: TraceDiffRow[] = [];
  const open = [...root.children.values()].reverse();
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const { service, name, depth, sides } = node;
    rows.push({ service, name, depth, change: changeOf(sides[0], sides[1], floorNs), before: sides[0], after: sides[1] });
    for (const child of [...node.children.values()].reverse()) open.push(child);
  }
  return rows;
}

const nodeOf = (service: string, name: string, depth: number): Node => ({
  service,
  name,
  depth,
  children: new Map(),
  sides: [emptySide(), emptySide()],
});
const emptySide = (): MutableSide => ({ count: 0, totalNs: 0, selfNs: 0, errors: 0 });

function merge(trace: AssembledTrace, side: 0 | 1, root: Node): void {
  const nodes: Node[] = [];
  for (let i = 0; i < trace.spanCount; i++) {
    const above = trace.parent[i] === noSpan ? root : nodes[trace.parent[i]!]!;
    const [service, name] = [trace.services[trace.service[i]!]!, trace.names[trace.name[i]!]!];
    const key = JSON.stringify([service, name]);
    let node = above.children.get(key);
    if (node === undefined) above.children.set(key, (node = nodeOf(service, name, above.depth + 1)));
    nodes.push(node);
    const own = node.sides[side];
    own.count++;
    own.totalNs += Math.max(0, trace.durationsNs[i]!);
    own.selfNs += trace.selfNs[i]!;
    own.errors += trace.flags[i]! & spanFlags.error;
  }
}

function changeOf(before: DiffSide, after: DiffSide, floorNs: number): TraceDiffRow['change'] {
  if (before.count === 0) return 'added';
  if (after.count === 0) return 'removed';
  if (Math.abs(after.totalNs - before.totalNs) < floorNs) return 'same';
  if (after.totalNs >= before.totalNs * ratioMin) return 'slower';
  return before.totalNs >= after.totalNs * ratioMin ? 'faster' : 'same';
}
