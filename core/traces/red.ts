import type { UnixNs } from '#core/model/index.ts';
import type { Part } from './search.ts';
import { DurationSketch, highWords } from './sketch.ts';
import { errorStatus, kindNumbers } from './trace-columns.ts';
import { noParent, type SpanTable } from './table.ts';

/** The spans of one operation of one service in a range of time: rate, errors, durations. */
export interface OperationRed {
  readonly service: string;
  readonly name: string;
  /** Whether these spans answer somebody: roots, servers and consumers. */
  readonly entry: boolean;
  readonly calls: number;
  readonly errors: number;
  readonly p50Ns: number;
  readonly p95Ns: number;
  readonly p99Ns: number;
  readonly maxNs: number;
}

/** Calls of one service by another. */
export interface ServiceEdge {
  readonly caller: string;
  readonly callee: string;
  readonly calls: number;
  readonly errors: number;
  readonly p50Ns: number;
  readonly p95Ns: number;
  readonly p99Ns: number;
}

export interface ServiceMap {
  readonly edges: readonly ServiceEdge[];
  readonly services: readonly { readonly service: string; readonly calls: number; readonly errors: number; readonly p95Ns: number }[];
  /** Spans whose parent lies in another part of the store, or nowhere: their calls are not among the edges. */
  readonly strayCount: number;
}

interface Tally {
  readonly sketch: DurationSketch;
  errors: number;
  maxNs: number;
}

class Tallies {
  readonly byKey = new Map<string, Tally>();

  of(key: string): Tally {
    let tally = this.byKey.get(key);
    if (tally === undefined) this.byKey.set(key, (tally = { sketch: new DurationSketch(), errors: 0, maxNs: 0 }));
    return tally;
  }
}

/** The starts, where some may lie outside of the bounds. */
function startsIfCut(table: SpanTable, lowNs: number, highNs: number): Float64Array | undefined {
  return lowNs <= 0 && highNs >= Number(table.meta.maxNs - table.meta.minNs) ? undefined : table.startNs();
}

function count(tally: Tally, highWord: number, durationNs: number, kind: number): void {
  tally.sketch.add(highWord);
  if (kind >> 3 === errorStatus) tally.errors++;
  if (durationNs > tally.maxNs) tally.maxNs = durationNs;
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

/** Parts of keys cannot hold this. */
const between = '\u0000';

/** Rate, errors and durations by service and operation, the busiest first. */
export async function redOf(parts: readonly Part[], range: Range): Promise<readonly OperationRed[]> {
  const tallies = new Tallies();
  await eachPart(parts, range, (table, lowNs, highNs) => tallyOperations(table, lowNs, highNs, tallies));
  const found = [...tallies.byKey].map(([key, { sketch, errors, maxNs }]) => {
    const [service = '', name = '', entry = ''] = key.split(between);
    return { service, name, entry: entry === '1', calls: sketch.count, errors, ...quantiles(sketch), maxNs };
  });
  return found.sort((a, b) => b.calls - a.calls);
}

const quantiles = (sketch: DurationSketch): { p50Ns: number; p95Ns: number; p99Ns: number } => ({
  p50Ns: sketch.quantile(0.5),
  p95Ns: sketch.quantile(0.95),
  p99Ns: sketch.quantile(0.99),
});

function tallyOperations(table: SpanTable, lowNs: number, highNs: number, tallies: Tallies): void {
  const starts = startsIfCut(table, lowNs, highNs);
  const [durations, kinds, parents] = [table.durationNs(), table.kinds(), table.parents()];
  const [names, resources] = [table.names(), table.resources()];
  const nameTexts = table.nameTexts();
  const services = table.resourceList().map(({ service }) => service);
  const high = highWords(durations);
  const known: (Tally | undefined)[] = [];
  for (let row = 0; row < kinds.length; row++) {
    if (starts !== undefined && (starts[row]! < lowNs || starts[row]! > highNs)) continue;
    const kind = kinds[row]!;
    const entry = Number(parents[row] === noParent || (kind & 7) === kindNumbers.server || (kind & 7) === kindNumbers.consumer);
    const code = (resources[row]! * nameTexts.length + names[row]!) * 2 + entry;
    const tally = (known[code] ??= tallies.of([services[resources[row]!], nameTexts[names[row]!], entry].join(between)));
    count(tally, high[row * 2 + 1]!, durations[row]!, kind);
  }
}

/** Who calls whom, from parents and children of different services; the busiest first. */
export async function serviceMapOf(parts: readonly Part[], range: Range): Promise<ServiceMap> {
  const edges = new Tallies();
  const nodes = new Tallies();
  let strayCount = 0;
  await eachPart(parts, range, (table, lowNs, highNs) => {
    strayCount += tallyEdges(table, lowNs, highNs, edges, nodes);
  });
  const found = [...edges.byKey].map(([key, { sketch, errors }]) => {
    const [caller = '', callee = ''] = key.split(between);
    return { caller, callee, calls: sketch.count, errors, ...quantiles(sketch) };
  });
  const services = [...nodes.byKey].map(([service, { sketch, errors }]) => ({ service, calls: sketch.count, errors, p95Ns: sketch.quantile(0.95) }));
  return { edges: found.sort((a, b) => b.calls - a.calls), services: services.sort((a, b) => b.calls - a.calls), strayCount };
}

/** A span whose parent is of another service is a call; it and a root are what its own service answered. */
function tallyEdges(table: SpanTable, lowNs: number, highNs: number, edges: Tallies, nodes: Tallies): number {
  const starts = startsIfCut(table, lowNs, highNs);
  const [durations, kinds, parents, resources] = [table.durationNs(), table.kinds(), table.parents(), table.resources()];
  const resourceList = table.resourceList();
  const services = [...new Set(resourceList.map(({ service }) => service))];
  const serviceOf = resourceList.map(({ service }) => services.indexOf(service));
  const high = highWords(durations);
  const known: (Tally | undefined)[] = [];
  const nodeTallies = services.map((service) => nodes.of(service));
  let strays = 0;
  for (let row = 0; row < kinds.length; row++) {
    if (starts !== undefined && (starts[row]! < lowNs || starts[row]! > highNs)) continue;
    const parent = parents[row]!;
    const callee = serviceOf[resources[row]!]!;
    if (parent < 0) {
      if (parent !== noParent) strays++;
      count(nodeTallies[callee]!, high[row * 2 + 1]!, durations[row]!, kinds[row]!);
      continue;
    }
    const caller = serviceOf[resources[parent]!]!;
    if (caller === callee) continue;
    const code = caller * services.length + callee;
    const tally = (known[code] ??= edges.of(services[caller]! + between + services[callee]!));
    count(tally, high[row * 2 + 1]!, durations[row]!, kinds[row]!);
    count(nodeTallies[callee]!, high[row * 2 + 1]!, durations[row]!, kinds[row]!);
  }
  return strays;
}
