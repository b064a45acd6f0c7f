import type { FlameFrames, TraceTree } from '#core/model/index.ts';
import { Dictionary } from './encode.ts';
import { depthFirst, overlay, type PathNode } from './paths.ts';

/** The trace as a flame graph. A frame's width is the work below it, so that frames that ran side by side fit into the one above. */
export function flameOf(trace: TraceTree): FlameFrames {
  const root = overlay([trace]);
  const workNs = workOf(root);
  const nodes = depthFirst(root, (a, b) => workNs.get(b)! - workNs.get(a)!);
  const [services, names] = [new Dictionary(), new Dictionary()];
  const frames = {
    service: Uint32Array.from(nodes, ({ service }) => services.code(service)),
    name: Uint32Array.from(nodes, ({ name }) => names.code(name)),
    depth: Uint32Array.from(nodes, ({ depth }) => depth),
    count: Uint32Array.from(nodes, ({ sides }) => sides[0].count),
    errors: Uint32Array.from(nodes, ({ sides }) => sides[0].errors),
    descendants: new Uint32Array(nodes.length),
    totalNs: Float64Array.from(nodes, (node) => workNs.get(node)!),
    selfNs: Float64Array.from(nodes, ({ sides }) => sides[0].selfNs),
  };
  for (let i = nodes.length - 1; i >= 0; i--) {
    let below = 0;
    for (let at = i + 1; at < nodes.length && frames.depth[at]! > frames.depth[i]!; at += frames.descendants[at]! + 1) {
      below += frames.descendants[at]! + 1;
    }
    frames.descendants[i] = below;
  }
  return { services: services.texts, names: names.texts, ...frames };
}

/** Own time and that of everything below, of every node. */
function workOf(root: PathNode): ReadonlyMap<PathNode, number> {
  const workNs = new Map<PathNode, number>();
  for (const node of depthFirst(root).toReversed()) {
    let sum = node.sides[0].selfNs;
    for (const child of node.children.values()) sum += workNs.get(child)!;
    workNs.set(node, sum);
  }
  return workNs;
}
