import { resourceOf, spanKinds, spanStatuses, type Span } from '#core/model/index.ts';
import { DamageError, unwrapBlob, wrapBlob } from '#core/blocks/index.ts';
import { flat } from './encode.ts';
import { attributesFrom } from './details.ts';

/** Spans that are durable and not yet in a block, as one blob of JSON. Layout: FORMAT.md, "Append". */
type Flat = (string | number)[];
type SpanRow = [
  ids: [traceId: string, spanId: string, parentId: string],
  name: string,
  kindAndStatus: [kind: number, status: number, statusText: string],
  times: [startNs: string, endNs: string],
  attributes: Flat,
  shared: [resource: number, scope: number],
  trace: [traceState: string, flags: number],
  events: [timeNs: string, name: string, attributes: Flat, dropped: number][],
  links: [traceId: string, spanId: string, traceState: string, attributes: Flat, dropped: number][],
  dropped: [attributes: number, events: number, links: number],
];
type BatchRow = [resources: Flat[], scopes: [string, string, Flat][], spans: SpanRow[]];

export function encodeBatch(spans: readonly Span[]): Buffer {
  const resources = new Map<Span['resource'], number>();
  const scopes = new Map<Span['scope'], number>();
  const rows = spans.map((span) => rowOf(span, indexIn(resources, span.resource), indexIn(scopes, span.scope)));
  const batch: BatchRow = [
    [...resources.keys()].map(({ attributes }) => flat(attributes)),
    [...scopes.keys()].map(({ name, version, attributes }) => [name, version, flat(attributes)]),
    rows,
  ];
  return wrapBlob(new TextEncoder().encode(JSON.stringify(batch)));
}

function indexIn<T>(known: Map<T, number>, one: T): number {
  let index = known.get(one);
  if (index === undefined) known.set(one, (index = known.size));
  return index;
}

function rowOf(span: Span, resource: number, scope: number): SpanRow {
  return [
    [span.traceId, span.spanId, span.parentId],
    span.name,
    [spanKinds.indexOf(span.kind), spanStatuses.indexOf(span.status), span.statusText],
    [String(span.startNs), String(span.endNs)],
    flat(span.attributes),
    [resource, scope],
    [span.traceState, span.flags],
    span.events.map(({ timeNs, name, attributes, droppedCount }) => [String(timeNs), name, flat(attributes), droppedCount]),
    span.links.map(({ traceId, spanId, traceState, attributes, droppedCount }) => [traceId, spanId, traceState, flat(attributes), droppedCount]),
    [span.droppedAttributes, span.droppedEvents, span.droppedLinks],
  ];
}

/** Throws DamageError. */
export function decodeBatch(bytes: Uint8Array): Span[] {
  const [resourceRows, scopeRows, spans] = parse(unwrapBlob(bytes));
  const resources = resourceRows.map((row) => resourceOf(attributesFrom(row)));
  const scopes = scopeRows.map(([name, version, attributes]) => ({ name, version, attributes: attributesFrom(attributes) }));
  return spans.map(([ids, name, [kind, status, statusText], [startNs, endNs], attributes, shared, [traceState, flags], events, links, dropped]) => ({
    traceId: ids[0],
    spanId: ids[1],
    parentId: ids[2],
    name,
    kind: spanKinds[kind]!,
    status: spanStatuses[status]!,
    statusText,
    startNs: BigInt(startNs),
    endNs: BigInt(endNs),
    attributes: attributesFrom(attributes),
    resource: resources[shared[0]]!,
    scope: scopes[shared[1]]!,
    traceState,
    flags,
    events: events.map(([timeNs, event, of, count]) => ({
      timeNs: BigInt(timeNs),
      name: event,
      attributes: attributesFrom(of),
      droppedCount: count,
    })),
    links: links.map(([traceId, spanId, state, of, count]) => ({
      traceId,
      spanId,
      traceState: state,
      attributes: attributesFrom(of),
      droppedCount: count,
    })),
    droppedAttributes: dropped[0],
    droppedEvents: dropped[1],
    droppedLinks: dropped[2],
  }));
}

function parse(payload: Uint8Array): BatchRow {
  try {
    return JSON.parse(new TextDecoder('utf-8', { ignoreBOM: true }).decode(payload)) as BatchRow;
  } catch {
    throw new DamageError('an append is no JSON');
  }
}
