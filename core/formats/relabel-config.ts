import { compilePattern, compileSearch, EngineError, type Pattern, type Search } from '#core/model/index.ts';
import { md5 } from './md5.ts';
import { count, listOf, oneOf, optional, record, text, type Decode } from './yaml-decode.ts';
import { yamlError } from './yaml.ts';

export type RelabelAction = (typeof actions)[number];

/** One step of `relabel_configs` or `metric_relabel_configs`, as Prometheus' configuration page describes it. */
export interface RelabelRule {
  readonly action: RelabelAction;
  readonly sourceLabels: readonly string[];
  readonly separator: string;
  readonly regex: Pattern;
  /** The expression is the default `(.*)`: group 1 is the whole text. */
  readonly takesAll: boolean;
  /** The same expression, for what its groups hold. */
  readonly groups: Search;
  readonly modulus: number;
  readonly targetLabel: string;
  readonly replacement: string;
  /** The line of the rule in its file, for the step-by-step view. */
  readonly line: number;
}

const actions = [
  'replace',
  'keep',
  'drop',
  'keepequal',
  'dropequal',
  'hashmod',
  'labelmap',
  'labeldrop',
  'labelkeep',
  'lowercase',
  'uppercase',
] as const;

/** Prometheus takes actions in any case. */
const action: Decode<RelabelAction> = (node) => oneOf(...actions)(node.kind === 'scalar' ? { ...node, text: node.text.toLowerCase() } : node);

const fields = record('relabel rule', {
  action: optional('action', action, 'replace'),
  sourceLabels: optional('source_labels', listOf(text), []),
  separator: optional('separator', text, ';'),
  regex: optional('regex', text, '(.*)'),
  modulus: optional('modulus', count, 0),
  targetLabel: optional('target_label', text, ''),
  replacement: optional('replacement', text, '$1'),
});

export const relabelRule: Decode<RelabelRule> = (node) => {
  const read = fields(node);
  const wrong = fault(read);
  if (wrong !== undefined) throw yamlError(node, wrong);
  try {
    const takesAll = read.regex === '(.*)';
    const regex = compilePattern(takesAll ? '.*' : read.regex);
    return { ...read, regex, takesAll, groups: compileSearch(`^(?s:${read.regex})$`), line: node.line };
  } catch (error) {
    throw error instanceof EngineError ? yamlError(node, error.message) : error;
  }
};

/** What Prometheus refuses of a rule, with its reasons. */
function fault(rule: ReturnType<typeof fields>): string | undefined {
  const { action, targetLabel, sourceLabels, modulus } = rule;
  const needsTarget = ['replace', 'hashmod', 'lowercase', 'uppercase', 'keepequal', 'dropequal'].includes(action);
  if (needsTarget && targetLabel === '') return `a relabel rule with the action ${action} needs target_label`;
  if (action === 'hashmod' && modulus === 0) return 'a relabel rule with the action hashmod needs a modulus above 0';
  if ((action === 'keepequal' || action === 'dropequal') && sourceLabels.length === 0)
    return `a relabel rule with the action ${action} needs source_labels`;
  const onlyRegex = action === 'labeldrop' || action === 'labelkeep';
  if (onlyRegex && (sourceLabels.length > 0 || targetLabel !== '' || modulus !== 0 || rule.separator !== ';' || rule.replacement !== '$1'))
    return `a relabel rule with the action ${action} takes only regex`;
  return undefined;
}

/** Prometheus' shard of a text: the last eight bytes of its MD5, big-endian, modulo `modulus`. */
export function hashMod(source: string, modulus: number): number {
  return Number(new DataView(md5(source).buffer).getBigUint64(8) % BigInt(modulus));
}
