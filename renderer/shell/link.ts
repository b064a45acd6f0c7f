/**
 * A place in the app as text: `#/alerts/00ab?from=now-6h&to=now`. Everything that a person would want to come back to is
 * in it. The part behind `#` keeps the host out of it, so a link works in the desktop's window and in a browser tab.
 */
export interface Place {
  /** `['alerts', '00ab']`; empty is the first view. */
  readonly path: readonly string[];
  readonly params: ReadonlyMap<string, string>;
}

export function parseLink(hash: string): Place {
  const text = hash.replace(/^#?\/?/, '');
  const cut = text.indexOf('?');
  const path = (cut === -1 ? text : text.slice(0, cut)).split('/').filter((part) => part !== '');
  const params = new Map(new URLSearchParams(cut === -1 ? '' : text.slice(cut + 1)));
  return fromAlertmanager({ path: path.map(decodePart), params });
}

/** Templates of notifications link to Alertmanager's silences: `#/silences/new?filter={...}`, `#/silences/ID`. Any other place is given back. */
function fromAlertmanager({ path, params }: Place): Place {
  if (path[0] !== 'silences') return { path, params };
  const filter = params.get('filter');
  const form: readonly (readonly [string, string])[] = path[1] === undefined ? [] : [['form', path[1]]];
  return { path: ['alerts', 'silences'], params: new Map([...form, ...(filter === undefined ? [] : [['matchers', filter] as const])]) };
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // A stray per cent sign: the text stands for itself.
  }
}

/** The link to a place; params that are undefined or empty are left out. */
export function formatLink(path: readonly string[], params: Readonly<Record<string, string | undefined>> | ReadonlyMap<string, string> = {}): string {
  const query = new URLSearchParams();
  const entries = params instanceof Map ? [...(params as ReadonlyMap<string, string>)] : Object.entries(params as Record<string, string | undefined>);
  for (const [name, value] of entries) if (value !== undefined && value !== '') query.append(name, value);
  const tail = query.toString();
  return `#/${path.map(encodeURIComponent).join('/')}${tail === '' ? '' : `?${tail}`}`;
}

/**
 * What a pasted address of Prometheus, VictoriaMetrics or Signalbox itself shows, as a link of ours; undefined when it
 * is none of those. Read as text only, nothing is fetched.
 */
export function linkFromAddress(text: string): string | undefined {
  if (!/^https?:\/\//i.test(text.trim()) || !URL.canParse(text.trim())) return undefined;
  const url = new URL(text.trim());
  if (url.hash.startsWith('#/') && !url.hash.includes('g0.')) {
    const place = parseLink(url.hash);
    return formatLink(place.path, place.params);
  }
  const query = new URLSearchParams(url.search !== '' ? url.search : url.hash.replace(/^#\/?[^?]*\??/, ''));
  return query.has('g0.expr') ? formatLink(['explore'], new Map([...query].filter(([name]) => name.startsWith('g0.')))) : undefined;
}
