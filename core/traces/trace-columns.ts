import { spanKinds, spanStatuses, type Span } from '#core/model/index.ts';
import { ColumnCache } from '#core/blocks/index.ts';
import { Dictionary, encodeSpans } from './encode.ts';
import type { Stretch } from './search.ts';
import { noParent, strayParent, tableOf } from './table.ts';
import { textsOf } from './values-column.ts';

/** The spans of one trace as columns, in order of start. */
export interface TraceColumns {
  readonly traceId: string;
  /** The first start; the other times are offsets from it. */
  readonly baseNs: bigint;
  readonly count: number;
  readonly startNs: Float64Array;
  /** Negative where the end lies before the start. */
  readonly durationNs: Float64Array;
  /** 8 bytes a span. */
  readonly spanIds: Uint8Array;
  /** 8 bytes a span, zeros where it has no parent. */
  readonly parentIds: Uint8Array;
  /** The kind's number in the low three bits, the status' above. */
  readonly kinds: Uint8Array;
  readonly name: Uint32Array;
  readonly names: readonly string[];
  readonly service: Uint32Array;
  readonly services: readonly string[];
}

export const errorStatus = spanStatuses.indexOf('error');
export const kindNumbers = {
  server: spanKinds.indexOf('server'),
  client: spanKinds.indexOf('client'),
  producer: spanKinds.indexOf('producer'),
  consumer: spanKinds.indexOf('consumer'),
} as const;

/**
 * Gathers a trace out of the tables that hold its parts; undefined when none does. With `label`, the value of that attribute of span or
 * resource stands for each span's name, an empty text where it has none.
 */
export function gatherTrace(traceId: string, stretches: readonly Stretch[], label?: string): TraceColumns | undefined {
  const count = stretches.reduce((sum, { from, to }) => sum + to - from, 0);
  if (count === 0) return undefined;
  const [names, services] = [new Dictionary(), new Dictionary()];
  const baseNs = stretches.map(firstNs).reduce((min, ns) => (ns < min ? ns : min));
  const columns = {
    traceId,
    baseNs,
    count,
    startNs: new Float64Array(count),
    durationNs: new Float64Array(count),
    spanIds: new Uint8Array(count * 8),
    parentIds: new Uint8Array(count * 8),
    kinds: new Uint8Array(count),
    name: new Uint32Array(count),
    names: names.texts,
    service: new Uint32Array(count),
    services: services.texts,
  };
  let at = 0;
  for (const stretch of stretches) {
    copyStretch(stretch, columns, at, names, services);
    if (label !== undefined) labelStretch(stretch, label, columns.name.subarray(at), names);
    at += stretch.to - stretch.from;
  }
  return stretches.length === 1 ? columns : byStart(columns);
}

/** The columns of spans that are in no store. All must be of one trace. */
export function traceOfSpans(spans: readonly Span[]): TraceColumns | undefined {
  if (spans.length === 0) return undefined;
  const table = tableOf(encodeSpans(spans), 'trace', new ColumnCache(64 << 20));
  return gatherTrace(spans[0]!.traceId, [{ table, from: 0, to: spans.length }]);
}

const firstNs = ({ table, from }: Stretch): bigint => table.meta.minNs + BigInt(table.startNs()[from]!);

function copyStretch({ table, from, to }: Stretch, into: TraceColumns, at: number, names: Dictionary, services: Dictionary): void {
  const shift = Number(table.meta.minNs - into.baseNs);
  const nameCodes = table.nameTexts().map((text) => names.code(text));
  const serviceCodes = table.resourceList().map(({ service }) => services.code(service));
  const [starts, parents, ids, strays] = [table.startNs(), table.parents(), table.spanIds(), table.strayIds()];
  const [spanNames, resources] = [table.names(), table.resources()];
  let stray = 0;
  for (let row = 0; row < from; row++) if (parents[row] === strayParent) stray++;
  for (let row = from; row < to; row++, at++) {
    into.startNs[at] = starts[row]! + shift;
    into.name[at] = nameCodes[spanNames[row]!]!;
    into.service[at] = serviceCodes[resources[row]!]!;
    const parent = parents[row]!;
    if (parent === strayParent) into.parentIds.set(strays.subarray(stray * 8, ++stray * 8), at * 8);
    else if (parent !== noParent) into.parentIds.set(ids.subarray(parent * 8, parent * 8 + 8), at * 8);
  }
  const first = at - (to - from);
  into.durationNs.set(table.durationNs().subarray(from, to), first);
  into.kinds.set(table.kinds().subarray(from, to), first);
  into.spanIds.set(ids.subarray(from * 8, to * 8), first * 8);
}

/** Writes the attribute's values into `codes`, those of spans over those of their resources. */
function labelStretch({ table, from, to }: Stretch, label: string, codes: Uint32Array, names: Dictionary): void {
  const ofResource = table.resourceList().map(({ attributes }) => names.code(attributes.find(({ key }) => key === label)?.text ?? ''));
  const resources = table.resources();
  for (let row = from; row < to; row++) codes[row - from] = ofResource[resources[row]!]!;
  for (const [row, text] of textsOf(table.values(`a:${label}`), from, to)) codes[row - from] = names.code(text);
}

function byStart(columns: TraceColumns): TraceColumns {
  const { startNs, count } = columns;
  const order = new Uint32Array(count);
  for (let row = 0; row < count; row++) order[row] = row;
  order.sort((a, b) => startNs[a]! - startNs[b]! || a - b);
  return {
    ...columns,
    startNs: inOrder(startNs, order),
    durationNs: inOrder(columns.durationNs, order),
    spanIds: inOrder(columns.spanIds, order, 8),
    parentIds: inOrder(columns.parentIds, order, 8),
    kinds: inOrder(columns.kinds, order),
    name: inOrder(columns.name, order),
    service: inOrder(columns.service, order),
  };
}

/** A copy with the entries, each `width` elements long, in another order. */
export function inOrder<T extends Uint8Array | Uint32Array | Float64Array>(values: T, order: Uint32Array, width = 1): T {
  const sorted = values.slice() as T;
  for (let i = 0, to = 0; i < order.length; i++) {
    const from = order[i]! * width;
    for (let k = 0; k < width; k++) sorted[to++] = values[from + k]!;
  }
  return sorted;
}
