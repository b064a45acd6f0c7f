import { compileSearch, EngineError, type DurationMs, type Search } from '#core/model/index.ts';
import { boolean, count, duration, listOf, number, oneOf, optional, record, required, text, type Decode } from '../yaml-decode.ts';
import { yamlError, type YamlNode } from '../yaml.ts';

/** `tail_sampling` of signalbox.yml: the fields and policies of the OpenTelemetry Collector's tail sampling processor. */
export interface TailSamplingConfig {
  /** How long a trace waits for its spans, from the first. */
  readonly decisionWaitMs: DurationMs;
  /** Traces that wait at once; beyond it the oldest is decided early. */
  readonly tracesMax: number;
  /** Decisions remembered for late spans. */
  readonly keptRemembered: number;
  readonly droppedRemembered: number;
  readonly policies: readonly SamplingPolicy[];
}

export type SamplingPolicy = { readonly name: string } & PolicyKind;

type PolicyKind =
  | { readonly type: 'always_sample' | 'trace_flags' }
  | { readonly type: 'latency'; readonly thresholdMs: number; readonly upperMs: number }
  | { readonly type: 'numeric_attribute'; readonly key: string; readonly min: number; readonly max: number; readonly invert: boolean }
  | {
      readonly type: 'string_attribute';
      readonly key: string;
      readonly values: readonly string[];
      /** The values as expressions, where they are some. */
      readonly searches: readonly Search[];
      readonly invert: boolean;
    }
  | { readonly type: 'boolean_attribute'; readonly key: string; readonly value: boolean; readonly invert: boolean }
  | { readonly type: 'probabilistic'; readonly share: number; readonly salt: string }
  | { readonly type: 'status_code'; readonly codes: readonly ('ok' | 'error' | 'unset')[] }
  | { readonly type: 'rate_limiting' | 'bytes_limiting'; readonly perSecond: number; readonly burst: number }
  | { readonly type: 'span_count'; readonly min: number; readonly max: number }
  | { readonly type: 'trace_state'; readonly key: string; readonly values: readonly string[] }
  | { readonly type: 'and' | 'drop'; readonly parts: readonly SamplingPolicy[] }
  | { readonly type: 'not'; readonly part: SamplingPolicy }
  | {
      readonly type: 'composite';
      readonly spansPerSecond: number;
      readonly parts: readonly { readonly policy: SamplingPolicy; readonly spansPerSecond: number }[];
    };

const types = [
  'always_sample',
  'latency',
  'numeric_attribute',
  'probabilistic',
  'status_code',
  'string_attribute',
  'trace_state',
  'trace_flags',
  'rate_limiting',
  'bytes_limiting',
  'span_count',
  'boolean_attribute',
  'and',
  'not',
  'drop',
  'composite',
] as const;

/** Policies within policies. */
const depthMax = 5;
const rememberedDefault = 100_000;

const anything: Decode<YamlNode> = (node) => node;
const notYet =
  (what: string): Decode<undefined> =>
  (node) => {
    throw yamlError(node, `${what} is not yet supported`);
  };

const typeName: Decode<(typeof types)[number]> = (node) => {
  if (node.kind === 'scalar' && node.text === 'ottl_condition')
    throw yamlError(node, 'a policy of the type ottl_condition is not yet supported; attributes are matched by string_attribute and its kin');
  return oneOf(...types)(node);
};

const policyFields = record('sampling policy', {
  name: required('name', text),
  type: required('type', typeName),
  ...Object.fromEntries(types.map((type) => [type, optional<YamlNode | undefined>(type, anything, undefined)])),
}) as Decode<{ readonly name: string; readonly type: (typeof types)[number] } & Readonly<Record<string, YamlNode | undefined>>>;

function policy(depth: number): Decode<SamplingPolicy> {
  return (node) => {
    if (depth > depthMax) throw yamlError(node, `sampling policies stand inside each other deeper than ${depthMax}`);
    const { name, type, ...parts } = policyFields(node);
    const body = parts[type];
    if (body === undefined && !(type in bare))
      throw yamlError(node, `the sampling policy ${JSON.stringify(name)} needs the field ${JSON.stringify(type)}`);
    const stray = types.find((other) => other !== type && parts[other] !== undefined);
    if (stray !== undefined) throw yamlError(node, `the sampling policy ${JSON.stringify(name)} has the type ${type} and the fields of ${stray}`);
    return { name, ...kindOf(type, body ?? node, depth) };
  };
}

const bare = { always_sample: true, trace_flags: true };

