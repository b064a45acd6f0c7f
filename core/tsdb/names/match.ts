import { matchesValue, type Matcher } from '#core/model/index.ts';
import { Bitmap } from './bitmap.ts';
import type { Catalogue, LabelName } from './catalogue.ts';

/** Up to this many candidates, looking at each one's label beats making a set of those that a matcher takes. */
const perCandidateMin = 64;

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
  for (const m of refusing) found = refuse(catalogue, m, found);
  return found.toArray();
}

/** Rough number of values to walk: exact texts first, a whole label's values last. */
function cost(catalogue: Catalogue, m: Matcher): number {
  return (m.op === '!=' ? undefined : namedCount(m)) ?? (catalogue.name(m.name)?.pairs.size ?? 0) + 2;
}

/** How many values the matcher names, to take or to refuse; undefined when every value has to be looked at. */
function namedCount(m: Matcher): number | undefined {
  return m.op === '=' || m.op === '!=' ? 1 : m.pattern!.only?.length;
}

/** Whether there are fewer candidates than values that the matcher would have to look at. */
function isFew(m: Matcher, name: LabelName, among: Bitmap): boolean {
  const walked = takesAll(m) ? 0 : (namedCount(m) ?? name.pairs.size);
  return among.size <= Math.max(perCandidateMin, walked);
}

function keep(catalogue: Catalogue, m: Matcher, among: Bitmap | undefined): Bitmap {
  const name = catalogue.name(m.name);
  if (name === undefined) return new Bitmap();
  if (among !== undefined && isFew(m, name, among)) return filterEach(catalogue, m, name, among);
  const found = takesAll(m) ? name.present.clone() : union(catalogue, pairsTaken(m, name));
  if (among !== undefined) found.and(among);
  return found;
}

function refuse(catalogue: Catalogue, m: Matcher, among: Bitmap): Bitmap {
  const name = catalogue.name(m.name);
  if (name === undefined) return among;
  if (m.op !== '=' && isFew(m, name, among)) return filterEach(catalogue, m, name, among);
  among.andNot(m.op === '=' ? name.present : union(catalogue, pairsRefused(m, name)));
  return among;
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
