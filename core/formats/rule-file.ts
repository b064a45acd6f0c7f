/**
 * Prometheus rule files and Kubernetes PrometheusRule objects, as strict as Prometheus 3: unknown fields, repeated groups, bad
 * names, bad templates and bad expressions are problems with their place. What an expression is, the caller says.
 * Source: prometheus.io/docs/prometheus/latest/configuration/recording_rules, monitoring.coreos.com/v1.
 */
import { EngineError, labelsFrom, messageOf, METRIC_NAME, type DurationMs, type Labels } from '#core/model/index.ts';
import { parseTemplate } from './go-template/parse.ts';
import { prometheusFunctions } from './go-template/functions.ts';
import type { Template } from './go-template/tree.ts';
import { count, duration, optional, pairsOf, record, required, text, type Decode } from './yaml-decode.ts';
import { isYamlNull, readYamlDocuments, yamlError, type YamlMap, type YamlNode } from './yaml.ts';

export interface RuleGroupSpec<E> {
  readonly file: string;
  readonly line: number;
  readonly name: string;
  /** Undefined: the global evaluation interval. */
  readonly intervalMs: DurationMs | undefined;
  /** Undefined: the global offset. */
  readonly queryOffsetMs: DurationMs | undefined;
  /** Alerts or series that one rule may make; 0 is no limit. */
  readonly limit: number;
  readonly rules: readonly RuleSpec<E>[];
}

export interface RuleSpec<E> {
  readonly kind: 'recording' | 'alerting';
  /** Of the series, or of the alert. */
  readonly name: string;
  readonly line: number;
  readonly expr: string;
  readonly parsed: E;
  /** Group labels under the rule's own, as written. */
  readonly labels: Labels;
  /** The same, empty ones too, which take a label away. Only an alerting rule's are templates. */
  readonly labelTemplates: readonly NamedTemplate[];
  readonly annotations: readonly NamedTemplate[];
  readonly forMs: DurationMs;
  readonly keepFiringForMs: DurationMs;
}

export interface NamedTemplate {
  readonly name: string;
  readonly source: string;
  /** Undefined when the source has no action: it stands for itself. */
  readonly template: Template | undefined;
}

export interface RuleFileReading<E> {
  readonly groups: readonly RuleGroupSpec<E>[];
  /** Each as "FILE:LINE: reason", in order of the file. */
  readonly problems: readonly EngineError[];
}

/** The variables that an alert's templates may use. */
const alertTemplateVariables = ['$labels', '$externalLabels', '$externalURL', '$value'] as const;

const functionNames = prometheusFunctions({ query: () => Promise.resolve([]), externalUrl: '', nowMs: () => 0 });
/** No published file comes near; keeps one file from making a hundred thousand rules. */
const rulesMax = 20_000;

/**
 * Reads a file, every problem gathered. `parseExpr` makes of an expression what the caller needs and throws EngineError for a bad one.
 * Never throws for what is in the text.
 */
export function readRuleFile<E>(source: string, file: string, parseExpr: (expr: string) => E): RuleFileReading<E> {
  const reader = new RuleFileReader(parseExpr);
  reader.attempt(() => {
    for (const groups of groupLists(readYamlDocuments(source, file))) reader.groupList(groups);
  });
  return reader;
}

/** The `groups` lists of a file. Prometheus reads the first document only and loses the others; here every document counts. */
function groupLists(documents: readonly YamlNode[]): YamlNode[] {
  if (documents.some(isKubernetesObject)) return documents.flatMap(kubernetesGroups);
  return documents.flatMap((document) => rulesFile(document).groups ?? []);
}

const anything: Decode<YamlNode | undefined> = (node) => node;
const rulesFile = record('rule file', { groups: optional('groups', anything, undefined) });

function isKubernetesObject(node: YamlNode): node is YamlMap {
  return node.kind === 'map' && node.entries.has('kind') && node.entries.has('apiVersion');
}

