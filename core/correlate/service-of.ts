import { defaultAttributeMap, labelForm, labelPairs, type AttributeConcept, type AttributeMap, type Labels } from '#core/model/index.ts';

/** The value that Kubernetes' own metrics give the container of a pod's sandbox: it names nothing. */
const sandbox = 'POD';

interface Key {
  readonly name: string;
  /** Its place in its list: less is surer. */
  readonly place: number;
  readonly isPod: boolean;
}

/** Names come from data: of so many it is remembered what they are, and then begun anew. */
const namesMax = 10_000;

/** What labels, attributes and fields speak of, by an attribute map. */
export class Attributes {
  readonly map: AttributeMap;
  readonly #keys = new Map<AttributeConcept, ReadonlyMap<string, Key>>();
  readonly #known = new Map<AttributeConcept, Map<string, Key | undefined>>();

  constructor(map: AttributeMap = defaultAttributeMap) {
    this.map = map;
    const pods = new Set(map.pod.map(labelForm));
    for (const [concept, names] of Object.entries(map) as [AttributeConcept, readonly string[]][]) {
      const isPod = (name: string): boolean => concept === 'service' && pods.has(labelForm(name));
      this.#known.set(concept, new Map());
      this.#keys.set(concept, new Map(names.map((name, place) => [labelForm(name), { name, place, isPod: isPod(name) }])));
    }
  }

  /** The value under the surest key that is there, a pod's workload under a pod's key of a service; empty when none is. */
  of(concept: AttributeConcept, pairs: Iterable<readonly [name: string, value: string]>): string {
    let best: Key | undefined;
    let found = '';
    for (const [name, value] of pairs) {
      if (value === '' || value === sandbox) continue;
      const key = this.#keyOf(concept, name);
      if (key === undefined || (best !== undefined && best.place <= key.place)) continue;
      best = key;
      found = value;
    }
    return best?.isPod === true ? workloadOfPod(found) : found;
  }

  /** Whether a label or attribute is a key of the thing. */
  names(concept: AttributeConcept, name: string): boolean {
    return this.#keyOf(concept, name) !== undefined;
  }

  #keyOf(concept: AttributeConcept, name: string): Key | undefined {
    const known = this.#known.get(concept)!;
    const key = known.get(name);
    if (key !== undefined || known.has(name)) return key;
    const found = this.#keys.get(concept)!.get(labelForm(name));
    if (known.size === namesMax) known.clear();
    known.set(name, found);
    return found;
  }
}

/** The service that labels speak of; empty when none of the keys is there. */
export function serviceOfLabels(labels: Labels, attributes: Attributes = new Attributes()): string {
  return attributes.of('service', labelPairs(labels));
}

/**
 * The workload whose pod it is: Kubernetes adds a hash of the template and five random characters to a deployment's name, five
 * characters to a daemon set's, a number to a stateful set's.
 */
export function workloadOfPod(pod: string): string {
  return pod
    .replace(/-[a-f0-9]{6,10}-[a-z0-9]{5}$/, '')
    .replace(/-(?=[bcdfghjklmnpqrstvwxz2456789]*\d)[bcdfghjklmnpqrstvwxz2456789]{5}$/, '')
    .replace(/-\d{1,3}$/, '');
}
