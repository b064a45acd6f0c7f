import { parseTracestate, type SamplingPolicy } from '#core/formats/index.ts';
import type { Attribute, DurationMs, Span } from '#core/model/index.ts';
import { TokenBucket } from './token-bucket.ts';
import { chanceOf } from './chance.ts';

/** What a policy sees of a trace. */
export interface SampledTrace {
  readonly traceId: string;
  readonly spans: readonly Span[];
}

/**
 * What a policy says of a trace. `drop` outweighs everything, then `not_inverted`, then `sample`; `sample_inverted` only where no
 * policy says `not`. The inverted ones come of `invert_match`, as in the Collector.
 */
export type Vote = 'sample' | 'not' | 'sample_inverted' | 'not_inverted' | 'drop';

/** A policy with its state: how much of its allowance is left. */
export interface Voter {
  readonly name: string;
  vote(trace: SampledTrace, nowMs: DurationMs): Vote;
  /** The part of a composite policy that said `sample` last. */
  part?: string;
}

/** Source: the Collector's tail sampling processor, one evaluator a policy. `nowMs` of votes is monotonic. */
export function voterOf(policy: SamplingPolicy, nowMs: DurationMs): Voter {
  const { name } = policy;
  switch (policy.type) {
    case 'and':
    case 'drop': {
      const parts = policy.parts.map((part) => voterOf(part, nowMs));
      const yes: Vote = policy.type === 'and' ? 'sample' : 'drop';
      return { name, vote: (trace, atMs) => (parts.every((part) => says(part.vote(trace, atMs))) ? yes : 'not') };
    }
    case 'not': {
      const part = voterOf(policy.part, nowMs);
      return { name, vote: (trace, atMs) => (says(part.vote(trace, atMs)) ? 'not' : 'sample') };
    }
    case 'rate_limiting':
    case 'bytes_limiting': {
      const bucket = new TokenBucket(policy.perSecond, policy.burst, nowMs);
      const sizeOf = policy.type === 'rate_limiting' ? ({ spans }: SampledTrace): number => spans.length : bytesOf;
      return { name, vote: (trace, atMs) => when(bucket.take(sizeOf(trace), atMs)) };
    }
    case 'composite':
      return new Composite(policy, nowMs);
    default: {
      const { holds, invert } = conditionOf(policy);
      return { name, vote: (trace) => (invert ? (holds(trace) ? 'not_inverted' : 'sample_inverted') : when(holds(trace))) };
    }
  }
}

const when = (holds: boolean): Vote => (holds ? 'sample' : 'not');
const says = (vote: Vote): boolean => vote === 'sample' || vote === 'sample_inverted';

type Condition = Exclude<SamplingPolicy, { type: 'and' | 'drop' | 'not' | 'rate_limiting' | 'bytes_limiting' | 'composite' }>;

interface Held {
  readonly holds: (trace: SampledTrace) => boolean;
  readonly invert?: boolean;
}

/** Policies that only look at the trace. */
function conditionOf(policy: Condition): Held {
  switch (policy.type) {
    case 'always_sample':
      return { holds: () => true };
    case 'trace_flags':
      return { holds: ({ spans }) => spans.some(({ flags }) => (flags & 1) === 1) };
    case 'latency':
      return { holds: ({ spans }) => isLate(durationMs(spans), policy.thresholdMs, policy.upperMs) };
    case 'status_code':
      return { holds: ({ spans }) => spans.some(({ status }) => policy.codes.includes(status)) };
    case 'span_count':
      return { holds: ({ spans }) => spans.length >= policy.min && (policy.max === 0 || spans.length <= policy.max) };
    case 'probabilistic':
      return { holds: ({ traceId }) => chanceOf(traceId, policy.salt) < policy.share };
    case 'trace_state':
      return { holds: ({ spans }) => spans.some(({ traceState }) => hasMember(traceState, policy.key, policy.values)) };
    case 'string_attribute':
      return { holds: (trace) => hasAttribute(trace, policy.key, (attribute) => matchesText(attribute, policy)), invert: policy.invert };
    case 'numeric_attribute':
      return { holds: (trace) => hasAttribute(trace, policy.key, (attribute) => isWithin(attribute, policy.min, policy.max)), invert: policy.invert };
    case 'boolean_attribute':
      return {
        holds: (trace) => hasAttribute(trace, policy.key, ({ type, text }) => type === 'bool' && (text === 'true') === policy.value),
        invert: policy.invert,
      };
  }
}

