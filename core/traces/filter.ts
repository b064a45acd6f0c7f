import { attributeTypes, spanKinds, spanStatuses, type Attribute } from '#core/model/index.ts';
import { bloomMayHold } from './bloom.ts';
import { elementsOf, jsonType, type Element } from './elements.ts';
import { isNumber, type CompareOp, type Intrinsic, type SpanCondition } from './query.ts';
import type { SpanTable } from './table.ts';
import type { ValueColumn } from './values-column.ts';

/** One byte a row, 1 where the condition holds; undefined when it holds nowhere. */
export type Mask = Uint8Array | undefined;

type Comparison = Extract<SpanCondition, { kind: 'compare' }>;
type Existence = Extract<SpanCondition, { kind: 'exists' }>;
type Leaf = Comparison | Existence;

/** Dictionaries with more texts than this are searched as bytes. */
const byteSearchFrom = 1024;

/** The rows of a table whose start lies in [fromNs, toNs] and for which the condition holds. */
export function filterTable(table: SpanTable, condition: SpanCondition, fromNs: bigint, toNs: bigint): Mask {
  const { minNs, maxNs, spanCount } = table.meta;
  if (maxNs < fromNs || minNs > toNs) return undefined;
  const mask = maskOf(table, condition);
  if (mask === undefined || (minNs >= fromNs && maxNs <= toNs)) return mask;
  const [low, high] = [Number(fromNs - minNs), Number(toNs - minNs)];
  const starts = table.startNs();
  for (let row = 0; row < spanCount; row++) if (starts[row]! < low || starts[row]! > high) mask[row] = 0;
  return mask.includes(1) ? mask : undefined;
}

function maskOf(table: SpanTable, condition: SpanCondition): Mask {
  if (condition.kind === 'compare' || condition.kind === 'exists') return leafMask(table, condition);
  if (condition.kind === 'text') return textMask(table, condition.lower);
  if (condition.kind === 'any') return condition.of.reduce<Mask>((mask, one) => union(mask, maskOf(table, one)), undefined);
  let mask: Uint8Array | undefined;
  for (const one of condition.of.toSorted((a, b) => cost(a) - cost(b))) {
    const next = maskOf(table, one);
    if (next === undefined) return undefined;
    mask = mask === undefined ? next : intersection(mask, next);
    if (!mask.includes(1)) return undefined;
  }
  return mask ?? new Uint8Array(table.meta.spanCount).fill(1);
}

/** Columns that every table has, and that are short, are looked at first. */
function cost(condition: SpanCondition): number {
  if (condition.kind === 'compare' || condition.kind === 'exists') {
    if (condition.field.scope === 'intrinsic') return condition.field.key === 'duration' ? 1 : 0;
    return condition.kind === 'compare' && condition.op === '=' ? 1 : 2;
  }
  return 3;
}

/** The rows with the text anywhere: service and name, attributes of span, resource, events and links, status. Reads every column of texts. */
function textMask(table: SpanTable, lower: string): Mask {
  const holds = (text: string): boolean => text.toLowerCase().includes(lower);
  const resources = table.resourceList().map(({ attributes }) => attributes.some(({ text }) => holds(text)));
  let mask = union(codesMask(table.names(), table.nameTexts().map(holds)), codesMask(table.resources(), resources));
  for (const name of table.valueNames()) {
    const column = table.values(name)!;
    mask = union(mask, hitsMask(table, column, Uint8Array.from([0, ...column.texts.map((text) => Number(holds(text)))])));
  }
  return mask;
}

function union(a: Mask, b: Mask): Mask {
  if (a === undefined || b === undefined) return a ?? b;
  for (let row = 0; row < a.length; row++) a[row]! |= b[row]!;
  return a;
}

function intersection(a: Uint8Array, b: Uint8Array): Uint8Array {
  for (let row = 0; row < a.length; row++) a[row]! &= b[row]!;
  return a;
}

function leafMask(table: SpanTable, leaf: Leaf): Mask {
  const { field } = leaf;
  if (leaf.kind === 'exists' && !leaf.wanted) return complement(table, leafMask(table, { ...leaf, wanted: true }));
  if (field.scope === 'intrinsic') return intrinsicMask(table, leaf, field.key);
  const { scope, key } = field;
  let mask: Mask;
  if (scope === 'any' || scope === 'attribute' || scope === 'span') mask = valuesMask(table, `a:${key}`, leaf);
  if (scope === 'any' || scope === 'resource') mask = union(mask, resourceMask(table, key, leaf));
  if (scope === 'attribute') mask = union(mask, inheritedMask(table, key, leaf));
  if (scope === 'any' || scope === 'instrumentation') mask = union(mask, scopeMask(table, key, leaf));
  if (scope === 'tracestate') mask = vendorMask(table, key, leaf);
  if (scope === 'any' || scope === 'event') mask = union(mask, valuesMask(table, `e:${key}`, leaf));
  if (scope === 'any' || scope === 'link') mask = union(mask, valuesMask(table, `l:${key}`, leaf));
  return mask;
}

