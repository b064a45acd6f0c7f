import { compareText, type OperationRed, type ServiceMap, type UnixNs } from '#core/model/index.ts';
import { Dictionary } from './encode.ts';
import { byEdge, byOperation, type Grouping } from './grouping.ts';
import type { Part } from './search.ts';
import { highWords, otherGroup, Tallies } from './sketch.ts';
import { byPeer } from './peers.ts';
import type { DigestName, SpanTable } from './table.ts';
import { errorStatus } from './trace-columns.ts';

export interface Range {
  /** Bounds of the start, inclusive. */
  readonly fromNs: UnixNs;
  readonly toNs: UnixNs;
  readonly breathe: () => Promise<void>;
  readonly signal: AbortSignal | undefined;
}

const otherName = '(other operations)';
/** Numbers of names and services, so that a pair is one number; a dataset has fewer of either. */
const pairBase = 2 ** 25;

/** Rate, errors and durations by service and operation, the busiest first. Beyond 5,000 operations the rest is one row. */
export async function redOf(parts: readonly Part[], range: Range): Promise<readonly OperationRed[]> {
  const tallies = new Tallies();
  const [services, names] = [new Dictionary(), new Dictionary()];
  await eachPart(parts, range, (table, bounds) => {
    const nameTexts = table.nameTexts();
    const nameCodes = nameTexts.map((text) => names.code(text));
    tallyTable(table, bounds, 'red', byOperation, (local, localServices) => {
      const operation = Math.floor(local / 2);
      const service = services.code(localServices[Math.floor(operation / nameTexts.length)]!);
      return [{ tallies, place: tallies.place((service * pairBase + nameCodes[operation % nameTexts.length]!) * 2 + (local % 2)) }];
    });
  });
  const found = tallies.results().map(({ group, tally }) => {
    if (group === otherGroup) return { service: '', name: otherName, entry: false, ...tally };
    const pair = Math.floor(group / 2);
    return { service: services.texts[Math.floor(pair / pairBase)]!, name: names.texts[pair % pairBase]!, entry: group % 2 === 1, ...tally };
  });
  return found.sort((a, b) => b.calls - a.calls);
}

/** Calls between services, as they are tallied: edges by `caller * pairBase + callee`, and what each service was asked. */
class Calls {
  readonly edges = new Tallies();
  readonly nodes = new Tallies();

  /** Adds a table's spans; gives its strays. */
  add(table: SpanTable, bounds: Bounds, name: 'edges' | 'peers', grouping: (table: SpanTable) => Grouping, services: Dictionary): number {
    return tallyTable(table, bounds, name, grouping, (local, localServices) => {
      const caller = Math.floor(local / localServices.length) - 1;
      const callee = services.code(localServices[local % localServices.length]!);
      const node = { tallies: this.nodes, place: this.nodes.place(callee) };
      if (caller < 0) return [node];
      return [node, { tallies: this.edges, place: this.edges.place(services.code(localServices[caller]!) * pairBase + callee) }];
    });
  }

  edgeRows(services: Dictionary): ServiceMap['edges'][number][] {
    const nameOf = (code: number): string => (code < 0 ? otherName : services.texts[code]!);
    return this.edges.results().map(({ group, tally: { calls, errors, p50Ns, p95Ns, p99Ns } }) => {
      const caller = group < 0 ? otherGroup : Math.floor(group / pairBase);
      const callee = group < 0 ? otherGroup : group % pairBase;
      return { caller: nameOf(caller), callee: nameOf(callee), calls, errors, p50Ns, p95Ns, p99Ns };
    });
  }

  serviceRows(services: Dictionary): ServiceMap['services'][number][] {
    const nameOf = (code: number): string => (code < 0 ? otherName : services.texts[code]!);
    return this.nodes.results().map(({ group, tally: { calls, errors, p95Ns } }) => ({ service: nameOf(group), calls, errors, p95Ns }));
  }
}

