import type { YamlMap, YamlNode } from './yaml.ts';

/** An object of an OpenSLO file that others may refer to by name. */
export interface OpenSloObject {
  readonly kind: string;
  readonly name: string;
  readonly node: YamlMap;
}

export function openSloObject(node: YamlNode): OpenSloObject[] {
  if (node.kind !== 'map') return [];
  const kind = node.entries.get('kind')?.value;
  const metadata = node.entries.get('metadata')?.value;
  const name = metadata?.kind === 'map' ? metadata.entries.get('name')?.value : undefined;
  return kind?.kind === 'scalar' && name?.kind === 'scalar' ? [{ kind: kind.text, name: name.text, node }] : [];
}
