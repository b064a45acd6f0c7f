/**
 * alertmanager.yml: what is read, refused and inherited as Alertmanager 0.33 does it. Every part knows its line, so a decision
 * can name the configuration that made it. Source: Alertmanager's configuration reference.
 */
import { EngineError, labelsFrom, matcher, messageOf, type DurationMs, type Matcher, type MatchOp } from '#core/model/index.ts';
import { boundedList, checked, fieldOf, type Decoded } from './alertmanager-decode.ts';
import { foreign, foreignKinds, type ForeignKind } from './alertmanager-foreign.ts';
import { global, type AlertmanagerGlobal } from './alertmanager-global.ts';
import { desktop, email, log, pagerduty, slack, webhook } from './alertmanager-kinds.ts';
import { isClassicName, parseMatchers, sortMatchers } from './alertmanager-matchers.ts';
import type { Integration, Receiver } from './alertmanager-receivers.ts';
import { namedInterval, type NamedInterval } from './alertmanager-times.ts';
import { boolean, duration, optional, pairsOf, record, required, text, type Decode, type Field } from './yaml-decode.ts';
import { isYamlNull, readYaml, yamlError, type YamlNode, type YamlScalar } from './yaml.ts';

export interface AlertmanagerConfig {
  readonly path: string;
  /** The file as it is. */
  readonly text: string;
  readonly global: AlertmanagerGlobal;
  /** Paths of template files, possibly with wildcards, as written. */
  readonly templates: readonly string[];
  readonly route: RouteConfig;
  readonly inhibitRules: readonly InhibitRule[];
  readonly receivers: readonly Receiver[];
  readonly intervals: readonly NamedInterval[];
}

/** A node of the route tree. What is undefined comes from the node above. */
export interface RouteConfig {
  readonly line: number;
  readonly receiver: string | undefined;
  /** Label names, or `all` for `['...']`. */
  readonly groupBy: readonly string[] | 'all' | undefined;
  readonly matchers: readonly Matcher[];
  readonly continue: boolean;
  readonly groupWaitMs: DurationMs | undefined;
  readonly groupIntervalMs: DurationMs | undefined;
  readonly repeatIntervalMs: DurationMs | undefined;
  readonly muteIntervals: readonly string[];
  readonly activeIntervals: readonly string[];
  readonly routes: readonly RouteConfig[];
}

export interface InhibitRule {
  readonly line: number;
  readonly name: string;
  readonly source: readonly Matcher[];
  readonly target: readonly Matcher[];
  /** Labels that must be equal in both; absent equals empty. */
  readonly equal: readonly string[];
}

/** Routes within routes; deeper trees are refused before they could exhaust the stack. */
const routeDepthMax = 64;

/** Reads alertmanager.yml. `path` is only for places. Throws EngineError `invalid` as "FILE:LINE: what". */
export function parseAlertmanagerConfig(source: string, path: string): AlertmanagerConfig {
  const node = readYaml(source, path);
  const read = top(node);
  if (read.route === undefined) throw yamlError(node, 'there is no route; the tree begins with "route:" and a receiver');
  const receivers = boundedListAt(read.receivers, receiver(read.global));
  const intervals = [...read.muteIntervals, ...read.intervals];
  unique(receivers, 'receiver', path);
  unique(intervals, 'time interval', path);
  const route = routeTree(read.route, { receivers: namesOf(receivers), intervals: namesOf(intervals) });
  return { path, text: source, global: read.global, templates: read.templates, route, inhibitRules: read.inhibitRules, receivers, intervals };
}

/** One route that tells the desktop: what holds where there is no alertmanager.yml. */
export function defaultAlertmanagerConfig(): AlertmanagerConfig {
  return parseAlertmanagerConfig(defaultText, 'default');
}

/** A person before a screen is told sooner than a pager: the group waits 5 s, not 30 s. */
const defaultText = `route:
  receiver: desktop
  group_by: [alertname]
  group_wait: 5s
receivers:
  - name: desktop
    desktop_configs: [{}]
`;