/** Who calls whom, from parents and children of different services, and from what callers say of those that have no spans; the busiest first. */
export async function serviceMapOf(parts: readonly Part[], range: Range): Promise<ServiceMap> {
  const services = new Dictionary();
  const [seen, said] = [new Calls(), new Calls()];
  let strayCount = 0;
  await eachPart(parts, range, (table, bounds) => {
    strayCount += seen.add(table, bounds, 'edges', byEdge, services);
    said.add(table, bounds, 'peers', byPeer, services);
  });
  const [edges, asked] = [seen.edgeRows(services), seen.serviceRows(services)];
  const known = new Set(edges.map(({ caller, callee }) => `${caller}\n${callee}`));
  // Where both ends have spans, a call that is said only was not followed: a server's half that shares its client's id.
  const others = said.edgeRows(services).filter(({ caller, callee }) => !known.has(`${caller}\n${callee}`));
  const real = new Set([...asked.map(({ service }) => service), ...edges.map(({ caller }) => caller)]);
  const peers = new Set(others.flatMap(({ caller, callee }) => [caller, callee]).filter((name) => name !== otherName && !real.has(name)));
  return {
    edges: [...edges, ...others].sort((a, b) => b.calls - a.calls),
    services: [...asked, ...said.serviceRows(services).filter(({ service }) => peers.has(service))].sort((a, b) => b.calls - a.calls),
    peers: [...peers].sort(compareText),
    strayCount,
  };
}

/** The bounds of a range as offsets of a table's starts; undefined when every row lies within. */
type Bounds = { readonly lowNs: number; readonly highNs: number } | undefined;

/** Calls `act` for every part that overlaps the range, and lets others run between parts. */
async function eachPart(
  parts: readonly Part[],
  { fromNs, toNs, breathe, signal }: Range,
  act: (table: SpanTable, bounds: Bounds) => void,
): Promise<void> {
  for (const { table } of parts) {
    const { minNs, maxNs } = table.meta;
    if (maxNs < fromNs || minNs > toNs) continue;
    act(table, minNs >= fromNs && maxNs <= toNs ? undefined : { lowNs: Number(fromNs - minNs), highNs: Number(toNs - minNs) });
    await breathe();
    signal?.throwIfAborted();
  }
}

/** Where a group of a table is counted: in one tally, or in several. */
type Places = readonly { readonly tallies: Tallies; readonly place: number }[];

/** Adds a table's spans to tallies: from its digest where it has one and all its spans count, else row by row. Gives its strays. */
function tallyTable(
  table: SpanTable,
  bounds: Bounds,
  name: DigestName,
  grouping: (table: SpanTable) => Grouping,
  placesOf: (group: number, services: readonly string[]) => Places,
): number {
  const digest = bounds === undefined ? table.digest(name) : undefined;
  if (digest === undefined) return tallyRows(table, bounds, grouping(table), placesOf);
  for (let g = 0; g < digest.groups.length; g++) {
    for (const { tallies, place } of placesOf(digest.groups[g]!, digest.services)) tallies.addGroup(place, digest, g);
  }
  return digest.strayCount;
}

function tallyRows(table: SpanTable, bounds: Bounds, grouping: Grouping, placesOf: (group: number, services: readonly string[]) => Places): number {
  const starts = bounds && table.startNs();
  const [durations, kinds] = [table.durationNs(), table.kinds()];
  const high = highWords(durations);
  const known = new Map<number, Places>();
  let strays = 0;
  for (let row = 0; row < kinds.length; row++) {
    if (starts !== undefined && (starts[row]! < bounds!.lowNs || starts[row]! > bounds!.highNs)) continue;
    if (grouping.isStray(row)) strays++;
    const group = grouping.groupOf(row);
    if (group < 0) continue;
    let places = known.get(group);
    if (places === undefined) known.set(group, (places = placesOf(group, grouping.services)));
    const failed = kinds[row]! >> 3 === errorStatus;
    for (const { tallies, place } of places) tallies.add(place, high[row * 2 + 1]!, durations[row]!, failed);
  }
  return strays;
}
