import { compilePattern, EngineError, type Pattern } from '#core/model/index.ts';

/**
 * The question asked of spans: the part of TraceQL (Grafana Tempo's documentation, "Construct a TraceQL query") that selects spans,
 * `{ resource.service.name = "checkout" && .http.status_code >= 500 && duration > 100ms }`, and beside it the plain form that people
 * type, `service=checkout http.status_code>=500 error`. Braces are optional, conditions side by side must all hold. A text in quotes by
 * itself holds where it stands anywhere in the span, in either case.
 */
export type SpanCondition =
  | { readonly kind: 'all' | 'any'; readonly of: readonly SpanCondition[] }
  | { readonly kind: 'compare'; readonly field: SpanField; readonly op: CompareOp; readonly value: string; readonly pattern: Pattern | undefined }
  | { readonly kind: 'exists'; readonly field: SpanField; readonly wanted: boolean }
  | { readonly kind: 'text'; readonly lower: string };

export type CompareOp = '=' | '!=' | '<' | '<=' | '>' | '>=' | '=~' | '!~';
export type Intrinsic = 'name' | 'service' | 'kind' | 'status' | 'statusMessage' | 'duration' | 'event' | 'traceState';

/**
 * `any` looks at span, resource, scope, events and links; `attribute` (TraceQL's leading dot) at span and resource. Of an intrinsic the key is
 * its name; `duration` compares in ns. Of `tracestate` the key is a vendor's (W3C Trace Context, 3.3).
 */
export type SpanField =
  | { readonly scope: 'any' | 'attribute' | 'span' | 'resource' | 'event' | 'link' | 'instrumentation' | 'tracestate'; readonly key: string }
  | { readonly scope: 'intrinsic'; readonly key: Intrinsic };

const depthMax = 32;
const conditionsMax = 64;
/** Texts for which an expression's answer is kept while a search lasts. */
const rememberedMax = 65_536;

/** Throws EngineError `invalid` with the place, or `limit`. An empty text selects every span. */
export function parseTraceQuery(text: string): SpanCondition {
  return new Parser(text).query();
}

const intrinsics: Readonly<Record<string, Intrinsic>> = {
  name: 'name',
  operation: 'name',
  service: 'service',
  'resource.service.name': 'service',
  kind: 'kind',
  status: 'status',
  statusMessage: 'statusMessage',
  tracestate: 'traceState',
  duration: 'duration',
  'span:name': 'name',
  'span:duration': 'duration',
  'span:status': 'status',
  'span:statusMessage': 'statusMessage',
  'span:kind': 'kind',
  'event:name': 'event',
};
const scopes = ['span', 'resource', 'event', 'link', 'instrumentation', 'tracestate'] as const;
const operators: readonly CompareOp[] = ['=~', '!~', '!=', '<=', '>=', '=', '<', '>'];
const durationUnitsNs: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9, d: 86_400e9 };

class Parser {
  readonly #text: string;
  #at = 0;
  #conditions = 0;

  constructor(text: string) {
    this.#text = text;
  }

