import type { RelabelStepView } from '#core/contract/index.ts';

/** One label of a step: as it was, as it became. */
export interface LabelChange {
  readonly name: string;
  readonly value: string;
  readonly change: 'same' | 'added' | 'changed' | 'removed';
  /** Of a changed one. */
  readonly was: string;
}

/** Labels after a step with what it did to each, in the order of their names. A step that drops leaves its labels as they were. */
export function changesOf({ before, after }: Pick<RelabelStepView, 'before' | 'after'>): readonly LabelChange[] {
  const [old, now] = [pairsOf(before), pairsOf(after ?? before)];
  const names = [...new Set([...old.keys(), ...now.keys()])].sort();
  return names.map((name) => {
    const [was, is] = [old.get(name), now.get(name)];
    if (is === undefined) return { name, value: was!, change: 'removed', was: '' };
    if (was === undefined) return { name, value: is, change: 'added', was: '' };
    return was === is ? { name, value: is, change: 'same', was: '' } : { name, value: is, change: 'changed', was };
  });
}

/** True: the rule left everything as it was. */
export function isIdle(step: RelabelStepView): boolean {
  return step.after !== undefined && changesOf(step).every(({ change }) => change === 'same');
}

function pairsOf(labels: readonly string[]): Map<string, string> {
  const pairs = new Map<string, string>();
  for (let i = 0; i < labels.length; i += 2) pairs.set(labels[i]!, labels[i + 1]!);
  return pairs;
}

/**
 * Labels as a person types them, `name="value"` with commas between, in braces or not, as flat pairs; what is wrong as a sentence.
 * A bare name in front is the metric's.
 */
export function parseLabels(text: string): readonly string[] | string {
  const pairs = new Map<string, string>();
  let rest = text.trim();
  const metric = /^([a-zA-Z_:][\w:]*)\s*(?=\{|$)/.exec(rest);
  if (metric !== null) pairs.set('__name__', metric[1]!);
  rest = rest
    .slice(metric?.[0].length ?? 0)
    .trim()
    .replace(/^\{|\}$/g, '')
    .trim();
  while (rest !== '') {
    const found = /^("(?:[^"\\]|\\.)*"|[a-zA-Z_][\w.]*)\s*=\s*("(?:[^"\\]|\\.)*"|[^",\s]+)\s*(?:,\s*|$)/.exec(rest);
    if (found === null) return `a label such as job="node" is expected at ${JSON.stringify(rest.slice(0, 20))}`;
    pairs.set(unquoted(found[1]!), unquoted(found[2]!));
    rest = rest.slice(found[0].length);
  }
  if (pairs.size === 0) return 'no label is given';
  return [...pairs].sort(([a], [b]) => (a < b ? -1 : 1)).flat();
}

function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char)) : text;
}
