import { noScope, resourceOf, type Attribute, type Resource, type Span } from '#core/model/index.ts';

export const hex = (value: number, width: number): string => value.toString(16).padStart(width * 2, '0');
export const text = (key: string, value: string): Attribute => ({ key, type: 'string', text: value });
export const int = (key: string, value: number): Attribute => ({ key, type: 'int', text: String(value) });

const resources = new Map<string, Resource>();

export function service(name: string, ...attributes: Attribute[]): Resource {
  const key = JSON.stringify([name, attributes]);
  let known = resources.get(key);
  if (known === undefined) resources.set(key, (known = resourceOf([text('service.name', name), ...attributes])));
  return known;
}

/** Monday 2026-01-05, 03:00 UTC: where the manual clock starts. */
export const baseNs = BigInt(Date.UTC(2026, 0, 5, 3)) * 1_000_000n;
export const ms = (count: number): bigint => BigInt(Math.round(count * 1e6));

export type Sketch = Partial<Omit<Span, 'resource'>> & {
  readonly id?: number;
  readonly trace?: number;
  readonly parent?: number;
  readonly of?: string;
  /** From baseNs, in ms. */
  readonly at?: number;
  readonly takes?: number;
  readonly resource?: Resource;
};

/** A span with what a test says of it. */
export function span(sketch: Sketch = {}): Span {
  const { id = 1, trace = 1, parent, of = 'shop', at = 0, takes = 10, ...rest } = sketch;
  return {
    traceId: hex(trace, 16),
    spanId: hex(id, 8),
    parentId: parent === undefined ? '' : hex(parent, 8),
    name: 'GET /',
    kind: 'internal',
    startNs: baseNs + ms(at),
    endNs: baseNs + ms(at + takes),
    status: 'unset',
    statusText: '',
    attributes: [],
    events: [],
    links: [],
    resource: service(of),
    scope: noScope,
    traceState: '',
    flags: 0,
    droppedAttributes: 0,
    droppedEvents: 0,
    droppedLinks: 0,
    ...rest,
  };
}
