import type { OperationRed, ServiceMap, UnixNs } from '#core/model/index.ts';
import type { Part } from './search.ts';
import { Dictionary } from './encode.ts';
import { highWords, otherGroup, Tallies } from './sketch.ts';
import { errorStatus, kindNumbers } from './trace-columns.ts';
import { noParent, type SpanTable } from './table.ts';

/** Places of tallies by a number of one table: an array while the numbers are few, else a map. */
class Places {
  readonly #slots: Int32Array | undefined;
  readonly #map = new Map<number, number>();
  readonly #find: (code: number) => number;

  constructor(codeCount: number, find: (code: number) => number) {
    this.#slots = codeCount <= slotsMax ? new Int32Array(codeCount).fill(-1) : undefined;
    this.#find = find;
  }

  of(code: number): number {
    const known = this.#slots === undefined ? this.#map.get(code) : this.#slots[code];
    if (known !== undefined && known >= 0) return known;
    const place = this.#find(code);
    if (this.#slots === undefined) this.#map.set(code, place);
    else this.#slots[code] = place;
    return place;
  }
}

const slotsMax = 1 << 20;

/** The starts, where some may lie outside of the bounds. */
function startsIfCut(table: SpanTable, lowNs: number, highNs: number): Float64Array | undefined {
  return lowNs <= 0 && highNs >= Number(table.meta.maxNs - table.meta.minNs) ? undefined : table.startNs();
}

/** Calls `act` for every part that overlaps the range, with its rows' bounds of offset, and lets others run between parts. */
async function eachPart(
  parts: readonly Part[],
  { fromNs, toNs, breathe, signal }: Range,
  act: (table: SpanTable, lowNs: number, highNs: number) => void,
): Promise<void> {
  for (const { table } of parts) {
    const { minNs, maxNs } = table.meta;
    if (maxNs < fromNs || minNs > toNs) continue;
    act(table, Number(fromNs - minNs), Number(toNs - minNs));
    await breathe();
    signal?.throwIfAborted();
  }
}

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
  await eachPart(parts, range, (table, lowNs, highNs) => tallyOperations(table, lowNs, highNs, { tallies, services, names }));
  const found = tallies.results().map(({ group, tally }) => {
    if (group === otherGroup) return { service: '', name: otherName, entry: false, ...tally };
    const pair = Math.floor(group / 2);
    return { service: services.texts[Math.floor(pair / pairBase)]!, name: names.texts[pair % pairBase]!, entry: group % 2 === 1, ...tally };
  });
  return found.sort((a, b) => b.calls - a.calls);
}

interface OperationTallies {
  readonly tallies: Tallies;
  readonly services: Dictionary;
  readonly names: Dictionary;
}

function tallyOperations(table: SpanTable, lowNs: number, highNs: number, { tallies, services, names: allNames }: OperationTallies): void {
  const starts = startsIfCut(table, lowNs, highNs);
  const [durations, kinds, parents] = [table.durationNs(), table.kinds(), table.parents()];
  const [names, resources] = [table.names(), table.resources()];
  const nameCodes = table.nameTexts().map((text) => allNames.code(text));
  const serviceCodes = table.resourceList().map(({ service }) => services.code(service));
  const high = highWords(durations);
  const places = new Places(serviceCodes.length * nameCodes.length * 2, (code) => {
    const operation = Math.floor(code / 2);
    const pair = serviceCodes[Math.floor(operation / nameCodes.length)]! * pairBase + nameCodes[operation % nameCodes.length]!;
    return tallies.place(pair * 2 + (code % 2));
  });
  for (let row = 0; row < kinds.length; row++) {
    if (starts !== undefined && (starts[row]! < lowNs || starts[row]! > highNs)) continue;
    const kind = kinds[row]!;
    const entry = Number(parents[row] === noParent || (kind & 7) === kindNumbers.server || (kind & 7) === kindNumbers.consumer);
    const place = places.of((resources[row]! * nameCodes.length + names[row]!) * 2 + entry);
    tallies.add(place, high[row * 2 + 1]!, durations[row]!, kind >> 3 === errorStatus);
  }
}

/** Who calls whom, from parents and children of different services; the busiest first. */
export async function serviceMapOf(parts: readonly Part[], range: Range): Promise<ServiceMap> {
  const [edges, nodes, services] = [new Tallies(), new Tallies(), new Dictionary()];
  let strayCount = 0;
  await eachPart(parts, range, (table, lowNs, highNs) => {
    strayCount += tallyEdges(table, lowNs, highNs, { edges, nodes, services });
  });
  const serviceOf = (code: number): string => (code < 0 ? otherName : services.texts[code]!);
  const found = edges.results().map(({ group, tally: { calls, errors, p50Ns, p95Ns, p99Ns } }) => {
    const caller = group < 0 ? otherGroup : Math.floor(group / pairBase);
    const callee = group < 0 ? otherGroup : group % pairBase;
    return { caller: serviceOf(caller), callee: serviceOf(callee), calls, errors, p50Ns, p95Ns, p99Ns };
  });
  const answered = nodes.results().map(({ group, tally: { calls, errors, p95Ns } }) => ({ service: serviceOf(group), calls, errors, p95Ns }));
  return { edges: found.sort((a, b) => b.calls - a.calls), services: answered.sort((a, b) => b.calls - a.calls), strayCount };
}

interface EdgeTallies {
  readonly edges: Tallies;
  readonly nodes: Tallies;
  readonly services: Dictionary;
}

/** A span whose parent is of another service is a call; it and a root are what its own service answered. */
function tallyEdges(table: SpanTable, lowNs: number, highNs: number, { edges, nodes, services: all }: EdgeTallies): number {
  const starts = startsIfCut(table, lowNs, highNs);
  const [durations, kinds, parents, resources] = [table.durationNs(), table.kinds(), table.parents(), table.resources()];
  const resourceList = table.resourceList();
  const services = [...new Set(resourceList.map(({ service }) => service))];
  const serviceOf = resourceList.map(({ service }) => services.indexOf(service));
  const high = highWords(durations);
  const codes = services.map((service) => all.code(service));
  const nodePlaces = codes.map((code) => nodes.place(code));
  const places = new Places(services.length ** 2, (code) => {
    return edges.place(codes[Math.floor(code / services.length)]! * pairBase + codes[code % services.length]!);
  });
  let strays = 0;
  for (let row = 0; row < kinds.length; row++) {
    if (starts !== undefined && (starts[row]! < lowNs || starts[row]! > highNs)) continue;
    const parent = parents[row]!;
    const callee = serviceOf[resources[row]!]!;
    const caller = parent < 0 ? -1 : serviceOf[resources[parent]!]!;
    if (parent < noParent) strays++;
    if (caller === callee) continue;
    const failed = kinds[row]! >> 3 === errorStatus;
    nodes.add(nodePlaces[callee]!, high[row * 2 + 1]!, durations[row]!, failed);
    if (caller >= 0) edges.add(places.of(caller * services.length + callee), high[row * 2 + 1]!, durations[row]!, failed);
  }
  return strays;
}
