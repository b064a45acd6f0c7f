/** The functions of templates that Prometheus and Alertmanager share, and those of Prometheus' rules. */
import { compareText, compileSearch, EngineError, labelPairs, parseDuration, type Labels } from '#core/model/index.ts';
import { outputCharsMax, queryEscape } from './builtins.ts';
import { humanize, humanize1024, humanizeDuration, humanizePercentage, humanizeTimestamp, instantMs, toNumber } from './humanize.ts';
import { goTime } from './time.ts';
import {
  goAwaitedFunction,
  goFunction,
  goStringMap,
  goStruct,
  goVariadic,
  isGoFunction,
  isGoObject,
  type GoFunctions,
  type GoObject,
  type GoValue,
} from './value.ts';

/** Functions on texts and numbers alone. */
export const textFunctions: GoFunctions = new Map([
  ['title', goFunction(['string'], titleCase)],
  ['toUpper', goFunction(['string'], upperCase)],
  ['toLower', goFunction(['string'], (text) => text.toLowerCase())],
  ['match', goFunction(['string', 'string'], (pattern, text) => compileSearch(pattern).found(text))],
  ['reReplaceAll', goFunction(['string', 'string', 'string'], (pattern, by, text) => compileSearch(pattern).replaceAll(text, by, outputCharsMax))],
  ['safeHtml', goFunction(['string'], (text) => text)],
  ['stripPort', goFunction(['string'], (address) => splitHostPort(address)?.host ?? address)],
  ['stripDomain', goFunction(['string'], stripDomain)],
  ['humanizeDuration', goFunction(['any'], humanizeDuration)],
]);

/** Where Prometheus' own pages show an expression as a table: what the source of an alert links to, behind the external URL. */
export function tableLink(expr: string): string {
  return `/graph?g0.expr=${queryEscape(expr)}&g0.tab=1`;
}

const numberFunctions: GoFunctions = new Map([
  ['humanize', goFunction(['any'], humanize)],
  ['humanize1024', goFunction(['any'], humanize1024)],
  ['humanizePercentage', goFunction(['any'], humanizePercentage)],
  ['humanizeTimestamp', goFunction(['any'], humanizeTimestamp)],
  ['toTime', goFunction(['any'], (value) => goTime(instantMs(toNumber(value))))],
  ['parseDuration', goFunction(['string'], durationSeconds)],
  ['urlQueryEscape', goFunction(['string'], queryEscape)],
  ['graphLink', goFunction(['string'], (expr) => `/graph?g0.expr=${queryEscape(expr)}&g0.tab=0`)],
  ['tableLink', goFunction(['string'], tableLink)],
  ['args', goVariadic([], 'any', argsMap)],
]);

/** What a template reads of a query's answer. */
export interface TemplateSample {
  readonly labels: Labels;
  readonly value: number;
}

const sampleFunctions: GoFunctions = new Map([
  ['first', goFunction(['list'], first)],
  ['label', goFunction(['string', 'object'], (name, sample) => labelsOf(sample).get(name) ?? '')],
  ['value', goFunction(['object'], valueOf)],
  ['strvalue', goFunction(['object'], (sample) => labelsOf(sample).get('__value__') ?? '')],
  ['sortByLabel', goFunction(['string', 'list'], sortByLabel)],
]);

export interface PrometheusFunctionInput {
  readonly query: (expr: string) => Promise<readonly TemplateSample[]>;
  /** Where links in annotations lead. */
  readonly externalUrl: string;
  readonly nowMs: () => number;
}

/** The function table of Prometheus' alert templates. */
export function prometheusFunctions(input: PrometheusFunctionInput): GoFunctions {
  return new Map([
    ...textFunctions,
    ...numberFunctions,
    ...sampleFunctions,
    ['query', goAwaitedFunction(['string'], async (expr) => (await input.query(expr)).map(goSample))],
    ['externalURL', goFunction([], () => input.externalUrl)],
    ['pathPrefix', goFunction([], () => (URL.canParse(input.externalUrl) ? new URL(input.externalUrl).pathname.replace(/\/$/, '') : ''))],
    ['now', goFunction([], () => input.nowMs() / 1000)],
  ]);
}

function goSample(sample: TemplateSample): GoObject {
  return goStruct('*template.sample', { Labels: goLabels(sample.labels), Value: sample.value });
}

function durationSeconds(text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs === undefined) throw new EngineError('invalid', `not a valid duration string: ${JSON.stringify(text)}`);
  return durationMs / 1000;
}

function argsMap(args: readonly GoValue[]): GoObject {
  return { type: 'map[string]interface {}', entries: new Map(args.map((arg, i) => [`arg${i}`, arg])) };
}

function first(samples: readonly GoValue[]): GoValue {
  if (samples.length === 0) throw new EngineError('invalid', 'first() called on vector with no elements');
  return samples[0];
}

function labelsOf(sample: GoObject): ReadonlyMap<string, string> {
  const labels = sample.members?.get('Labels');
  if (labels === undefined || isGoFunction(labels) || !isGoObject(labels) || labels.entries === undefined)
    throw new EngineError('invalid', `${sample.type} is not a sample of a query`);
  return labels.entries as ReadonlyMap<string, string>;
}

function valueOf(sample: GoObject): GoValue {
  labelsOf(sample);
  return sample.members!.get('Value') as GoValue;
}

function sortByLabel(name: string, samples: readonly GoValue[]): GoValue {
  const key = (sample: GoValue): string => labelsOf(sample as GoObject).get(name) ?? '';
  return [...samples].sort((a, b) => compareText(key(a), key(b)));
}

/** Letter by letter, as Go does it: one that has no single capital, such as `ß`, stays. */
function upperCase(text: string): string {
  return text.replace(/\p{L}/gu, (letter) => (letter.toUpperCase().length === letter.length ? letter.toUpperCase() : letter));
}

/** The first letter of each word in title case, the others as they are. Words as in UAX 29, near enough: `o'neil` and `a_b` are one. */
export function titleCase(text: string): string {
  return text.replace(/[\p{L}\p{M}\p{N}_]+(?:['\u2019.:](?=\p{L})[\p{L}\p{M}\p{N}_]+)*/gu, (word) =>
    word.replace(/\p{L}/u, (letter) => letter.toUpperCase()),
  );
}

/** `host:port`, with brackets about an IPv6 address; undefined when it is not of that form. */
function splitHostPort(address: string): { host: string; port: string } | undefined {
  const found = /^(?:\[([^[\]]*)\]|([^:[\]]*)):([^:[\]]*)$/.exec(address);
  return found === null ? undefined : { host: found[1] ?? found[2]!, port: found[3]! };
}

function stripDomain(address: string): string {
  const split = splitHostPort(address);
  const host = split?.host ?? address;
  if (isIpAddress(host)) return address;
  const short = host.split('.')[0]!;
  return split === undefined || split.port === '' ? short : `${short}:${split.port}`;
}

function isIpAddress(host: string): boolean {
  if (host.includes(':')) return URL.canParse(`http://[${host}]/`);
  const parts = host.split('.');
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

/** The label set of a sample as templates see it. */
export function goLabels(labels: Labels): GoObject {
  return goStringMap(labelPairs(labels));
}
