import type { Digest } from './digest.ts';
import { bucketCount, bucketOf, highWords } from './sketch.ts';
import { noParent, type SpanTable } from './table.ts';
import { errorStatus, kindNumbers } from './trace-columns.ts';

/** How a question groups the spans of one table. */
export interface Grouping {
  readonly services: readonly string[];
  /** The row's group, -1 when the question does not ask about it. */
  groupOf(row: number): number;
  /** Whether the row has a parent that is not in the table, which the question would have needed. */
  isStray(row: number): boolean;
}

/** Numbers of the services of a table: a resource's code to the place of its service. */
export function servicesOf(table: SpanTable): { readonly services: readonly string[]; readonly of: readonly number[] } {
  const resources = table.resourceList();
  const services = [...new Set(resources.map(({ service }) => service))];
  return { services, of: resources.map(({ service }) => services.indexOf(service)) };
}

/** Group `(service * names + name) * 2 + entry`: operations, apart by whether the span answers somebody (roots, servers, consumers). */
export function byOperation(table: SpanTable): Grouping {
  const { services, of } = servicesOf(table);
  const [names, resources, kinds, parents] = [table.names(), table.resources(), table.kinds(), table.parents()];
  const nameCount = table.nameTexts().length;
  return {
    services,
    groupOf: (row) => {
      const kind = kinds[row]! & 7;
      const entry = Number(parents[row] === noParent || kind === kindNumbers.server || kind === kindNumbers.consumer);
      return (of[resources[row]!]! * nameCount + names[row]!) * 2 + entry;
    },
    isStray: () => false,
  };
}

/**
 * Group `(caller + 1) * services + callee`: spans whose parent is of another service. The caller is -1 where there is none, or it is not in
 * the table.
 */
export function byEdge(table: SpanTable): Grouping {
  const { services, of } = servicesOf(table);
  const [resources, parents] = [table.resources(), table.parents()];
  return {
    services,
    groupOf: (row) => {
      const parent = parents[row]!;
      const callee = of[resources[row]!]!;
      const caller = parent < 0 ? -1 : of[resources[parent]!]!;
      return caller === callee ? -1 : (caller + 1) * services.length + callee;
    },
    isStray: (row) => parents[row]! < noParent,
  };
}

/** Digests every row of a table. */
export function digestOf(table: SpanTable, grouping: Grouping): Digest {
  const [durations, kinds] = [table.durationNs(), table.kinds()];
  const high = highWords(durations);
  const keys = new Float64Array(kinds.length);
  const facts = new Map<number, { errors: number; maxNs: number }>();
  let [kept, strayCount] = [0, 0];
  for (let row = 0; row < kinds.length; row++) {
    if (grouping.isStray(row)) strayCount++;
    const group = grouping.groupOf(row);
    if (group < 0) continue;
    keys[kept++] = group * bucketCount + bucketOf(high[row * 2 + 1]!);
    let fact = facts.get(group);
    if (fact === undefined) facts.set(group, (fact = { errors: 0, maxNs: 0 }));
    if (kinds[row]! >> 3 === errorStatus) fact.errors++;
    fact.maxNs = Math.max(fact.maxNs, durations[row]!);
  }
  return { services: grouping.services, strayCount, ...runsOf(keys.subarray(0, kept).sort(), facts) };
}

/** Sorted keys as groups of counted buckets. */
function runsOf(
  keys: Float64Array,
  facts: ReadonlyMap<number, { readonly errors: number; readonly maxNs: number }>,
): Omit<Digest, 'services' | 'strayCount'> {
  const groups: number[] = [];
  const [starts, buckets, counts]: [number[], number[], number[]] = [[], [], []];
  for (let at = 0; at < keys.length;) {
    const key = keys[at]!;
    let end = at + 1;
    while (end < keys.length && keys[end] === key) end++;
    const group = Math.floor(key / bucketCount);
    if (groups.at(-1) !== group) {
      groups.push(group);
      starts.push(buckets.length);
    }
    buckets.push(key % bucketCount);
    counts.push(end - at);
    at = end;
  }
  return {
    groups: Float64Array.from(groups),
    errors: Float64Array.from(groups, (group) => facts.get(group)!.errors),
    maxNs: Float64Array.from(groups, (group) => facts.get(group)!.maxNs),
    starts: Uint32Array.from([...starts, buckets.length]),
    buckets: Uint32Array.from(buckets),
    counts: Uint32Array.from(counts),
  };
}
