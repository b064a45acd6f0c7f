import { labelPairs, type Labels } from '#core/model/index.ts';

/** A matcher as Alertmanager reads it: `job="api"`; names that are not plain words are quoted. */
export function matcherText(name: string, value: string): string {
  const plain = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name) ? name : JSON.stringify(name);
  return `${plain}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

/** Matchers that fit one label set only, `alertname` first. */
export function matchersOf(labels: Labels): string {
  const pairs = [...labelPairs(labels)].sort(([a], [b]) => Number(b === 'alertname') - Number(a === 'alertname'));
  return pairs.map(([name, value]) => matcherText(name, value)).join(', ');
}

/** Takes a matcher out of a text, or puts it at its end. */
export function toggleMatcher(text: string, one: string): string {
  const at = text.indexOf(one);
  if (at === -1) return text.trim() === '' ? one : `${text.trim().replace(/[,\s]+$/, '')}, ${one}`;
  const left = text.slice(0, at).replace(/[,\s]+$/, '');
  const right = text.slice(at + one.length).replace(/^[,\s]+/, '');
  return left === '' || left === '{' || right === '' || right === '}' ? left + right : `${left}, ${right}`;
}

/** Plain equalities as labels, for questions about a label set; undefined when a text holds anything else. */
export function labelsOfText(text: string): { readonly name: string; readonly value: string }[] | undefined {
  const inner = text
    .trim()
    .replace(/^\{|\}$/g, '')
    .trim();
  const form = /\s*(?:"((?:[^"\\]|\\.)*)"|([a-zA-Z_:][a-zA-Z0-9_:.]*))\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"{}=~!]+))\s*(?:,|$)/y;
  const found: { name: string; value: string }[] = [];
  while (form.lastIndex < inner.length) {
    const match = form.exec(inner);
    if (match === null) return undefined;
    const unescape = (quoted: string): string => quoted.replace(/\\(.)/g, (_all, letter: string) => (letter === 'n' ? '\n' : letter));
    const [, quotedName, name, quoted, bare] = match;
    found.push({ name: quotedName === undefined ? name! : unescape(quotedName), value: quoted === undefined ? bare! : unescape(quoted) });
  }
  return found.length === 0 ? undefined : found;
}
