import { RE2JS } from 're2js';
import { EngineError } from './errors.ts';

/** A user's regular expression, fully anchored, of RE2's linear-time language. V8's engine never sees one (promise 10). */
export interface Pattern {
  readonly source: string;
  matches(text: string): boolean;
  /** Every text that matches, when the pattern is a plain text or an alternation of plain texts: an index looks these up. */
  readonly only?: readonly string[];
  /** What every matching text starts with; possibly empty. */
  readonly prefix: string;
}

const patternCharsMax = 4096; // Longer than any alternation seen in published rules; compile time stays in milliseconds.
const cacheEntriesMax = 1024;
const meta = /[\\^$.*+?()[\]{}|]/;
const cache = new Map<string, Pattern>();

/** Compiles `source` as `^(?:source)$` with `.` matching line feeds, as Prometheus does. Throws EngineError `invalid`. */
export function compilePattern(source: string): Pattern {
  const known = cache.get(source);
  if (known !== undefined) return known;
  if (source.length > patternCharsMax)
    throw new EngineError('invalid', `a regular expression of ${source.length} characters is over the limit of ${patternCharsMax}`);
  const made = build(source);
  if (cache.size >= cacheEntriesMax) cache.delete(cache.keys().next().value!);
  cache.set(source, made);
  return made;
}

function build(source: string): Pattern {
  const alternatives = source.split('|');
  if (alternatives.every((text) => !meta.test(text))) {
    const only = new Set(alternatives);
    return { source, only: [...only], prefix: only.size === 1 ? source : '', matches: (text) => only.has(text) };
  }
  if (source === '.*') return { source, prefix: '', matches: () => true };
  if (source === '.+') return { source, prefix: '', matches: (text) => text !== '' };
  const prefix = literalPrefix(source);
  if (source === `${prefix}.*`) return { source, prefix, matches: (text) => text.startsWith(prefix) };
  const inside = plainInside(source);
  if (inside !== undefined) return { source, prefix: '', matches: inside };
  const machine = compileRe2(source);
  return { source, prefix, matches: (text) => text.startsWith(prefix) && machine.matcher(text).matches() };
}

/** What `.*text.*` and `.*text` say of a plain text: a search of a million values should not need a machine for them. */
function plainInside(source: string): Pattern['matches'] | undefined {
  if (!source.startsWith('.*')) return undefined;
  const isOpen = source.endsWith('.*');
  const plain = source.slice(2, isOpen ? -2 : undefined);
  if (meta.test(plain)) return undefined;
  return isOpen ? (text) => text.includes(plain) : (text) => text.endsWith(plain);
}

function compileRe2(source: string): RE2JS {
  try {
    return RE2JS.compile(source, RE2JS.DOTALL);
  } catch (error) {
    throw new EngineError(
      'invalid',
      `bad regular expression ${JSON.stringify(source)}: ${(error as Error).message.replace(/^error parsing regexp: /, '')}`,
    );
  }
}

/** The plain text before the first special character; one less when a quantifier follows, none when `|` occurs. */
function literalPrefix(source: string): string {
  if (source.includes('|')) return '';
  const end = source.search(meta);
  const quantified = end > 0 && '*+?{'.includes(source[end]!);
  const cut = source.slice(0, quantified ? end - 1 : end);
  return /[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut;
}

const reference = /\$(?:\$|(\w+)|\{(\w+)\})/g;

/**
 * A function that gives what `template` becomes when `source` matches a whole text, and undefined when it does not: `$1`,
 * `${1}` and `${name}` stand for groups, `$$` for a dollar sign, groups that are not there for nothing (Go's regexp.Expand).
 * Throws EngineError `invalid`.
 */
export function expandPattern(source: string, template: string): (text: string) => string | undefined {
  compilePattern(source);
  const machine = compileRe2(source);
  const names = machine.namedGroups();
  const groups = machine.groupCount();
  return (text) => {
    const found = machine.matcher(text);
    if (!found.matches()) return undefined;
    return template.replace(reference, (_, plain: string | undefined, braced: string | undefined) => {
      const name = plain ?? braced;
      if (name === undefined) return '$';
      const index = /^\d+$/.test(name) ? Number(name) : names[name];
      return index === undefined || index > groups ? '' : (found.group(index) ?? '');
    });
  };
}
