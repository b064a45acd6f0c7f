import { grouped, natives, QueryParts } from './query-parts.ts';
import { Random } from './random.ts';

const words = (text: string): string[] => text.split(' ');
const ofRangeFunctions = words(
  'rate increase delta irate idelta deriv changes resets sum_over_time avg_over_time min_over_time max_over_time count_over_time stddev_over_time stdvar_over_time last_over_time present_over_time absent_over_time mad_over_time ts_of_max_over_time ts_of_min_over_time ts_of_last_over_time',
);
const ofHistogramRanges = words(
  'rate increase delta irate idelta resets changes sum_over_time avg_over_time last_over_time count_over_time present_over_time ts_of_last_over_time max_over_time min_over_time stddev_over_time mad_over_time deriv absent_over_time',
);
const ofVectorFunctions = words(
  'abs ceil floor sgn sqrt exp ln log2 log10 sin cos tan atan asin acos sinh cosh tanh asinh acosh atanh rad deg day_of_month timestamp sort sort_desc minute hour day_of_week day_of_year days_in_month month year',
);
const aggregations = words('sum avg min max count group stddev stdvar');

/** Random queries that parse and have the right types; what they mean does not matter. */
export class QueryMaker {
  readonly #random: Random;
  readonly #parts: QueryParts;

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#parts = new QueryParts(this.#random);
  }

  query(): string {
    return this.#random.chance(0.05) ? this.#parts.scalar(2) : this.#vector(3);
  }

  #vector(depth: number): string {
    if (depth <= 0) return this.#parts.selector();
    const make = this.#random.pick([
      () => this.#parts.selector(),
      ...Array.from({ length: 3 }, () => () => this.#ofRange(depth)),
      ...Array.from({ length: 2 }, () => () => this.#ofVector(depth)),
      ...Array.from({ length: 3 }, () => () => this.#aggregation(depth)),
      ...Array.from({ length: 3 }, () => () => this.#binary(depth)),
      ...Array.from({ length: 2 }, () => () => this.#ofHistogram(depth)),
      () => this.#matching(),
      () => `-${this.#vector(depth - 1)}`,
      () => `(${this.#vector(depth - 1)})`,
    ]);
    return make();
  }

  #ranges(depth: number, histograms = false): string {
    const r = this.#random;
    if (depth > 1 && r.chance(0.25)) {
      const inner = histograms && r.chance(0.7) ? r.pick(natives) : grouped(this.#vector(depth - 2));
      return `${inner}[${this.#parts.duration(2)}:${this.#parts.resolution()}]${this.#parts.modifiers()}`;
    }
    const name = histograms
      ? r.pick(natives)
      : r.pick([this.#parts.float(), this.#parts.float(), 'duration_seconds_bucket', r.pick(['mixed', 'odd'])]);
    return `${name}${name.includes('{') ? '' : this.#parts.conditions()}[${this.#parts.duration()}]${this.#parts.modifiers()}`;
  }

  #ofRange(depth: number): string {
    const r = this.#random;
    const make = r.pick([
      ...Array.from({ length: 6 }, () => () => `${r.pick(ofRangeFunctions)}(${this.#ranges(depth)})`),
      ...Array.from({ length: 3 }, () => () => `${r.pick(ofHistogramRanges)}(${this.#ranges(depth, true)})`),
      () => `quantile_over_time(${this.#parts.number01()}, ${this.#ranges(depth, r.chance(0.2))})`,
      () => `predict_linear(${this.#ranges(depth, r.chance(0.2))}, ${r.pick(['60', '3600', '-30', '1h'])})`,
      () =>
        `double_exponential_smoothing(${this.#ranges(depth, r.chance(0.2))}, ${r.pick(['0.3', '0.99', '0', '1', '1.2'])}, ${r.pick(['0.7', '0.01'])})`,
    ]);
    return make();
  }

  #ofVector(depth: number): string {
    const r = this.#random;
    const inner = (): string => this.#vector(depth - 1);
    const make = r.pick([
      ...Array.from({ length: 6 }, () => () => `${r.pick(ofVectorFunctions)}(${inner()})`),
      () => `clamp(${inner()}, ${r.pick(['-5', '0', '3'])}, ${r.pick(['10', '2', 'NaN'])})`,
      () => `${r.pick(['clamp_min', 'clamp_max'])}(${inner()}, ${this.#parts.scalar(1)})`,
      () => `round(${inner()}${r.chance(0.5) ? `, ${r.pick(['0.1', '5', '1', '-2', '0'])}` : ''})`,
      () => `absent(${inner()})`,
      () => this.#labelFunction(inner()),
      () => this.#labelFunction(inner()),
      () => `vector(${this.#parts.scalar(depth - 1)})`,
      () => `${r.pick(['sort_by_label', 'sort_by_label_desc'])}(${inner()}, "instance"${r.pick(['', ', "job"', ', "code", "__name__"'])})`,
      () => `limit_ratio(${r.pick(['0.5', '-0.3', '1', '0', '-1', '2', 'NaN'])}, ${inner()})`,
      () => this.#info(inner()),
      () => `${r.pick(['hour', 'minute', 'month', 'days_in_month'])}()`,
    ]);
    return make();
  }

  #labelFunction(inner: string): string {
    const r = this.#random;
    if (r.chance(0.3))
      return `label_join(${inner}, "${r.pick(['joined', 'job', 'joined.name'])}", "${r.pick(['-', ''])}", "job", "${r.pick(['instance', 'service.name', 'none'])}")`;
    const to = r.pick(['job', 'extra', 'extra.name', '__name__']);
    const replacement = r.pick(['$1', 'x-$1', '', '${1}_$1', '$2', '$$1', '$name']);
    const pattern = r.pick(['(.*)', '(a|b)', 'c', '(?P<name>.+)', '.*', '([ab])|(c)']);
    return `label_replace(${inner}, "${to}", "${replacement}", "${r.pick(['instance', 'job', 'none', 'service.name', '__name__'])}", "${pattern}")`;
  }

  #info(inner: string): string {
    const selectors = ['', '', ', {version=~".+"}', ', {zone="x"}', ', {__name__="build_info"}', ', {__name__=~".+_info", revision=~".*"}'];
    return `info(${inner}${this.#random.pick(selectors)})`;
  }

  #ofHistogram(depth: number): string {
    const r = this.#random;
    const make = r.pick([
      () => `histogram_quantile(${this.#parts.number01()}, ${this.#histograms(depth)})`,
      () => `histogram_quantile(${this.#parts.number01()}, ${this.#histograms(depth)})`,
      () => `histogram_fraction(${r.pick(['0', '-1', '-Inf', '0.3', 'NaN', '5'])}, ${r.pick(['1', '2', '+Inf', '0.2'])}, ${this.#histograms(depth)})`,
      () => `${r.pick(words('histogram_count histogram_sum histogram_avg histogram_stddev histogram_stdvar'))}(${this.#histograms(depth)})`,
      () => this.#histograms(depth),
    ]);
    return make();
  }

  #histograms(depth: number): string {
    const r = this.#random;
    const native = (): string => r.pick(natives);
    const changed = (): string =>
      `${r.pick(['rate', 'increase', 'delta', 'sum_over_time', 'avg_over_time', 'idelta'])}(${native()}[${this.#parts.duration()}])`;
    const make = r.pick([
      () => `rate(duration_seconds_bucket[${this.#parts.duration()}])`,
      () => `sum by (le${r.pick(['', ', job', ', instance'])}) (rate(duration_seconds_bucket[${this.#parts.duration()}]))`,
      () => 'duration_seconds_bucket',
      () => native(),
      () => changed(),
      () => `${r.pick(['sum', 'avg', 'count', 'group', 'max', 'stddev'])}${this.#parts.grouping()}(${r.pick([native(), changed()])})`,
      () => `${native()} ${r.pick(['+', '-', '==', '!=', '*', '<'])} ${this.#parts.matching()} ${r.pick([native(), `${native()} offset 5m`])}`,
      () => `${native()} ${r.pick(['*', '/', '+', '>', '%', '== bool'])} ${r.pick(['2', '0.5', '-1', '0', 'NaN'])}`,
      () => `${r.pick(['3', '-0.5'])} ${r.pick(['*', '/', '-'])} ${native()}`,
      () => `-${native()}`,
      () => `{__name__=~"${r.pick(['latency|size', 'latency|custom', 'latency|duration_seconds_bucket', 'changing|depth', 'mixed|wild'])}"}`,
      () => this.#vector(depth - 1),
    ]);
    return make();
  }

  #aggregation(depth: number): string {
    const r = this.#random;
    const by = (): string => this.#parts.grouping();
    const inner = (): string => this.#vector(depth - 1);
    const make = r.pick([
      ...Array.from({ length: 6 }, () => () => `${r.pick(aggregations)}${by()}(${inner()})`),
      () => `${r.pick(aggregations)}(${inner()})${by()}`,
      () => `quantile${by()}(${this.#parts.number01()}, ${inner()})`,
      () => `count_values${by()}("${r.pick(['value', 'wert.größe', 'job', '__name__'])}", ${inner()})`,
      () => `count_values${by()}("value", ${r.pick(natives)})`,
      () => `${r.pick(['topk', 'bottomk'])}${by()}(${r.pick(['1', '2', '5', '0', '100', '1.9', '-1', 'NaN'])}, temperature + 0 * ${inner()})`,
      () =>
        `${r.pick(['topk', 'bottomk'])}${by()}(${r.pick(['1', '2', '5'])}, ${r.pick(['temperature', 'rate(temperature[5m])', 'deriv(temperature[10m])', 'mixed', 'odd'])})`,
      () => this.#counted(inner()),
    ]);
    return make();
  }

  /** How many elements limitk takes of each group; which ones it takes is for each engine to say. */
  #counted(inner: string): string {
    const by = this.#parts.grouping();
    const param = this.#random.pick(['1', '2', '100', '0', 'scalar(limit{job="api"}) % 3']);
    return `${this.#random.pick(['count', 'group'])}${by}(limitk${by}(${param}, ${inner}))`;
  }

  #binary(depth: number): string {
    const r = this.#random;
    const inner = (): string => this.#vector(depth - 1);
    const side = (): string => grouped(inner());
    const op = (): string => this.#parts.operator();
    const pair = 'sum by (job, instance)';
    const make = r.pick([
      () => `${side()} ${op()} ${this.#parts.scalar(1)}`,
      () => `${this.#parts.scalar(1)} ${op()} ${side()}`,
      () => `${side()} ${op()} ${this.#parts.matching()} ${side()}`,
      () => `${closed(inner())} ${op()} ${closed(inner())} ${op()} ${this.#parts.scalar(1)}`,
      () => `${pair} (${inner()}) ${op()} ${pair} (${inner()})`,
      () =>
        `${side()} ${r.pick(['and', 'or', 'unless'])} ${r.pick(['', 'on (job)', 'on (instance)', 'ignoring (code)', 'on ()', 'on ("service.name")'])} ${side()}`,
    ]);
    return make();
  }

  /** Between two vectors that do match, many to one or one to one. */
  #matching(): string {
    const r = this.#random;
    const many = r.pick(['requests_total', 'rate(requests_total[5m])', 'temperature', '{"http.server.requests"}', 'latency', 'mixed', 'custom']);
    const one = r.pick(['target_info', 'odd', 'steps', 'build_info', 'temperature', 'errors_total', 'changing']);
    const include = r.pick(['', 'version', 'zone, version', 'code', '__name__', '"service.name", version']);
    const make = r.pick([
      () => `${many} ${this.#parts.operator()} on (job, instance) group_left (${include}) ${one}`,
      () => `${one} ${this.#parts.operator()} on (job, instance) group_right (${include}) ${many}`,
      () => `${one} ${this.#parts.operator()} on (job, instance) ${r.pick(['steps', 'odd', 'latency', 'wild', 'temperature'])}`,
      () => `${many} ${r.pick(['and', 'or', 'unless'])} on (job, instance) ${one} ${this.#parts.comparison()} 1`,
    ]);
    return make();
  }
}

/** In parentheses if it has an offset: 3.5 takes an operator behind one for a part of the offset. */
function closed(text: string): string {
  return text.includes(' offset ') ? `(${text})` : text;
}