const inhibitRule: Decode<InhibitRule> = (node) => {
  const read = record('inhibit rule', {
    name: optional('name', text, ''),
    sourceMatch: plainMatchers('source_match', '='),
    sourceMatchRe: plainMatchers('source_match_re', '=~'),
    sourceMatchers: matcherList('source_matchers'),
    targetMatch: plainMatchers('target_match', '='),
    targetMatchRe: plainMatchers('target_match_re', '=~'),
    targetMatchers: matcherList('target_matchers'),
    equal: optional('equal', boundedList(labelName), []),
  })(node);
  return {
    line: node.line,
    name: read.name,
    source: [...read.sourceMatch, ...read.sourceMatchRe, ...read.sourceMatchers],
    target: [...read.targetMatch, ...read.targetMatchRe, ...read.targetMatchers],
    equal: read.equal,
  };
};

const top = record('alertmanager.yml', {
  global: optional('global', global, defaultGlobal()),
  route: optional<YamlNode | undefined>('route', (node) => node, undefined),
  inhibitRules: optional('inhibit_rules', boundedList(inhibitRule), []),
  receivers: optional<YamlNode | undefined>('receivers', (node) => node, undefined),
  templates: optional('templates', boundedList(text), []),
  muteIntervals: optional('mute_time_intervals', boundedList(namedInterval), []),
  intervals: optional('time_intervals', boundedList(namedInterval), []),
  tracing: optional<unknown>('tracing', (node) => node, undefined),
  eventRecorder: optional<unknown>('event_recorder', (node) => node, undefined),
});

function defaultGlobal(): AlertmanagerGlobal {
  return global({ kind: 'map', file: '', line: 1, from: 0, to: 0, entries: new Map() });
}

const routeFields = record('route', {
  receiver: optional<string | undefined>('receiver', text, undefined),
  groupBy: optional<readonly string[] | 'all' | undefined>('group_by', groupBy, undefined),
  match: plainMatchers('match', '='),
  matchRe: plainMatchers('match_re', '=~'),
  matchers: matcherList('matchers'),
  continue: optional('continue', boolean, false),
  groupWaitMs: optional<DurationMs | undefined>('group_wait', duration, undefined),
  groupIntervalMs: optional<DurationMs | undefined>('group_interval', notZero, undefined),
  repeatIntervalMs: optional<DurationMs | undefined>('repeat_interval', notZero, undefined),
  muteIntervals: optional<readonly YamlNode[]>('mute_time_intervals', boundedList(untouched), []),
  activeIntervals: optional<readonly YamlNode[]>('active_time_intervals', boundedList(untouched), []),
  routes: optional<readonly YamlNode[]>('routes', boundedList(untouched), []),
});

interface Known {
  readonly receivers: ReadonlySet<string>;
  readonly intervals: ReadonlySet<string>;
}

function routeTree(node: YamlNode, known: Known): RouteConfig {
  const root = routeNode(node, known, 1);
  if (root.receiver === undefined || root.receiver === '') throw yamlError(node, 'the root route must name a receiver');
  if (root.matchers.length > 0) throw yamlError(node, 'the root route takes every alert: it cannot have matchers');
  if (root.muteIntervals.length > 0) throw yamlError(node, 'the root route cannot have mute_time_intervals');
  if (root.activeIntervals.length > 0) throw yamlError(node, 'the root route cannot have active_time_intervals');
  if (root.continue) throw yamlError(node, 'the root route has nothing to continue to');
  return root;
}

function routeNode(node: YamlNode, known: Known, depth: number): RouteConfig {
  if (depth > routeDepthMax) throw yamlError(node, `routes are nested over ${routeDepthMax} deep`);
  const { match, matchRe, matchers, ...read } = routeFields(node);
  if (read.receiver !== undefined && read.receiver !== '' && !known.receivers.has(read.receiver))
    throw yamlError(node, `the receiver ${JSON.stringify(read.receiver)} of this route is not among receivers`);
  const interval = (item: YamlNode): string => {
    const name = text(item);
    if (!known.intervals.has(name)) throw yamlError(item, `the time interval ${JSON.stringify(name)} is not among time_intervals`);
    return name;
  };
  return {
    ...read,
    line: node.line,
    receiver: read.receiver === '' ? undefined : read.receiver,
    matchers: sortMatchers([...match, ...matchRe, ...matchers]),
    muteIntervals: read.muteIntervals.map(interval),
    activeIntervals: read.activeIntervals.map(interval),
    routes: read.routes.map((child) => routeNode(child, known, depth + 1)),
  };
}

