import { matchesValue, type Matcher } from '#core/model/index.ts';
import { Bitmap } from './bitmap.ts';
import type { Catalogue, LabelName } from './catalogue.ts';

/** Below this many candidates, looking at each one's label beats walking all values of the label. */
const perCandidateMax = 64;

/**
 * The refs of the series for which every matcher holds, ascending. An absent label has the empty value, so a matcher that takes the
 * empty value removes what it refuses; any other one keeps only what it takes.
 */
export function matchRefs(catalogue: Catalogue, matchers: readonly Matcher[]): Uint32Array {
  const keeping = matchers.filter((m) => !matchesValue(m, ''));
  const refusing = matchers.filter((m) => matchesValue(m, ''));
  let found: Bitmap | undefined;
  for (const m of [...keeping].sort((a, b) => cost(catalogue, a) - cost(catalogue, b))) {
    found = keep(catalogue, m, found);
    if (found.size === 0) return new Uint32Array(0);
  }
  found ??= catalogue.all.clone();
  for (const m of refusing) refuse(catalogue, m, found);
  return found.toArray();
}

/** Rough number of values to walk: exact texts first, a whole label's values last. */
function cost(catalogue: Catalogue, m: Matcher): number {
  const exact = m.op === '=' ? 1 : m.op === '=~' ? m.pattern!.only?.length : undefined;
  return exact ?? (catalogue.name(m.name)?.pairs.size ?? 0) + 2;
}

function keep(catalogue: Catalogue, m: Matcher, among: Bitmap | undefined): Bitmap {
  const name = catalogue.name(m.name);
  if (name === undefined) return new Bitmap();
  if (among !== undefined && among.size <= perCandidateMax) return filterEach(catalogue, m, name, among);
  const found = takesAll(m) ? name.present.clone() : union(catalogue, pairsTaken(m, name));
  if (among !== undefined) found.and(among);
  return found;
}

function refuse(catalogue: Catalogue, m: Matcher, found: Bitmap): void {
  const name = catalogue.name(m.name);
  if (name === undefined) return;
  if (m.op === '=') found.andNot(name.present);
  else found.andNot(union(catalogue, pairsRefused(m, name)));
}

function filterEach(catalogue: Catalogue, m: Matcher, name: LabelName, among: Bitmap): Bitmap {
  const found = new Bitmap();
  for (const ref of among.toArray()) if (matchesValue(m, catalogue.valueOf(ref, name))) found.add(ref);
  return found;
}

/** Whether the matcher takes every value but the empty one: `x!=""`, `x=~".+"`. */
function takesAll(m: Matcher): boolean {
  return (m.op === '!=' && m.value === '') || (m.op === '=~' && m.value === '.+');
}

function* pairsTaken(m: Matcher, name: LabelName): Generator<number> {
  const exact = m.op === '=' ? [m.value] : m.op === '=~' ? m.pattern!.only : undefined;
  if (exact === undefined) {
    for (const [value, pair] of name.pairs) if (matchesValue(m, value)) yield pair;
    return;
  }
  for (const value of exact) {
    const pair = name.pairs.get(value);
    if (pair !== undefined) yield pair;
  }
}

function* pairsRefused(m: Matcher, name: LabelName): Generator<number> {
  const exact = m.op === '!=' ? [m.value] : m.op === '!~' ? m.pattern!.only : undefined;
  if (exact === undefined) {
    for (const [value, pair] of name.pairs) if (!matchesValue(m, value)) yield pair;
    return;
  }
  for (const value of exact) {
    const pair = name.pairs.get(value);
    if (pair !== undefined) yield pair;
  }
}

function union(catalogue: Catalogue, pairs: Iterable<number>): Bitmap {
  const found = new Bitmap();
  const singles: number[] = [];
  for (const pair of pairs) {
    const held = catalogue.holding(pair);
    if (typeof held === 'number') singles.push(held);
    else if (held !== undefined) found.or(held);
  }
  for (const ref of singles.sort((a, b) => a - b)) found.add(ref);
  return found;
}