function complement(table: SpanTable, mask: Mask): Mask {
  if (mask === undefined) return new Uint8Array(table.meta.spanCount).fill(1);
  const other = mask.map((bit) => 1 - bit);
  return other.includes(1) ? other : undefined;
}

function intrinsicMask(table: SpanTable, leaf: Leaf, key: Intrinsic): Mask {
  const holds = (text: string): boolean => holdsFor(leaf, 0, text);
  switch (key) {
    case 'name':
      return codesMask(table.names(), table.nameTexts().map(holds));
    case 'service':
      return codesMask(
        table.resources(),
        table.resourceList().map(({ service }) => holds(service)),
      );
    case 'kind':
      return codesMask(
        table.kinds(),
        Array.from({ length: 64 }, (_, code) => holds(spanKinds[code & 7] ?? '')),
      );
    case 'status':
      return codesMask(
        table.kinds(),
        Array.from({ length: 64 }, (_, code) => holds(spanStatuses[code >> 3] ?? '')),
      );
    case 'statusMessage':
      return valuesMask(table, 'status.text', leaf);
    case 'traceState':
      return valuesMask(table, 'trace.state', leaf);
    case 'event':
      return valuesMask(table, 'event.name', leaf);
    case 'duration':
      return durationMask(table, leaf);
  }
}

/** The rows whose code is a hit. */
function codesMask(codes: ArrayLike<number>, hits: readonly boolean[] | Uint8Array): Mask {
  const table = hits instanceof Uint8Array ? hits : Uint8Array.from(hits, Number);
  if (!table.includes(1)) return undefined;
  const mask = new Uint8Array(codes.length);
  let any = 0;
  for (let row = 0; row < codes.length; row++) any |= mask[row] = table[codes[row]!]!;
  return any === 0 ? undefined : mask;
}

function durationMask(table: SpanTable, leaf: Leaf): Mask {
  if (leaf.kind === 'exists') return new Uint8Array(table.meta.spanCount).fill(1);
  const bound = Number(leaf.value);
  if ((leaf.op === '>' || leaf.op === '>=' || leaf.op === '=') && table.meta.maxDurationNs < bound) return undefined;
  const durations = table.durationNs();
  const [low, high] = interval(leaf.op, bound);
  const inside = leaf.op === '!=' ? 0 : 1;
  const mask = new Uint8Array(durations.length).fill(1 - inside);
  for (let row = 0; row < mask.length; row++) if (durations[row]! >= low && durations[row]! <= high) mask[row] = inside;
  return mask.includes(1) ? mask : undefined;
}

/** The whole numbers for which the comparison holds, or with `!=` does not. */
function interval(op: CompareOp, bound: number): readonly [low: number, high: number] {
  if (op === '<') return [-Infinity, Math.ceil(bound) - 1];
  if (op === '<=') return [-Infinity, bound];
  if (op === '>') return [Math.floor(bound) + 1, Infinity];
  return op === '>=' ? [bound, Infinity] : [bound, bound];
}

function valuesMask(table: SpanTable, name: string, leaf: Leaf): Mask {
  if (leaf.kind === 'compare' && leaf.op === '=' && !mayHold(table.filter(name), leaf.value)) return undefined;
  const column = table.values(name);
  return column && hitsMask(table, column, valueHits(column, leaf));
}

/** The rows that have a value whose code is a hit. */
function hitsMask(table: SpanTable, { codes, rows }: ValueColumn, hits: Uint8Array): Mask {
  if (!hits.includes(1)) return undefined;
  if (rows === undefined) return codesMask(codes, hits);
  const mask = new Uint8Array(table.meta.spanCount);
  for (let i = 0; i < rows.length; i++) if (hits[codes[i]!] === 1) mask[rows[i]!] = 1;
  return mask.includes(1) ? mask : undefined;
}