function kubernetesGroups(node: YamlNode): YamlNode[] {
  if (isYamlNull(node)) return [];
  if (!isKubernetesObject(node)) throw yamlError(node, 'a Kubernetes object with apiVersion and kind is expected here');
  const kind = text(node.entries.get('kind')!.value);
  if (kind === 'List' || kind === 'PrometheusRuleList') {
    const items = node.entries.get('items')?.value;
    return items?.kind === 'list' ? items.items.flatMap(kubernetesGroups) : [];
  }
  if (kind !== 'PrometheusRule') throw yamlError(node.entries.get('kind')!.value, `a ${kind} holds no rules; a PrometheusRule is expected`);
  const spec = node.entries.get('spec')?.value;
  const groups =
    spec === undefined ? undefined : record('spec of a PrometheusRule', { groups: optional('groups', anything, undefined) })(spec).groups;
  return groups === undefined ? [] : [groups];
}

const groupShape = record('group', {
  name: required('name', text),
  intervalMs: optional('interval', duration, undefined as DurationMs | undefined),
  queryOffsetMs: optional('query_offset', duration, undefined as DurationMs | undefined),
  limit: optional('limit', count, 0),
  labels: optional('labels', labelPairsOf('label'), [] as readonly (readonly [string, string])[]),
  rules: optional('rules', anything, undefined),
  /** Of Kubernetes objects, for Thanos; means nothing here. */
  partialResponse: optional('partial_response_strategy', text, ''),
});

const ruleShape = record('rule', {
  record: optional('record', text, ''),
  alert: optional('alert', text, ''),
  expr: optional('expr', anything, undefined),
  forMs: optional('for', duration, 0),
  keepFiringForMs: optional('keep_firing_for', duration, 0),
  labels: optional('labels', anything, undefined),
  annotations: optional('annotations', anything, undefined),
});
type RuleFields = ReturnType<typeof ruleShape>;

/** Pairs of names and values; a name is any text but the metric name's and the empty one. */
function labelPairsOf(what: 'label' | 'annotation'): Decode<readonly (readonly [string, string])[]> {
  return (node) => {
    const pairs = pairsOf(text)(node);
    const bad = pairs.find(([name]) => name === '' || (what === 'label' && name === METRIC_NAME) || !name.isWellFormed());
    if (bad !== undefined) throw yamlError(node, `invalid ${what} name: ${JSON.stringify(bad[0])}`);
    return pairs;
  };
}

class RuleFileReader<E> implements RuleFileReading<E> {
  readonly groups: RuleGroupSpec<E>[] = [];
  readonly problems: EngineError[] = [];
  readonly #parseExpr: (expr: string) => E;
  readonly #names = new Set<string>();
  #ruleCount = 0;

  constructor(parseExpr: (expr: string) => E) {
    this.#parseExpr = parseExpr;
  }

