/** A term of a search, with what stands before its operator. */
const termForm = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|[^\s"'`]/gy;

/** The terms of a search without groups: parted at spaces, but not inside quotes. */
function termsOf(text: string): readonly string[] {
  const terms: string[] = [];
  let term = '';
  for (let at = 0; at < text.length;) {
    termForm.lastIndex = at;
    const piece = termForm.exec(text)?.[0] ?? text[at]!;
    if (/^\s$/.test(piece)) {
      if (term !== '') terms.push(term);
      term = '';
    } else term += piece;
    at += piece.length;
  }
  return term === '' ? terms : [...terms, term];
}

/** Whether a search is more than terms side by side. */
const isGrouped = (text: string): boolean => /[{}()|&]/.test(text.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/g, ''));

/** A value as a search reads it back. */
export const quoted = (value: string): string => (/^[\w./:-]+$/.test(value) && value !== 'nil' ? value : JSON.stringify(value));

const keyOf = (term: string): string => /^([^=<>!~"'`]+)/.exec(term)?.[1] ?? '';

/**
 * The search with a condition on `key` in place of those that it had; `condition` undefined takes them away. A search with groups of
 * its own is kept whole, with the condition behind it.
 */
export function withCondition(text: string, key: string, condition: string | undefined): string {
  if (isGrouped(text)) {
    if (condition === undefined) return text;
    const inner = text
      .trim()
      .replace(/^\{([\s\S]*)\}$/, '$1')
      .trim();
    return `{ (${inner}) && ${condition} }`;
  }
  const rest = termsOf(text).filter((term) => keyOf(term) !== key);
  return [...rest, ...(condition === undefined ? [] : [condition])].join(' ');
}

/** The value that the search asks of `key` with an equals sign; undefined when it asks none. */
export function conditionValue(text: string, key: string): string | undefined {
  if (isGrouped(text)) return undefined;
  const value = termsOf(text)
    .find((term) => term.startsWith(`${key}=`) && !term.startsWith(`${key}=~`))
    ?.slice(key.length + 1);
  return value === undefined ? undefined : unquoted(value);
}

export const hasTerm = (text: string, term: string): boolean => !isGrouped(text) && termsOf(text).includes(term);

function unquoted(value: string): string {
  if (!value.startsWith('"')) return value;
  try {
    return String(JSON.parse(value));
  } catch {
    return value; // Not finished yet: what is there stands for itself.
  }
}