const invertMatch = optional('invert_match', boolean, false);
const latency = record('latency', { thresholdMs: required('threshold_ms', count), upperMs: optional('upper_threshold_ms', count, 0) });
const numericAttribute = record('numeric_attribute', {
  key: required('key', text),
  min: optional('min_value', number, Number.NEGATIVE_INFINITY),
  max: optional('max_value', number, Number.POSITIVE_INFINITY),
  invert: invertMatch,
});
const stringAttribute = record('string_attribute', {
  key: required('key', text),
  values: required('values', listOf(text)),
  isRegex: optional('enabled_regex_matching', boolean, false),
  cacheMax: optional('cache_max_size', count, 0),
  invert: invertMatch,
});
const booleanAttribute = record('boolean_attribute', { key: required('key', text), value: optional('value', boolean, false), invert: invertMatch });
const probabilistic = record('probabilistic', { percentage: optional('sampling_percentage', number, 0), salt: optional('hash_salt', text, '') });
const statusCode = record('status_code', { codes: required('status_codes', listOf(oneOf('OK', 'ERROR', 'UNSET'))) });
const rateLimiting = record('rate_limiting', { perSecond: required('spans_per_second', count), burst: optional('burst_capacity', count, 0) });
const bytesLimiting = record('bytes_limiting', { perSecond: required('bytes_per_second', count), burst: optional('burst_capacity', count, 0) });
const spanCount = record('span_count', { min: optional('min_spans', count, 0), max: optional('max_spans', count, 0) });
const traceState = record('trace_state', { key: required('key', text), values: required('values', listOf(text)) });
const compositeFields = (depth: number) =>
  record('composite', {
    spansPerSecond: required('max_total_spans_per_second', count),
    order: required('policy_order', listOf(text)),
    parts: required('composite_sub_policy', listOf(policy(depth + 1))),
    shares: optional(
      'rate_allocation',
      listOf(record('rate_allocation', { policy: required('policy', text), percent: required('percent', number) })),
      [],
    ),
  });

function kindOf(type: (typeof types)[number], body: YamlNode, depth: number): PolicyKind {
  switch (type) {
    case 'always_sample':
    case 'trace_flags':
      return { type };
    case 'latency':
      return { type, ...latency(body) };
    case 'numeric_attribute':
      return { type, ...numericAttribute(body) };
    case 'string_attribute':
      return { type, ...stringsOf(body) };
    case 'boolean_attribute':
      return { type, ...booleanAttribute(body) };
    case 'probabilistic':
      return { type, share: probabilistic(body).percentage / 100, salt: probabilistic(body).salt || 'default-hash-seed' };
    case 'status_code':
      return { type, codes: statusCode(body).codes.map((code) => ({ OK: 'ok', ERROR: 'error', UNSET: 'unset' } as const)[code]) };
    case 'rate_limiting':
      return { type, ...withBurst(rateLimiting(body)) };
    case 'bytes_limiting':
      return { type, ...withBurst(bytesLimiting(body)) };
    case 'span_count':
      return { type, ...spanCount(body) };
    case 'trace_state':
      return { type, ...traceState(body) };
    case 'not':
      return { type, part: record('not', { part: required('not_sub_policy', policy(depth + 1)) })(body).part };
    case 'and':
    case 'drop':
      return { type, parts: record(type, { parts: required(`${type}_sub_policy`, listOf(policy(depth + 1))) })(body).parts };
    case 'composite':
      return compositeOf(body, depth);
  }
}

/** A bucket holds twice what comes a second, as the Collector's does by default. */
function withBurst({ perSecond, burst }: { readonly perSecond: number; readonly burst: number }): { perSecond: number; burst: number } {
  return { perSecond, burst: burst || perSecond * 2 };
}

function stringsOf(body: YamlNode): Omit<Extract<PolicyKind, { type: 'string_attribute' }>, 'type'> {
  const { key, values, isRegex, invert } = stringAttribute(body);
  if (!isRegex) return { key, values, searches: [], invert };
  try {
    return { key, values, searches: values.map((value) => compileSearch(value)), invert };
  } catch (error) {
    throw error instanceof EngineError ? yamlError(body, error.message) : error;
  }
}

/** Parts in the order that is asked for, each with its share of the spans; those without a share have one part in as many as there are. */
function compositeOf(body: YamlNode, depth: number): PolicyKind {
  const { spansPerSecond, order, parts, shares } = compositeFields(depth)(body);
  const ordered = order.map((name) => {
    const found = parts.find((part) => part.name === name);
    if (found === undefined) throw yamlError(body, `policy_order names ${JSON.stringify(name)}, which is no composite_sub_policy`);
    const share = shares.find((one) => one.policy === name);
    return {
      policy: found,
      spansPerSecond: Math.floor(share === undefined ? spansPerSecond / parts.length : (spansPerSecond * share.percent) / 100),
    };
  });
  return { type: 'composite', spansPerSecond, parts: ordered };
}

const cacheFields = record('decision_cache', {
  kept: optional('sampled_cache_size', count, rememberedDefault),
  dropped: optional('non_sampled_cache_size', count, rememberedDefault),
});

const fields = record('tail_sampling', {
  decisionWaitMs: optional('decision_wait', duration, 30_000),
  tracesMax: optional('num_traces', count, 50_000),
  expected: optional('expected_new_traces_per_sec', count, 0),
  cache: optional('decision_cache', cacheFields, { kept: rememberedDefault, dropped: rememberedDefault }),
  firstMatch: optional<undefined>('sample_on_first_match', notYet('sample_on_first_match'), undefined),
  policies: required('policies', listOf(policy(1))),
});

/** Throws EngineError `invalid`. */
export const tailSamplingConfig: Decode<TailSamplingConfig> = (node) => {
  const { decisionWaitMs, tracesMax, cache, policies } = fields(node);
  const names = new Set(policies.map(({ name }) => name));
  if (policies.length === 0) throw yamlError(node, 'tail_sampling needs at least one policy');
  if (names.size < policies.length) throw yamlError(node, 'every policy of tail_sampling needs a name of its own');
  if (tracesMax === 0) throw yamlError(node, 'num_traces must be above 0');
  return { decisionWaitMs, tracesMax, keptRemembered: cache.kept, droppedRemembered: cache.dropped, policies };
};
