import { attributeTypes, type Attribute } from '#core/model/index.ts';

/** One value of a list. */
export interface Element {
  readonly type: Attribute['type'];
  readonly text: string;
}

export const jsonType = attributeTypes.indexOf('json');

/** The plain values of a list that an attribute is, each as it would be by itself; none of any other text. */
export function elementsOf(text: string): readonly Element[] {
  if (!text.startsWith('[')) return [];
  const list = listIn(text);
  return list.flatMap((one): Element[] => {
    if (typeof one === 'string') return [{ type: 'string', text: one }];
    if (typeof one === 'boolean') return [{ type: 'bool', text: String(one) }];
    return typeof one === 'number' ? [{ type: Number.isInteger(one) ? 'int' : 'double', text: String(one) }] : [];
  });
}

function listIn(text: string): readonly unknown[] {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list : [];
  } catch {
    return []; // a text that only looks like a list
  }
}