function receiver(inherited: AlertmanagerGlobal): Decode<Receiver> {
  type Kind = Integration['kind'];
  const own: readonly (readonly [Kind, Decode<Decoded<unknown>>])[] = [
    ['desktop', desktop],
    ['log', log],
    ['webhook', webhook(inherited)],
    ['email', email(inherited)],
    ['pagerduty', pagerduty(inherited)],
    ['slack', slack(inherited)],
  ];
  const others = foreignKinds.map((kind: ForeignKind) => [kind, foreign(kind, inherited)] as const);
  const kinds = [...own, ...others];
  const fields = record('receiver', {
    name: required('name', text),
    labels: optional('labels', pairsOf(text), []),
    ...Object.fromEntries(kinds.map(([kind]) => [kind, optional<YamlNode | undefined>(`${kind}_configs`, untouched, undefined)])),
  });
  return (node) => {
    const { name, labels } = fields(node) as { readonly name: string; readonly labels: readonly (readonly [string, string])[] };
    if (name === '') throw yamlError(node, 'a receiver needs a name');
    const integrations = kinds.flatMap(([kind, decode]) =>
      boundedListAt(fieldOf(node, `${kind}_configs`), untouched).map(
        (item, index) => ({ kind, index, line: item.line, ...decode(emptyIsMap(item)) }) as Integration,
      ),
    );
    return { name, line: node.line, labels: labelsFrom(labels), integrations };
  };
}

/** `- ` with nothing after it is an entry of defaults. */
function emptyIsMap(node: YamlNode): YamlNode {
  return isYamlNull(node) ? { ...node, kind: 'map', entries: new Map() } : node;
}

function boundedListAt<T>(node: YamlNode | undefined, item: Decode<T>): readonly T[] {
  return node === undefined ? [] : boundedList(item)(node);
}

function untouched(node: YamlNode): YamlNode {
  return node;
}

function notZero(node: YamlNode): DurationMs {
  return checked(duration, (valueMs) => (valueMs === 0 ? 'this interval cannot be zero' : undefined))(node);
}

function groupBy(node: YamlNode): readonly string[] | 'all' {
  const names = boundedList((item) => (text(item) === '...' ? '...' : labelName(item)))(node);
  if (names.includes('...')) {
    if (names.length > 1) throw yamlError(node, 'group_by has either "..." for all labels or names, not both');
    return 'all';
  }
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw yamlError(node, `the label ${JSON.stringify(twice)} stands in group_by twice`);
  return names;
}

/** Any UTF-8 text but the empty one may name a label. */
function labelName(node: YamlNode): string {
  const name = text(node);
  if (name === '') throw yamlError(node, 'a label name cannot be empty');
  return name;
}

/** `match: {a: b}` and its kin: label names of the classic alphabet only. */
function plainMatchers(field: string, op: MatchOp): Field<readonly Matcher[]> {
  const decode: Decode<readonly Matcher[]> = (node) => {
    const pairs = pairsOf((value) => value)(node);
    const entries = node.kind === 'map' ? node.entries : undefined;
    return pairs.map(([name, value]) => {
      const key: YamlScalar = entries!.get(name)!.key;
      if (!isClassicName(name)) throw yamlError(key, `${JSON.stringify(name)} is no label name here; use matchers for names beyond ASCII`);
      if (op === '=~' && isYamlNull(value)) throw yamlError(key, `${field} of ${name} needs a regular expression`);
      // Alertmanager keeps the anchored form, which group keys show.
      return placed(value, () => matcher(name, op, op === '=~' ? `^(?:${text(value)})$` : text(value)));
    });
  };
  return optional(field, decode, []);
}

function matcherList(field: string): Field<readonly Matcher[]> {
  const one: Decode<readonly Matcher[]> = (node) => placed(node, () => parseMatchers(text(node)));
  return optional(field, (node) => boundedList(one)(node).flat(), []);
}

/** Gives a refusal of what is written in `node` its place. */
function placed<T>(node: YamlNode, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof EngineError && error.place === undefined) throw yamlError(node, messageOf(error));
    throw error;
  }
}

function unique(items: readonly { readonly name: string; readonly line: number }[], what: string, path: string): void {
  const seen = new Set<string>();
  for (const { name, line } of items) {
    if (seen.has(name)) throw new EngineError('invalid', `${path}:${line}: the ${what} ${JSON.stringify(name)} is given twice`);
    seen.add(name);
  }
}

function namesOf(items: readonly { readonly name: string }[]): ReadonlySet<string> {
  return new Set(items.map(({ name }) => name));
}
