import { compareText } from '#core/model/index.ts';
import type { CallForest } from './call-forest.ts';
import type { Pace } from './pace.ts';
import type { CallEdge } from './types.ts';

/** Who calls whom. A service that calls itself is no edge. */
export class CallGraph {
  readonly #callees = new Map<string, Set<string>>();
  readonly #callers = new Map<string, Set<string>>();

  constructor(edges: Iterable<CallEdge>) {
    for (const { caller, callee } of edges) {
      if (caller === callee || caller === '' || callee === '') continue;
      put(this.#callees, caller, callee);
      put(this.#callers, callee, caller);
    }
  }

  callees(service: string): ReadonlySet<string> {
    return this.#callees.get(service) ?? none;
  }

  callers(service: string): ReadonlySet<string> {
    return this.#callers.get(service) ?? none;
  }

  /** Services that call and are not called, those that reach most first: where users come in. */
  entries(): string[] {
    const roots = [...this.#callees.keys()].filter((service) => !this.#callers.has(service));
    const sizes = new Map(roots.map((service) => [service, this.#reach(service)]));
    return roots.sort((a, b) => sizes.get(b)! - sizes.get(a)! || compareText(a, b));
  }

  #reach(from: string): number {
    const seen = new Set([from]);
    for (const service of seen) for (const callee of this.callees(service)) seen.add(callee);
    return seen.size;
  }
}

const none: ReadonlySet<string> = new Set();

function put(map: Map<string, Set<string>>, key: string, value: string): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, new Set([value]));
  else known.add(value);
}

/** The calls that spans show: a span whose parent is of another service. */
export async function edgesOfSpans(forest: CallForest, pace: Pace): Promise<CallEdge[]> {
  const seen = new Map<string, CallEdge>();
  await pace.each(forest.spans, (span) => {
    const { service } = span;
    const caller = forest.parentOf(span)?.service;
    if (caller !== undefined && caller !== service) seen.set(`${caller}\n${service}`, { caller, callee: service });
  });
  return [...seen.values()];
}
