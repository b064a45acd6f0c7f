import { hashMod, type RelabelRule } from '#core/formats/index.ts';
import { EngineError, labelsFrom, type Labels } from '#core/model/index.ts';

/** What one rule did to a label set. */
export interface RelabelStep {
  readonly rule: RelabelRule;
  readonly before: Labels;
  /** Undefined: the rule dropped it, and later rules were not asked. */
  readonly after: Labels | undefined;
}

/** No text in relabelling is longer than this: far over every limit of the store. */
const textCharsMax = 1 << 16;

/**
 * Applies Prometheus' relabelling. Undefined when a rule drops the label set. Labels set to nothing are gone.
 * Throws EngineError `limit` when a text grows without measure.
 */
export function relabel(labels: Labels, rules: readonly RelabelRule[]): Labels | undefined {
  if (rules.length === 0) return labels;
  const working = toMap(labels);
  for (const rule of rules) if (!applyRule(working, rule)) return undefined;
  return labelsFrom(working);
}

/** The same, told step by step. */
export function relabelSteps(labels: Labels, rules: readonly RelabelRule[]): readonly RelabelStep[] {
  const steps: RelabelStep[] = [];
  let before = labels;
  for (const rule of rules) {
    const after = relabel(before, [rule]);
    steps.push({ rule, before, after });
    if (after === undefined) break;
    before = after;
  }
  return steps;
}

function toMap(labels: Labels): Map<string, string> {
  const map = new Map<string, string>();
  for (let i = 0; i < labels.length; i += 2) map.set(labels[i]!, labels[i + 1]!);
  return map;
}

/** False: drop. */
function applyRule(labels: Map<string, string>, rule: RelabelRule): boolean {
  const source = (): string => bounded(rule.sourceLabels.map((name) => labels.get(name) ?? '').join(rule.separator));
  switch (rule.action) {
    case 'keep':
      return rule.regex.matches(source());
    case 'drop':
      return !rule.regex.matches(source());
    case 'keepequal':
      return source() === (labels.get(rule.targetLabel) ?? '');
    case 'dropequal':
      return source() !== (labels.get(rule.targetLabel) ?? '');
    case 'replace':
      replace(labels, rule, source());
      return true;
    case 'lowercase':
      setLabel(labels, rule.targetLabel, source().toLowerCase());
      return true;
    case 'uppercase':
      setLabel(labels, rule.targetLabel, source().toUpperCase());
      return true;
    case 'hashmod':
      setLabel(labels, rule.targetLabel, String(hashMod(source(), rule.modulus)));
      return true;
    case 'labelmap':
      for (const [name, value] of Array.from(labels)) if (rule.regex.matches(name)) setLabel(labels, expand(rule, name, rule.replacement), value);
      return true;
    case 'labeldrop':
      for (const name of labels.keys()) if (rule.regex.matches(name)) labels.delete(name);
      return true;
    case 'labelkeep':
      for (const name of labels.keys()) if (!rule.regex.matches(name)) labels.delete(name);
      return true;
  }
}

function replace(labels: Map<string, string>, rule: RelabelRule, source: string): void {
  if (!rule.regex.matches(source)) return;
  const target = rule.targetLabel.includes('$') ? expand(rule, source, rule.targetLabel) : rule.targetLabel;
  if (target !== '') setLabel(labels, target, expand(rule, source, rule.replacement));
}

/** The template with `$1`, `${1}` and `${name}` filled from the groups of a text that matches as a whole. */
function expand(rule: RelabelRule, text: string, template: string): string {
  if (!template.includes('$')) return template;
  if (template === '$1' && rule.takesAll) return text;
  return rule.groups.replaceAll(text, template, textCharsMax);
}

function bounded(text: string): string {
  if (text.length > textCharsMax) throw new EngineError('limit', `relabelling made a text of more than ${textCharsMax} characters`);
  return text;
}

function setLabel(labels: Map<string, string>, name: string, value: string): void {
  if (value === '') labels.delete(name);
  else labels.set(name, value);
}
