/**
 * Params in a check's query. A value can stand in two places only, so that no label, however made, can change what a query asks:
 * - inside a string: escaped, so it is text and nothing else; in the string of `=~` and `!~` also quoted for RE2, so that it
 *   matches itself. The runbook's own default is the author's pattern there and stands as written (`.+` for "any").
 * - outside a string: only when it is a number or a duration (`[$window]`, `> $limit`).
 * `$$` is a plain dollar sign; `$` before anything that is no name is left alone, so `=~"a$"` and `"$1"` keep their meaning.
 */
import { EngineError, labelValue, parseDuration, type Labels } from '#core/model/index.ts';
import { parseExpr, type Expr } from '#core/promql/syntax/index.ts';

export interface Param {
  readonly name: string;
  readonly default: string;
}
export interface ParamValue {
  readonly name: string;
  readonly value: string;
}

type Where = 'string' | 'pattern' | 'raw' | 'bare';
type Part = { readonly text: string } | { readonly name: string; readonly where: Where; readonly quote: string };

export const paramName = /^[A-Za-z_][A-Za-z0-9_]*$/;
const reference = /\$(?:\$|\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))/g;
const numberForm = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
/** A comment, or a string in any of PromQL's three quotes; a string that never ends runs to the end of the text. */
const quoted = /#[^\n]*|"(?:[^"\\]|\\[^])*(?:"|$)|'(?:[^'\\]|\\[^])*(?:'|$)|`[^`]*(?:`|$)/g;

/** Each param's value: the alert's label of that name, else the default; empty when there is neither. */
export function prefill(params: readonly Param[], labels: Labels): readonly ParamValue[] {
  return params.map((param) => ({ name: param.name, value: labelValue(labels, param.name) || param.default }));
}

/** What is wrong with the params of a query, a sentence each. */
export function templateProblems(query: string, params: readonly Param[]): readonly string[] {
  return split(query).flatMap((part) => {
    if ('text' in part) return [];
    if (!params.some((param) => param.name === part.name))
      return [`$${part.name} is not among the params; add it there or write $$ for a dollar sign`];
    return part.where === 'raw' ? [`$${part.name} stands in a backquoted string; use "..." there`] : [];
  });
}

/** The query with its params filled in. Throws EngineError `invalid` when a value is missing or may not stand where it is used. */
export function bindQuery(query: string, values: readonly ParamValue[], params: readonly Param[]): string {
  return split(query)
    .map((part) => ('text' in part ? part.text : valueFor(part, values, params)))
    .join('');
}

/**
 * The query's tree with each param at its default, or at `5m`, which may stand wherever a param may: a text in quotes, a range,
 * a number of seconds. Throws EngineError `invalid` where it is no PromQL.
 */
export function parseSample(query: string, params: readonly Param[]): Expr {
  const values = params.map(({ name, default: fallback }) => ({ name, value: fallback === '' ? '5m' : fallback }));
  return parseExpr(bindQuery(query, values, params));
}

function valueFor(part: Exclude<Part, { text: string }>, values: readonly ParamValue[], params: readonly Param[]): string {
  const value = values.find((given) => given.name === part.name)?.value ?? '';
  if (value === '') throw new EngineError('invalid', `$${part.name} has no value; give it one at the top of the run`);
  switch (part.where) {
    case 'string':
      return escapeString(value, part.quote);
    case 'pattern': {
      const own = params.some((param) => param.name === part.name && param.default === value);
      return escapeString(own ? value : quotePattern(value), part.quote);
    }
    case 'raw':
      throw new EngineError('invalid', `$${part.name} stands in a backquoted string, where nothing can be escaped; use "..." there`);
    case 'bare':
      if (numberForm.test(value) || parseDuration(value) !== undefined) return value;
      throw new EngineError(
        'invalid',
        `$${part.name} stands outside quotes, where only a number or a duration such as 5m may stand; it is ${JSON.stringify(value.slice(0, 60))}`,
      );
  }
}

function split(query: string): readonly Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const found of query.matchAll(quoted)) {
    const before = query.slice(at, found.index);
    references(before, 'bare', '', parts);
    const quote = found[0][0]!;
    if (quote === '#') parts.push({ text: found[0] });
    else references(found[0], quote === '`' ? 'raw' : /[=!]~\s*$/.test(before) ? 'pattern' : 'string', quote, parts);
    at = found.index + found[0].length;
  }
  references(query.slice(at), 'bare', '', parts);
  return parts;
}

function references(text: string, where: Where, quote: string, into: Part[]): void {
  let at = 0;
  for (const found of text.matchAll(reference)) {
    into.push({ text: text.slice(at, found.index) });
    const name = found[1] ?? found[2];
    into.push(name === undefined ? { text: '$' } : { name, where, quote });
    at = found.index + found[0].length;
  }
  into.push({ text: text.slice(at) });
}

/** Go's escapes, which PromQL takes over (Prometheus docs, "String literals"). */
function escapeString(value: string, quote: string): string {
  return value.toWellFormed().replace(/[\\"'\p{Cc}]/gu, (char) => {
    if (char === '\\') return '\\\\';
    if (char === '"' || char === "'") return char === quote ? `\\${char}` : char;
    if (char === '\n') return '\\n';
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** A pattern that matches `value` and nothing else (RE2). */
function quotePattern(value: string): string {
  return value.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}
