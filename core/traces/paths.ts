import { noSpan, spanFlags, type DiffSide, type TraceTree } from '#core/model/index.ts';

type MutableSide = { -readonly [K in keyof DiffSide]: DiffSide[K] };

/** The spans of one or two traces that are reached over the same operations. */
export interface PathNode {
  readonly service: string;
  readonly name: string;
  readonly depth: number;
  readonly children: Map<string, PathNode>;
  readonly sides: readonly [MutableSide, MutableSide];
}

/** Lays traces over each other: below the node returned, which stands for nothing, spans with the same operations above them are one. */
export function overlay(traces: readonly [TraceTree, TraceTree?]): PathNode {
  const root = nodeOf('', '', -1);
  for (const [side, trace] of traces.entries()) if (trace !== undefined) merge(trace, side as 0 | 1, root);
  return root;
}

/** Every node below, a node before its children, these in the order of `order` or else of their first span. */
export function depthFirst(root: PathNode, order?: (a: PathNode, b: PathNode) => number): readonly PathNode[] {
  const found: PathNode[] = [];
  const childrenOf = (node: PathNode): PathNode[] => {
    const children = [...node.children.values()];
    return (order === undefined ? children : children.sort(order)).reverse();
  };
  const open = childrenOf(root);
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    found.push(node);
    for (const child of childrenOf(node)) open.push(child);
  }
  return found;
}

const nodeOf = (service: string, name: string, depth: number): PathNode => ({
  service,
  name,
  depth,
  children: new Map(),
  sides: [emptySide(), emptySide()],
});
const emptySide = (): MutableSide => ({ count: 0, totalNs: 0, selfNs: 0, errors: 0 });

function merge(trace: TraceTree, side: 0 | 1, root: PathNode): void {
  const nodes: PathNode[] = [];
  const keys = new Map<number, string>();
  for (let i = 0; i < trace.spanCount; i++) {
    const above = trace.parent[i] === noSpan ? root : nodes[trace.parent[i]!]!;
    const [service, name] = [trace.services[trace.service[i]!]!, trace.names[trace.name[i]!]!];
    const operation = trace.service[i]! * trace.names.length + trace.name[i]!;
    let key = keys.get(operation);
    if (key === undefined) keys.set(operation, (key = JSON.stringify([service, name])));
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
