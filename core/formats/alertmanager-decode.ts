/** Decoders that alertmanager.yml needs on top of yaml-decode.ts: checks across fields, URLs, secrets in files. */
import { listOf, text, type Decode } from './yaml-decode.ts';
import { isYamlNull, yamlError, type YamlNode } from './yaml.ts';

/** What a decoder of one kind gives; the receiver adds kind, index and line. */
export interface Decoded<T> {
  readonly sendResolved: boolean;
  readonly unsupported: readonly string[];
  readonly settings: T;
}

/** No published file comes near; keeps one list from making thousands of routes or receivers. */
const itemsMax = 10_000;

export function boundedList<T>(item: Decode<T>): Decode<readonly T[]> {
  return checked(listOf(item), (items) => (items.length > itemsMax ? `a list of over ${itemsMax} items` : undefined));
}

/** Decodes, then refuses with the sentence of `wrong` if it gives one, at the node's own place. */
export function checked<T>(decode: Decode<T>, wrong: (value: T) => string | undefined): Decode<T>;
export function checked<T, U>(decode: Decode<T>, wrong: (value: T) => string | undefined, then: (value: T) => U): Decode<U>;
export function checked<T, U>(decode: Decode<T>, wrong: (value: T) => string | undefined, then?: (value: T) => U): Decode<T | U> {
  return (node) => {
    const value = decode(node);
    const sentence = wrong(value);
    if (sentence !== undefined) throw yamlError(node, sentence);
    return then === undefined ? value : then(value);
  };
}

/** The http or https URL of a service, as it is written. `<secret>` stands for one that was hidden when the file was shown. */
export const url: Decode<string> = checked(text, (written) => (written === '<secret>' ? undefined : urlFault(written)));

/** As `url`, but parts may be templates. */
export const templatedUrl: Decode<string> = checked(text, (written) =>
  written === '<secret>' || written.includes('{{') ? undefined : urlFault(written),
);

function urlFault(written: string): string | undefined {
  const found = /^([a-zA-Z][a-zA-Z0-9+.-]*):\/\/([^/?#]*)/.exec(written);
  if (found === null || !['http', 'https'].includes(found[1]!.toLowerCase())) return `${JSON.stringify(written)} is not an http or https URL`;
  return found[2] === '' || !URL.canParse(written) ? `${JSON.stringify(written)} has no host` : undefined;
}

/** HOST:PORT, the host possibly an IPv6 address in brackets. */
export const hostPort: Decode<string> = checked(text, (written) =>
  /^(?:\[[^\]]*\]|[^:[\]]*):[^:]+$/.test(written) ? undefined : `${JSON.stringify(written)} is not HOST:PORT`,
);

/** The value of a field of a map, unless it is absent or empty. */
export function fieldOf(node: YamlNode, name: string): YamlNode | undefined {
  const value = node.kind === 'map' ? node.entries.get(name)?.value : undefined;
  return value === undefined || isYamlNull(value) ? undefined : value;
}

/** Refuses a map in which both of two fields are given and neither is empty. */
export function notBoth(node: YamlNode, a: string, b: string): void {
  const second = fieldOf(node, b);
  if (isGiven(fieldOf(node, a)) && second !== undefined && isGiven(second)) throw yamlError(second, `only one of ${a} and ${b} may be set`);
}

/** Refuses a map in which none of the fields is given. */
export function oneIsNeeded(node: YamlNode, what: string, ...names: string[]): void {
  if (!names.some((name) => isGiven(fieldOf(node, name)))) throw yamlError(node, `${what} needs ${names.join(' or ')}`);
}

function isGiven(node: YamlNode | undefined): boolean {
  return node !== undefined && !(node.kind === 'scalar' && node.text === '');
}