  query(): SpanCondition {
    const braced = this.#take('{');
    const condition = this.#peek() === '' || this.#peek() === '}' ? { kind: 'all' as const, of: [] } : this.#any(0);
    if (braced && !this.#take('}')) throw this.#fault('a closing brace is missing');
    if (this.#peek() === '|') throw this.#fault('pipelines of TraceQL are not yet supported');
    if (this.#peek() !== '') throw this.#fault(`${JSON.stringify(this.#peek())} is not expected here`);
    return condition;
  }

  #any(depth: number): SpanCondition {
    if (depth > depthMax) throw new EngineError('limit', `a query is nested deeper than ${depthMax}`);
    const of = [this.#all(depth)];
    while (this.#take('||')) of.push(this.#all(depth));
    return of.length === 1 ? of[0]! : { kind: 'any', of };
  }

  #all(depth: number): SpanCondition {
    const of: SpanCondition[] = [];
    do {
      this.#take('&&');
      of.push(this.#term(depth));
    } while (!['', '}', ')', '|'].includes(this.#peek()));
    return of.length === 1 ? of[0]! : { kind: 'all', of };
  }

  #term(depth: number): SpanCondition {
    if (++this.#conditions > conditionsMax) throw new EngineError('limit', `a query has more than ${conditionsMax} conditions`);
    if (!this.#take('(')) return this.#comparison();
    const inner = this.#any(depth + 1);
    if (!this.#take(')')) throw this.#fault('a closing parenthesis is missing');
    return inner;
  }

  #comparison(): SpanCondition {
    const from = this.#skipSpace();
    const name = this.#word(/[^\s=!<>~(){}&|"']/);
    const quoted = this.#quoted();
    const key = name + (quoted ?? '');
    if (key === '') throw this.#fault('a condition is missing');
    const op = operators.find((one) => this.#take(one));
    if (key === 'error') return this.#error(op, from);
    if (name === '' && op === undefined) return { kind: 'text', lower: key.toLowerCase() };
    const field = fieldOf(key);
    if (op === undefined) return { kind: 'exists', field, wanted: true };
    const valueFrom = this.#skipSpace();
    const text = this.#quoted();
    const value = text ?? this.#word(/[^\s(){}&|]/);
    if (text === undefined && value === '') throw this.#fault('a value is missing');
    if (text === undefined && value === 'nil') return { kind: 'exists', field, wanted: op === '!=' };
    return this.#compare(field, op, value, valueFrom);
  }

  /** `error` alone, `error=true` and `error=false` speak of the status, as in Jaeger. */
  #error(op: CompareOp | undefined, from: number): SpanCondition {
    const value = op === undefined ? 'true' : (this.#quoted() ?? this.#word(/[^\s(){}&|]/));
    if ((op !== undefined && op !== '=' && op !== '!=') || (value !== 'true' && value !== 'false')) {
      throw new EngineError('invalid', 'error can be true or false', { from, to: this.#at });
    }
    const failed = (value === 'true') === (op !== '!=');
    return { kind: 'compare', field: { scope: 'intrinsic', key: 'status' }, op: failed ? '=' : '!=', value: 'error', pattern: undefined };
  }

  #compare(field: SpanField, op: CompareOp, value: string, from: number): SpanCondition {
    const place = { from, to: this.#at };
    if (field.scope === 'intrinsic' && field.key === 'duration') {
      const durationNs = parseSpanDuration(value);
      if (durationNs === undefined || op === '=~' || op === '!~') {
        throw new EngineError('invalid', `a duration is compared with one like 100ms or 1.5s, not ${JSON.stringify(value)}`, place);
      }
      return { kind: 'compare', field, op, value: String(durationNs), pattern: undefined };
    }
    const ordering = op === '<' || op === '<=' || op === '>' || op === '>=';
    if (ordering && !isNumber(value)) throw new EngineError('invalid', `${op} compares numbers, not ${JSON.stringify(value)}`, place);
    return { kind: 'compare', field, op, value, pattern: op === '=~' || op === '!~' ? remembering(compilePattern(value)) : undefined };
  }

  /** A text in double or single quotes or backticks, with backslash escapes in the first two. */
  #quoted(): string | undefined {
    const quote = this.#text[this.#at];
    if (quote !== '"' && quote !== "'" && quote !== '`') return undefined;
    let value = '';
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      const char = this.#text[at]!;
      if (char === quote) {
        this.#at = at + 1;
        return value;
      }
      if (char === '\\' && quote !== '`') value += escaped(this.#text[++at] ?? '');
      else value += char;
    }
    throw this.#fault('a closing quote is missing');
  }

  #word(form: RegExp): string {
    const from = this.#at;
    while (this.#at < this.#text.length && form.test(this.#text[this.#at]!)) this.#at++;
    return this.#text.slice(from, this.#at);
  }

  #skipSpace(): number {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
    return this.#at;
  }

  #peek(): string {
    return this.#text[this.#skipSpace()] ?? '';
  }

  #take(token: string): boolean {
    this.#skipSpace();
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    this.#skipSpace();
    return true;
  }

  #fault(what: string): EngineError {
    return new EngineError('invalid', `the query cannot be read: ${what}`, { from: this.#at, to: this.#at + 1 });
  }
}

/** Blocks have their texts in common: what a pattern said of one is kept. */
function remembering(pattern: Pattern): Pattern {
  const known = new Map<string, boolean>();
  const matches = (text: string): boolean => {
    let answer = known.get(text);
    if (answer === undefined) {
      answer = pattern.matches(text);
      if (known.size < rememberedMax) known.set(text, answer);
    }
    return answer;
  };
  return { ...pattern, matches };
}

const escaped = (char: string): string => (char === 'n' ? '\n' : char === 't' ? '\t' : char);

function fieldOf(key: string): SpanField {
  if (Object.hasOwn(intrinsics, key)) return { scope: 'intrinsic', key: intrinsics[key]! };
  if (key.startsWith('.')) return { scope: 'attribute', key: key.slice(1) };
  const scope = scopes.find((one) => key.startsWith(`${one}.`));
  return scope === undefined ? { scope: 'any', key } : { scope, key: key.slice(scope.length + 1) };
}

/** Whether a text reads as a number. */
export function isNumber(text: string): boolean {
  return text.trim() !== '' && !Number.isNaN(Number(text));
}

/** `1.5s`, `100ms`, `250us`, or plain ns. Undefined when it is none. */
function parseSpanDuration(text: string): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)?$/.exec(text) ?? [];
  return amount === undefined ? undefined : Number(amount) * durationUnitsNs[unit ?? 'ns']!;
}
