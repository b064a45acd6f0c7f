import { RE2JS, type Matcher as Re2Matcher } from 're2js';
import { EngineError, messageOf } from './errors.ts';

/** A user's regular expression looked for anywhere in a text, as Go's regexp package does. RE2's linear-time language. */
export interface Search {
  found(text: string): boolean;
  /**
   * Every match replaced by `replacement`, in which `$1`, `$name` and `${name}` stand for groups and `$$` for a dollar sign.
   * Throws EngineError `limit` when the text would pass `charsMax`.
   */
  replaceAll(text: string, replacement: string, charsMax: number): string;
  /** The named groups of the first match, those that took part in it; undefined when there is none. */
  groups(text: string): readonly (readonly [name: string, value: string])[] | undefined;
}

const sourceCharsMax = 4096; // As for matchers (pattern.ts).
const cacheEntriesMax = 256;
const cache = new Map<string, Search>();

/** Throws EngineError `invalid`, or `limit` for one that is too long. */
export function compileSearch(source: string): Search {
  const known = cache.get(source);
  if (known !== undefined) return known;
  if (source.length > sourceCharsMax)
    throw new EngineError('limit', `a regular expression of ${source.length} characters is over the limit of ${sourceCharsMax}`);
  const machine = compile(source);
  const made: Search = {
    found: (text) => machine.matcher(text).find(),
    replaceAll: (text, replacement, charsMax) => replaceAll(machine, text, replacement, charsMax),
    groups: (text) => groupsOf(machine, text),
  };
  if (cache.size >= cacheEntriesMax) cache.delete(cache.keys().next().value!);
  cache.set(source, made);
  return made;
}

function compile(source: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    const why = messageOf(error).replace(/^error parsing regexp: /, '');
    throw new EngineError('invalid', `bad regular expression ${JSON.stringify(source)}: ${why}`);
  }
}

function groupsOf(machine: RE2JS, text: string): (readonly [string, string])[] | undefined {
  const matcher = machine.matcher(text);
  if (!matcher.find()) return undefined;
  return Object.entries(machine.namedGroups()).flatMap(([name, group]) => {
    const value = matcher.group(group);
    return value === null || value === undefined ? [] : [[name, value] as const];
  });
}

function replaceAll(machine: RE2JS, text: string, replacement: string, charsMax: number): string {
  const matcher = machine.matcher(text);
  const names = machine.namedGroups();
  let out = '';
  let at = 0;
  while (matcher.find()) {
    // Go takes no empty match right behind the match before it.
    if (matcher.end() === at && matcher.start() === at && at > 0) continue;
    out += text.slice(at, matcher.start()) + expand(matcher, names, replacement);
    at = matcher.end();
    if (out.length > charsMax) throw new EngineError('limit', `a replacement would make more than ${charsMax} characters`);
  }
  return out + text.slice(at);
}

/** A group that is not there, or took no part in the match, is empty. */
function expand(matcher: Re2Matcher, names: Readonly<Record<string, number>>, replacement: string): string {
  return replacement.replace(/\$(?:\$|\{(\w+)\}|(\w+))/g, (whole, braced?: string, bare?: string) => {
    const name = braced ?? bare;
    if (name === undefined) return '$';
    const group = /^\d+$/.test(name) ? Number(name) : Object.hasOwn(names, name) ? names[name]! : -1;
    return group >= 0 && group <= matcher.groupCount() ? (matcher.group(group) ?? '') : '';
  });
}
