import { formatLink, parseLink, type Place } from './link.ts';

/** Where the person is: the address after `#`, read and written. */
export class Router {
  place = $state.raw<Place>(parseLink(location.hash));

  #stepCount = 0;

  constructor() {
    window.addEventListener('hashchange', () => {
      this.#stepCount++;
      this.place = parseLink(location.hash);
    });
  }

  /** The path after the view's own name. */
  get rest(): readonly string[] {
    return this.place.path.slice(1);
  }

  param(name: string): string | undefined {
    return this.place.params.get(name);
  }

  /** Leads to another place; Back returns. */
  go(link: string): void {
    if (location.hash === link) return;
    location.hash = link;
    this.place = parseLink(link); // The event comes later; a key pressed at once must meet the new place.
  }

  /** Back to where the person came from; to `otherwise` when this is where they came in. */
  back(otherwise: string): void {
    if (this.#stepCount > 0) history.back();
    else this.go(otherwise);
  }

  /** Writes what is shown now into the address without a step for Back. Undefined or empty takes a param away. */
  note(params: Readonly<Record<string, string | undefined>>): void {
    const { path, params: present } = parseLink(location.hash); // A link may have been followed whose event is still to come.
    const all = new Map(present);
    for (const [name, value] of Object.entries(params)) {
      if (value === undefined || value === '') all.delete(name);
      else all.set(name, value);
    }
    const link = formatLink(path, all);
    if (link === location.hash) return;
    history.replaceState(null, '', link);
    this.place = parseLink(link);
  }
}