/** From the earliest start to the latest end. */
function durationMs(spans: readonly Span[]): number {
  let [first, last] = [spans[0]!.startNs, spans[0]!.endNs];
  for (const { startNs, endNs } of spans) {
    if (startNs < first) first = startNs;
    if (endNs > last) last = endNs;
  }
  return Number(last - first) / 1e6;
}

/** The threshold itself counts as late, unless there is an upper bound, which then counts instead: as in the Collector. */
function isLate(tookMs: number, thresholdMs: number, upperMs: number): boolean {
  const whole = Math.floor(tookMs);
  return upperMs === 0 ? whole >= thresholdMs : thresholdMs < whole && whole <= upperMs;
}

/** Whether a resource or a span of the trace has such an attribute. */
function hasAttribute({ spans }: SampledTrace, key: string, fits: (attribute: Attribute) => boolean): boolean {
  const isOne = (attribute: Attribute): boolean => attribute.key === key && fits(attribute);
  return spans.some(({ attributes, resource }) => attributes.some(isOne) || resource.attributes.some(isOne));
}

function matchesText({ type, text }: Attribute, { values, searches }: Extract<SamplingPolicy, { type: 'string_attribute' }>): boolean {
  if (type !== 'string' || text === '') return false;
  return searches.length > 0 ? searches.some((search) => search.found(text)) : values.includes(text);
}

function isWithin({ type, text }: Attribute, min: number, max: number): boolean {
  return (type === 'int' || type === 'double') && Number(text) >= min && Number(text) <= max;
}

function hasMember(traceState: string, key: string, values: readonly string[]): boolean {
  return traceState !== '' && (parseTracestate(traceState) ?? []).some(([name, value]) => name === key && values.includes(value));
}

/** Roughly what a span takes in OTLP's protobuf: its ids, times and texts. */
function bytesOf({ spans }: SampledTrace): number {
  let bytes = 0;
  for (const { name, attributes, events, links, statusText, traceState } of spans) {
    bytes += 70 + name.length + statusText.length + traceState.length + links.length * 30;
    for (const { key, text } of attributes) bytes += 8 + key.length + text.length;
    for (const event of events)
      bytes += 16 + event.name.length + event.attributes.reduce((sum, { key, text }) => sum + 8 + key.length + text.length, 0);
  }
  return bytes;
}

/** Parts asked in order; the first that says yes decides, if its share of this second's spans has room. */
class Composite implements Voter {
  readonly name: string;
  part = '';
  readonly #parts: readonly { readonly voter: Voter; readonly spansPerSecond: number }[];
  readonly #spansPerSecond: number;
  readonly #taken: number[];
  #second = Number.NEGATIVE_INFINITY;

  constructor({ name, parts, spansPerSecond }: Extract<SamplingPolicy, { type: 'composite' }>, nowMs: DurationMs) {
    this.name = name;
    this.#spansPerSecond = spansPerSecond;
    this.#parts = parts.map((part) => ({ voter: voterOf(part.policy, nowMs), spansPerSecond: part.spansPerSecond }));
    this.#taken = parts.map(() => 0);
  }

  vote(trace: SampledTrace, nowMs: DurationMs): Vote {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) this.#taken.fill(0);
    this.#second = second;
    const at = this.#parts.findIndex(({ voter }) => says(voter.vote(trace, nowMs)));
    if (at < 0) return 'not';
    const taken = this.#taken[at]! + trace.spans.length;
    if (taken > this.#parts[at]!.spansPerSecond || taken > this.#spansPerSecond) return 'not';
    this.#taken[at] = taken;
    this.part = this.#parts[at]!.voter.name;
    return 'sample';
  }
}
