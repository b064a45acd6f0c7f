import { attributeTypes, type Attribute, type SpanEvent, type SpanLink } from '#core/model/index.ts';

type Flat = (string | number)[];
/** Of a row what few spans have. Layout: FORMAT.md, "details.N". */
export type DetailRow = [
  row: number,
  events: [timeNs: string, name: string, attributes: Flat, dropped: number][],
  links: [traceId: string, spanId: string, traceState: string, attributes: Flat, dropped: number][],
  dropped: [attributes: number, events: number, links: number],
];

export interface Details {
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
  readonly droppedAttributes: number;
  readonly droppedEvents: number;
  readonly droppedLinks: number;
}
export const noDetails: Details = { events: [], links: [], droppedAttributes: 0, droppedEvents: 0, droppedLinks: 0 };

export function detailsFrom([, events, links, [droppedAttributes, droppedEvents, droppedLinks]]: DetailRow): Details {
  return {
    events: events.map(([timeNs, name, attributes, droppedCount]) => ({
      timeNs: BigInt(timeNs),
      name,
      attributes: attributesFrom(attributes),
      droppedCount,
    })),
    links: links.map(([traceId, spanId, traceState, attributes, droppedCount]) => ({
      traceId,
      spanId,
      traceState,
      attributes: attributesFrom(attributes),
      droppedCount,
    })),
    droppedAttributes,
    droppedEvents,
    droppedLinks,
  };
}

/** What encode's `flat` wrote. */
export function attributesFrom(flat: readonly (string | number)[]): Attribute[] {
  return Array.from({ length: flat.length / 3 }, (_, i) => ({
    key: String(flat[i * 3]),
    type: attributeTypes[Number(flat[i * 3 + 1])]!,
    text: String(flat[i * 3 + 2]),
  }));
}
