import { compareText } from '#core/model/index.ts';
import type { Part } from './search.ts';

/** Newest parts that are asked for values: what a screen suggests need not be complete. */
const partsAsked = 16;

/** Keys of attributes of spans and of resources, sorted. */
export function keysOf(parts: readonly Part[]): readonly string[] {
  const keys = new Set<string>();
  for (const { table } of parts) {
    for (const key of table.attributeKeys()) keys.add(key);
    for (const { attributes } of table.resourceList()) for (const { key } of attributes) keys.add(key);
  }
  return [...keys].sort(compareText);
}

/** The values of one key, or of `name`, `service`; of the newest parts, sorted. */
export function valuesOf(parts: readonly Part[], key: string, limit: number): readonly string[] {
  const values = new Set<string>();
  const newest = parts.toSorted((a, b) => (a.table.meta.maxNs < b.table.meta.maxNs ? 1 : -1)).slice(0, partsAsked);
  for (const { table } of newest) {
    if (key === 'name') table.nameTexts().forEach((text) => values.add(text));
    for (const { service, attributes } of table.resourceList()) {
      if (key === 'service') values.add(service);
      for (const attribute of attributes) if (attribute.key === key) values.add(attribute.text);
    }
    table.values(`a:${key}`)?.texts.forEach((text) => values.add(text));
    if (values.size >= limit) break;
  }
  return [...values].sort(compareText).slice(0, limit);
}