  /** Runs `act`; an EngineError becomes a problem and undefined comes back. */
  attempt<T>(act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      this.problems.push(error);
      return undefined;
    }
  }

  groupList(node: YamlNode): void {
    if (isYamlNull(node)) return;
    if (node.kind !== 'list') throw yamlError(node, 'groups must be a list; begin each group with "- name:"');
    for (const item of node.items) this.attempt(() => this.#group(item));
  }

  #group(node: YamlNode): void {
    const fields = groupShape(node);
    if (fields.name === '') throw yamlError(node, 'a group needs a name');
    if (this.#names.has(fields.name)) throw yamlError(node, `the group ${JSON.stringify(fields.name)} is repeated in the same file`);
    this.#names.add(fields.name);
    const list = fields.rules;
    if (list !== undefined && list.kind !== 'list') throw yamlError(list, 'rules must be a list; begin each rule with "- alert:" or "- record:"');
    const rules: RuleSpec<E>[] = [];
    for (const item of list?.items ?? []) {
      const rule = this.attempt(() => this.#rule(item, fields.labels));
      if (rule !== undefined) rules.push(rule);
    }
    this.#ruleCount += rules.length;
    if (this.#ruleCount > rulesMax) throw yamlError(node, `the file holds more than ${rulesMax} rules`);
    const { name, intervalMs, queryOffsetMs, limit } = fields;
    this.groups.push({ file: node.file, line: node.line, name, intervalMs, queryOffsetMs, limit, rules });
  }

  #rule(node: YamlNode, groupLabels: readonly (readonly [string, string])[]): RuleSpec<E> | undefined {
    const fields = ruleShape(node);
    checkRuleFields(node, fields);
    const kind = fields.alert === '' ? 'recording' : 'alerting';
    const labelNodes = fields.labels === undefined ? [] : templateNodes(fields.labels, 'label');
    const annotationNodes = fields.annotations === undefined ? [] : templateNodes(fields.annotations, 'annotation');
    const problemsBefore = this.problems.length;
    const parsed = this.attempt(() => this.#expr(fields.expr!));
    const ownTemplates = kind === 'alerting' ? this.#templates(labelNodes, 'label') : labelNodes.map(([name, value]) => plainText(name, text(value)));
    const annotations = this.#templates(annotationNodes, 'annotation');
    if (this.problems.length > problemsBefore) return undefined;
    const labels = labelsFrom([...groupLabels, ...labelNodes.map(([name, value]) => [name, text(value)] as const)]);
    const inherited = groupLabels.filter(([name]) => !labelNodes.some(([own]) => own === name));
    const make = kind === 'alerting' ? namedTemplate : plainText;
    return {
      kind,
      name: kind === 'alerting' ? fields.alert : fields.record,
      line: node.line,
      expr: text(fields.expr!).trim(),
      parsed: parsed as E,
      labels,
      labelTemplates: [...inherited.map(([name, source]) => make(name, source)), ...ownTemplates],
      annotations,
      forMs: fields.forMs,
      keepFiringForMs: fields.keepFiringForMs,
    };
  }

  #expr(node: YamlNode): E {
    const source = text(node).trimEnd();
    try {
      return this.#parseExpr(source);
    } catch (error) {
      throw placed(node, source, error, 'could not parse expression');
    }
  }

  #templates(nodes: readonly (readonly [string, YamlNode])[], what: string): NamedTemplate[] {
    return nodes.flatMap(([name, node]) => {
      const source = text(node);
      const made = this.attempt(() => {
        try {
          return namedTemplate(name, source);
        } catch (error) {
          throw placed(node, source, error, `${what} ${JSON.stringify(name)}`);
        }
      });
      return made === undefined ? [] : [made];
    });
  }
}

function templateNodes(node: YamlNode, what: 'label' | 'annotation'): (readonly [string, YamlNode])[] {
  labelPairsOf(what)(node);
  return node.kind === 'map' ? [...node.entries].map(([name, entry]) => [name, entry.value] as const) : [];
}

/** Parses a label's or an annotation's template. Throws EngineError `invalid` with the place in `source`. */
function namedTemplate(name: string, source: string): NamedTemplate {
  const template = source.includes('{{') ? parseTemplate(source, { name, functions: functionNames, variables: alertTemplateVariables }) : undefined;
  return { name, source, template };
}

function plainText(name: string, source: string): NamedTemplate {
  return { name, source, template: undefined };
}

function checkRuleFields(node: YamlNode, fields: RuleFields): void {
  if (fields.record !== '' && fields.alert !== '') throw yamlError(node, "only one of 'record' and 'alert' must be set");
  if (fields.record === '' && fields.alert === '') throw yamlError(node, "one of 'record' or 'alert' must be set");
  if (fields.expr === undefined || text(fields.expr).trim() === '') throw yamlError(node, "field 'expr' must be set in rule");
  if (fields.alert !== '') return;
  const alertOnly = fields.forMs > 0 ? 'for' : fields.keepFiringForMs > 0 ? 'keep_firing_for' : fields.annotations === undefined ? '' : 'annotations';
  if (alertOnly !== '') throw yamlError(node, `invalid field '${alertOnly}' in recording rule`);
  if (/[{}]/.test(fields.record) || !fields.record.isWellFormed())
    throw yamlError(node, `invalid recording rule name: ${JSON.stringify(fields.record)}; a selector belongs into expr`);
}

/** An error inside a value: its line counts on from the value's own, and its place shifts with it where the text stands as written. */
function placed(node: YamlNode, source: string, error: unknown, what: string): EngineError {
  const at = error instanceof EngineError ? (error.place?.from ?? 0) : 0;
  const line = node.line + source.slice(0, at).split('\n').length - 1;
  return new EngineError('invalid', `${node.file}:${line}: ${what}: ${messageOf(error)}`, { from: node.from, to: node.to });
}
