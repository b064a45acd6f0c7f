/** What is typed into the search of a trace, as the engine reads it: words without an operator are looked for anywhere in a span. */
export function findQuery(typed: string): string {
  const text = typed.trim();
  const plain = !/[=<>~!{}&|()"'`]/.test(text) && text !== 'error';
  return plain ? JSON.stringify(text) : text;
}