/** The rows whose tracestate has a member of this vendor for which the condition holds. */
function vendorMask(table: SpanTable, vendor: string, leaf: Leaf): Mask {
  const column = table.values('trace.state');
  if (column === undefined) return undefined;
  const valueOf = (text: string): string | undefined => {
    const member = text.split(',').find((one) => one.trim().startsWith(`${vendor}=`));
    return member?.trim().slice(vendor.length + 1);
  };
  const holds = column.texts.map((text) => {
    const value = valueOf(text);
    return Number(value !== undefined && holdsFor(leaf, 0, value));
  });
  return hitsMask(table, column, Uint8Array.from([0, ...holds]));
}

/** For every code 1 when the condition holds for its value; never for 0, which is none. */
function valueHits(column: ValueColumn, leaf: Leaf): Uint8Array {
  const { types } = column;
  const hits = new Uint8Array(types.length + 1);
  if (leaf.kind === 'compare' && leaf.op === '=' && types.length > byteSearchFrom && !types.includes(jsonType)) {
    for (const text of new Set([leaf.value, isNumber(leaf.value) ? String(Number(leaf.value)) : leaf.value])) {
      for (const i of column.find(text)) hits[i + 1] = Number(holdsFor(leaf, types[i]!, text));
    }
    return hits;
  }
  const { texts } = column;
  for (let i = 0; i < texts.length; i++) hits[i + 1] = Number(holdsFor(leaf, types[i]!, texts[i]!));
  return hits;
}

/** Numbers are equal in any notation, so a number's usual notation is looked for as well. */
function mayHold(filter: Uint8Array | undefined, value: string): boolean {
  return filter === undefined || bloomMayHold(filter, value) || (isNumber(value) && bloomMayHold(filter, String(Number(value))));
}

function resourceMask(table: SpanTable, key: string, leaf: Leaf): Mask {
  const holds = (attribute: Attribute): boolean => attribute.key === key && holdsFor(leaf, attributeTypes.indexOf(attribute.type), attribute.text);
  return codesMask(
    table.resources(),
    table.resourceList().map(({ attributes }) => attributes.some(holds)),
  );
}

/** The rows whose resource fulfils the condition, but for those with an attribute of their own of that key, which counts instead. */
function inheritedMask(table: SpanTable, key: string, leaf: Leaf): Mask {
  const mask = resourceMask(table, key, leaf);
  const own = mask && valuesMask(table, `a:${key}`, { kind: 'exists', field: leaf.field, wanted: true });
  if (mask === undefined || own === undefined) return mask;
  for (let row = 0; row < mask.length; row++) if (own[row] === 1) mask[row] = 0;
  return mask.includes(1) ? mask : undefined;
}

/** Name and version go by the names that they have outside of OTLP. */
function scopeMask(table: SpanTable, key: string, leaf: Leaf): Mask {
  const hits = table.scopeList().map(({ name, version, attributes }) => {
    if (key === 'otel.scope.name') return name !== '' && holdsFor(leaf, 0, name);
    if (key === 'otel.scope.version') return version !== '' && holdsFor(leaf, 0, version);
    return attributes.some((one) => one.key === key && holdsFor(leaf, attributeTypes.indexOf(one.type), one.text));
  });
  return codesMask(table.scopes(), hits);
}

const intType = attributeTypes.indexOf('int');
const doubleType = attributeTypes.indexOf('double');

/** Whether a value that is there fulfils the condition: of a list one of its elements, or with `!=` and `!~` all of them. */
function holdsFor(leaf: Leaf, type: number, text: string): boolean {
  if (leaf.kind === 'exists') return true;
  const whole = holdsForOne(leaf, type, text);
  if (type !== jsonType) return whole;
  const isNegative = leaf.op === '!=' || leaf.op === '!~';
  if (whole !== isNegative) return whole;
  const holds = (one: Element): boolean => holdsForOne(leaf, attributeTypes.indexOf(one.type), one.text);
  return isNegative ? elementsOf(text).every(holds) : elementsOf(text).some(holds);
}

/** Texts that read as numbers compare as numbers where order is asked. */
function holdsForOne(leaf: Comparison, type: number, text: string): boolean {
  const { op, value, pattern } = leaf;
  if (pattern !== undefined) return pattern.matches(text) === (op === '=~');
  if (op === '=' || op === '!=') {
    const numbers = (type === intType || type === doubleType) && isNumber(value);
    return (text === value || (numbers && Number(text) === Number(value))) === (op === '=');
  }
  return isNumber(text) && compares(op, Number(text), Number(value));
}

function compares(op: CompareOp, a: number, b: number): boolean {
  switch (op) {
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
    case '!=':
      return a !== b;
    default:
      return a === b;
  }
}
