import { seriesColor } from '../../charts/palette.ts';

/** Colours of the palette: with more services than this some share one, and their names tell them apart. */
const colorCount = 20;

/**
 * The place in the palette of every service: where its name's hash points, or the next free place. The same set of services always has
 * the same colours, and a service mostly keeps its own from trace to trace.
 */
export function servicePlaces(services: readonly string[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  const taken = new Set<number>();
  for (const service of services.toSorted()) {
    let place = hashOf(service) % colorCount;
    if (taken.size < colorCount) while (taken.has(place)) place = (place + 1) % colorCount;
    taken.add(place);
    places.set(service, place);
  }
  return places;
}

/** The colours of services, by their place in `services`. */
export function serviceColors(services: readonly string[], dark: boolean): readonly string[] {
  const places = servicePlaces(services);
  return services.map((service) => seriesColor(places.get(service)!, dark));
}

/** FNV-1a over the UTF-16 units. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
