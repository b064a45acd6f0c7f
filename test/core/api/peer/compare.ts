import { isDeepStrictEqual } from 'node:util';
import type { Ask, Told } from './pair.ts';

/** Differences that are meant, by name. */
export type Named =
  | 'wording of a parse error'
  | 'wording of an evaluation error'
  | 'order of series that no query sorts'
  | 'own figures, same fields'
  | 'format_query keeps short numbers and quoted names'
  | 'which series a limit keeps'
  | 'newer: notes of sort() and of series without a name'
  | 'the place of a subquery is 1:1 in Prometheus'
  | 'own settings';

interface Body {
  readonly status?: string;
  readonly errorType?: string;
  readonly error?: string;
  readonly data?: unknown;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

/** Undefined when the answers are equal; the name of the difference when it is meant; otherwise what differs, to read. */
export function compare(ask: Ask, theirs: Told, ours: Told): { readonly named: Named } | { readonly differs: string } | undefined {
  if (ownSettings.includes(ask.path)) return theirs.status === ours.status ? { named: 'own settings' } : differing(theirs, ours);
  if (theirs.status !== ours.status || theirs.contentType !== ours.contentType) return differing(theirs, ours);
  if (theirs.contentType !== 'application/json') return theirs.text === ours.text ? undefined : differing(theirs, ours);
  const [their, our] = [JSON.parse(theirs.text) as Body, JSON.parse(ours.text) as Body];
  if (isDeepStrictEqual(withoutOwnCosts(their), withoutOwnCosts(our))) return undefined;
  const named = nameOf(ask, their, our);
  return named === undefined ? differing(theirs, ours) : { named };
}

function differing(theirs: Told, ours: Told): { differs: string } {
  const shown = ({ status, text }: Told): string => `${status} ${text.trim().slice(0, 600)}`;
  return { differs: `\n  Prometheus: ${shown(theirs)}\n  Signalbox:  ${shown(ours)}` };
}

const sizeOf = ({ data }: Body): number => (data as readonly unknown[]).length;

function nameOf({ path, params = '' }: Ask, their: Body, our: Body): Named | undefined {
  if (their.error !== undefined || our.error !== undefined) return errorName(their, our);
  if (ownFigures.some((part) => path.startsWith(part))) {
    const wanted = shapeOf(their);
    return isDeepStrictEqual(wanted, pick(shapeOf(our), wanted)) ? 'own figures, same fields' : undefined;
  }
  if (path === '/api/v1/format_query') return isShorter(their, our) ? 'format_query keeps short numbers and quoted names' : undefined;
  if (path === '/api/v1/series' && params.includes('limit=')) return sizeOf(their) === sizeOf(our) ? 'which series a limit keeps' : undefined;
  if (isDeepStrictEqual(sorted(their), sorted(our))) return 'order of series that no query sorts';
  const notes = (change: (note: string) => string): boolean => isDeepStrictEqual(sorted(withNotes(their, change)), sorted(withNotes(our, change)));
  if (notes((note) => (note.includes('sort is ineffective') ? '' : note.replace(' for metric name ""', ''))))
    return 'newer: notes of sort() and of series without a name';
  return params.includes('%3A') && notes((note) => note.replace(/\(\d+:\d+\)$/, '')) ? 'the place of a subquery is 1:1 in Prometheus' : undefined;
}

interface Costs {
  readonly timings: object;
  readonly samples: { readonly peakSamples: number };
}

/** How long a query took and what it held at once are each program's own; how many samples it looked at, and when, is the same. */
function withoutOwnCosts(body: Body): Body {
  const data = body.data as { readonly stats?: Costs } | undefined;
  if (data?.stats === undefined) return body;
  const { timings, samples } = data.stats;
  return { ...body, data: { ...data, stats: { timings: shapeOf(timings), samples: { ...samples, peakSamples: typeof samples.peakSamples } } } };
}

/** The same but for numbers with an exponent and metric names in quotes. */
function isShorter(their: Body, our: Body): boolean {
  const letters = (body: Body): string =>
    Buffer.from(String(body.data).replace(/\s|__name__=|\d{20,}|0\.0{6}1|\de[+-]\d+/g, ''))
      .sort()
      .toString();
  return letters(their) === letters(our);
}

/** A program with other flags and another configuration. */
const ownSettings = ['/api/v1/status/flags', '/api/v1/status/config'];
const ownFigures = ['/api/v1/status/', '/api/v1/targets', '/api/v1/scrape_pools'];
/** What a program in Go on its own machine tells of itself. */
const goFields = ['CWD', 'hostname', 'goroutineCount', 'GOMAXPROCS', 'GOMEMLIMIT', 'GOGC', 'GODEBUG'];

/** The same status and type; of parse errors the same parameter too, since editors show what stands before the place. */
function errorName(their: Body, our: Body): Named | undefined {
  if (their.errorType !== our.errorType || their.error === undefined || our.error === undefined) return undefined;
  if (their.error.startsWith('invalid label name') && our.error.startsWith('invalid label name')) return 'wording of a parse error';
  if (their.errorType === 'execution') return 'wording of an evaluation error';
  const before = /^(.*?)(?:\d+:\d+|unknown position): parse error: /;
  const [named, ownNamed] = [before.exec(their.error), before.exec(our.error)];
  const ownPrefix = ownNamed?.[1] ?? noSelector.exec(our.error)?.[1];
  return named !== null && named[1] === ownPrefix ? 'wording of a parse error' : undefined;
}

/** Ours where a selector is needed and an expression was given. */
const noSelector = /^((?:invalid parameter "match\[\]": )?)"[^"]*" is no series selector; write one like /;

/** JSON with its leaves replaced by their types; a list by the shape of its first element. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).flatMap(([name, inner]) => (goFields.includes(name) ? [] : [[name, shapeOf(inner)]])));
}

/** Of `ours`, what `theirs` has too: more is allowed, less is not. */
function pick(ours: unknown, theirs: unknown): unknown {
  if (Array.isArray(theirs)) return theirs.length === 0 ? [] : Array.isArray(ours) ? ours.map((one) => pick(one, theirs[0])) : ours;
  if (typeof theirs !== 'object' || theirs === null || typeof ours !== 'object' || ours === null) return ours;
  return Object.fromEntries(
    Object.keys(theirs).flatMap((name) => (name in ours ? [[name, pick(ours[name as keyof object], theirs[name as keyof object])]] : [])),
  );
}

/** The same body with its notes changed; empty ones go. */
function withNotes(body: Body, change: (note: string) => string): Body {
  const changed = (list: readonly string[] = []): string[] => list.map(change).filter((note) => note !== '');
  return { ...body, warnings: changed(body.warnings), infos: changed(body.infos) };
}

/** The same body with its list in an order of its own. */
function sorted(body: Body): unknown {
  const inOrder = (list: unknown): unknown => (Array.isArray(list) ? list.map((one) => JSON.stringify(one)).sort() : list);
  const plain = withoutOwnCosts(body);
  if (Array.isArray(body.data)) return { ...plain, data: inOrder(body.data) };
  const data = plain.data as { readonly result?: unknown };
  return { ...plain, data: { ...data, result: inOrder(data.result) } };
}
