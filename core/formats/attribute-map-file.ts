import {
  attributeConcepts,
  checkAttributeMap,
  defaultAttributeMap,
  EngineError,
  messageOf,
  type AttributeConcept,
  type AttributeMap,
} from '#core/model/index.ts';
import { listOf, optional, record, text } from './yaml-decode.ts';
import { isYamlNull, readYaml } from './yaml.ts';

/** Names of the fields in the file. */
const fieldNames: Readonly<Record<AttributeConcept, string>> = {
  service: 'service',
  pod: 'pod',
  host: 'host',
  traceId: 'trace_id',
  spanId: 'span_id',
};

const keysOf = (concept: AttributeConcept): ReturnType<typeof optional<readonly string[]>> =>
  optional(fieldNames[concept], listOf(text), defaultAttributeMap[concept]);
const mapFields = record('attributes', {
  service: keysOf('service'),
  pod: keysOf('pod'),
  host: keysOf('host'),
  traceId: keysOf('traceId'),
  spanId: keysOf('spanId'),
});

/** Reads `attributes.yml`: a list of keys a thing; what is left out is the default. Throws EngineError `invalid` or `limit` as "FILE:LINE: ...". */
export function parseAttributeMap(content: string, file: string): AttributeMap {
  const root = readYaml(content, file);
  if (isYamlNull(root)) return defaultAttributeMap;
  const map: AttributeMap = mapFields(root);
  try {
    checkAttributeMap(map);
  } catch (error) {
    throw new EngineError('invalid', `${file}: ${messageOf(error)}`);
  }
  return map;
}

/** The file for a map; what is the default is left out, so that later defaults come through. */
export function writeAttributeMap(map: AttributeMap): string {
  const head = '# Which labels, attributes and fields name the same thing, the surest first. What is not listed here is the default.\n';
  const parts = attributeConcepts
    .filter((concept) => map[concept].join('\n') !== defaultAttributeMap[concept].join('\n'))
    .map((concept) => `${fieldNames[concept]}:\n${map[concept].map((key) => `  - ${JSON.stringify(key)}\n`).join('')}`);
  return head + parts.join('');
}
