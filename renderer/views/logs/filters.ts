/** A filter beside the query: one stage, on or off. */
export interface LogFilter {
  /** As it is added to a query of words: `-healthz`, `status="500"`. */
  readonly words: string;
  readonly isOn: boolean;
}

const off = '!off ';

/** Filters in an address, a line each. */
export function readFilters(text: string | undefined): readonly LogFilter[] {
  return (text ?? '').split('\n').flatMap((line) => {
    const isOn = !line.startsWith(off);
    const words = isOn ? line : line.slice(off.length);
    return words.trim() === '' ? [] : [{ words, isOn }];
  });
}

export function writeFilters(filters: readonly LogFilter[]): string {
  return filters.map(({ words, isOn }) => (isOn ? words : off + words)).join('\n');
}

const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;

/** Only lines, or no lines, in which a field has a value. */
export function fieldFilter(name: string, value: string, isWanted: boolean): string {
  return `${name.replaceAll(/[^A-Za-z0-9_]/g, '_')}${isWanted ? '=' : '!='}${quoted(value)}`;
}

/** The query with the filters that are on. LogQL gets them as stages of its own. */
export function withFilters(text: string, filters: readonly LogFilter[]): string {
  const on = filters.filter(({ isOn }) => isOn).map(({ words }) => words);
  if (on.length === 0) return text;
  const isLogql = /^\s*(?:\{|\||!=|!~|!>)/.test(text);
  return [text.trim(), ...on.map((words) => (isLogql ? stageOf(words) : words))].join(' ').trim();
}

function stageOf(words: string): string {
  const [, minus, text] = /^(-?)("(?:[^"\\]|\\.)*")$/.exec(words) ?? [];
  if (text !== undefined) return `${minus === '-' ? '!=' : '|='} ${text}`;
  return `| ${words}`;
}

/** The LogQL that finds the lines of a pattern. */
export function patternQuery(pattern: string): string {
  return `{} |> ${JSON.stringify(pattern)}`;
}
