import { Random } from './random.ts';

const floats = ['requests_total', 'temperature', 'odd', 'limit', 'target_info'];
const natives = ['latency', 'size'];
const durations = ['30s', '1m', '2m30s', '5m', '17m', '1h'];

/** Random queries that parse and have the right types; what they mean does not matter. */
export class QueryMaker {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  query(): string {
    return this.#random.chance(0.05) ? this.#scalar(2) : this.#vector(3);
  }

  #vector(depth: number): string {
    const r = this.#random;
    if (depth <= 0) return this.#selector();
    const make = r.pick([
      () => this.#selector(),
      () => this.#ofRange(depth),
      () => this.#ofRange(depth),
      () => this.#ofRange(depth),
      () => this.#ofVector(depth),
      () => this.#ofVector(depth),
      () => this.#aggregation(depth),
      () => this.#aggregation(depth),
      () => this.#aggregation(depth),
      () => this.#binary(depth),
      () => this.#binary(depth),
      () => this.#binary(depth),
      () => this.#ofHistogram(depth),
      () => `-${this.#vector(depth - 1)}`,
      () => `(${this.#vector(depth - 1)})`,
    ]);
    return make();
  }

  #selector(): string {
    const r = this.#random;
    const name = r.chance(0.8) ? r.pick(floats) : r.pick([...natives, 'duration_seconds_bucket', 'nothing']);
    return `${name}${this.#conditions()}${this.#modifiers()}`;
  }

  #conditions(): string {
    const r = this.#random;
    if (r.chance(0.6)) return '';
    return `{${r.pick(['job="api"', 'job!="api"', 'instance=~"a|b"', 'instance!~"a.*"', 'job=~".+"', 'instance=""', 'code="200"', 'job=~"w.b",instance="c"'])}}`;
  }

  #modifiers(): string {
    const r = this.#random;
    let text = r.chance(0.15) ? ` offset ${r.pick(['1m', '7m', '-3m', '20s'])}` : '';
    if (r.chance(0.07)) text += ` @ ${r.pick(['start()', 'end()', '1795136400', '1795137777.5'])}`;
    return text;
  }

  #ranges(depth: number, histograms = false): string {
    const r = this.#random;
    if (depth > 1 && r.chance(0.25)) {
      const step = r.chance(0.3) ? '' : r.pick(['30s', '1m', '45s', '2m']);
      return `${this.#group(this.#vector(depth - 2))}[${r.pick(durations.slice(2))}:${step}]${this.#modifiers()}`;
    }
    const name = histograms ? r.pick(natives) : r.pick([...floats, 'duration_seconds_bucket', r.chance(0.2) ? 'latency' : 'odd']);
    return `${name}${this.#conditions()}[${r.pick(durations)}]${this.#modifiers()}`;
  }

  #group(text: string): string {
    return /^[a-z_]+(\{[^}]*\})?$/.test(text) ? text : `(${text})`;
  }

  #ofRange(depth: number): string {
    const r = this.#random;
    const plain =
      'rate increase delta irate idelta deriv changes resets sum_over_time avg_over_time min_over_time max_over_time count_over_time stddev_over_time stdvar_over_time last_over_time present_over_time absent_over_time mad_over_time ts_of_max_over_time ts_of_min_over_time ts_of_last_over_time'.split(
        ' ',
      );
    const make = r.pick([
      ...Array.from({ length: 6 }, () => () => `${r.pick(plain)}(${this.#ranges(depth)})`),
      () => `quantile_over_time(${this.#number01()}, ${this.#ranges(depth)})`,
      () => `predict_linear(${this.#ranges(depth)}, ${r.pick(['60', '3600', '-30'])})`,
      () => `double_exponential_smoothing(${this.#ranges(depth)}, 0.3, 0.7)`,
      () =>
        `${r.pick(['rate', 'increase', 'delta', 'sum_over_time', 'avg_over_time', 'last_over_time', 'irate', 'idelta', 'resets', 'changes'])}(${this.#ranges(depth, true)})`,
    ]);
    return make();
  }

  #ofVector(depth: number): string {
    const r = this.#random;
    const inner = (): string => this.#vector(depth - 1);
    const plain =
      'abs ceil floor sgn sqrt exp ln log2 log10 sin cos tan atan asin acos sinh cosh tanh asinh acosh atanh rad deg day_of_month timestamp sort sort_desc minute hour day_of_week day_of_year days_in_month month year'.split(
        ' ',
      );
    const make = r.pick([
      ...Array.from({ length: 6 }, () => () => `${r.pick(plain)}(${inner()})`),
      () => `clamp(${inner()}, ${r.pick(['-5', '0', '3'])}, ${r.pick(['10', '2', 'NaN'])})`,
      () => `${r.pick(['clamp_min', 'clamp_max'])}(${inner()}, ${this.#scalar(1)})`,
      () => `round(${inner()}${r.chance(0.5) ? `, ${r.pick(['0.1', '5', '1'])}` : ''})`,
      () => `absent(${inner()})`,
      () =>
        `label_replace(${inner()}, "${r.pick(['job', 'extra'])}", "${r.pick(['$1', 'x-$1', ''])}", "${r.pick(['instance', 'job', 'none'])}", "${r.pick(['(.*)', '(a|b)', 'c'])}")`,
      () => `label_join(${inner()}, "joined", "-", "job", "instance")`,
      () => `vector(${this.#scalar(depth - 1)})`,
      () => `${r.pick(['sort_by_label', 'sort_by_label_desc'])}(${inner()}, "instance")`,
      () => `limit_ratio(${r.pick(['0.5', '-0.3', '1', '0'])}, ${inner()})`,
      () => `info(${inner()})`,
    ]);
    return make();
  }

  #ofHistogram(depth: number): string {
    const r = this.#random;
    const source = r.pick([
      () => `rate(duration_seconds_bucket[${r.pick(durations)}])`,
      () => `sum by (le${r.pick(['', ', job', ', instance'])}) (rate(duration_seconds_bucket[${r.pick(durations)}]))`,
      () => 'duration_seconds_bucket',
      () => r.pick(natives),
      () => `rate(${r.pick(natives)}[${r.pick(durations)}])`,
      () => `${r.pick(['sum', 'avg'])}${this.#grouping()}(${r.pick(['latency', 'rate(latency[5m])', 'size'])})`,
      () => `latency ${r.pick(['+', '-'])} ${r.pick(['latency', 'latency offset 5m'])}`,
      () => `${r.pick(natives)} ${r.pick(['*', '/'])} ${r.pick(['2', '0.5', '-1', '0'])}`,
      () => this.#vector(depth - 1),
    ]);
    const make = r.pick([
      () => `histogram_quantile(${this.#number01()}, ${source()})`,
      () => `histogram_quantile(${this.#number01()}, ${source()})`,
      () => `histogram_fraction(${r.pick(['0', '-1', '-Inf', '0.3'])}, ${r.pick(['1', '2', '+Inf', '0.2'])}, ${source()})`,
      () => `${r.pick(['histogram_count', 'histogram_sum', 'histogram_avg', 'histogram_stddev', 'histogram_stdvar'])}(${source()})`,
      () => source(),
    ]);
    return make();
  }

  #number01(): string {
    return this.#random.pick(['0', '0.1', '0.5', '0.9', '0.99', '1', '1.5', '-0.5', 'NaN', 'scalar(limit{job="api"}) / 100']);
  }

  #grouping(): string {
    return this.#random.pick(['', '', ' by (job) ', ' by (job, instance) ', ' without (instance) ', ' without () ', ' by (code) ']);
  }

  #aggregation(depth: number): string {
    const r = this.#random;
    const inner = (): string => this.#vector(depth - 1);
    const make = r.pick([
      ...Array.from(
        { length: 6 },
        () => () => `${r.pick(['sum', 'avg', 'min', 'max', 'count', 'group', 'stddev', 'stdvar'])}${this.#grouping()}(${inner()})`,
      ),
      () => `quantile${this.#grouping()}(${this.#number01()}, ${inner()})`,
      () => `count_values${this.#grouping()}("value", ${inner()})`,
      () => `${r.pick(['topk', 'bottomk'])}${this.#grouping()}(${r.pick(['1', '2', '5', '0', '100'])}, temperature + 0 * ${inner()})`,
      () =>
        `${r.pick(['topk', 'bottomk'])}${this.#grouping()}(${r.pick(['1', '2', '5'])}, ${r.pick(['temperature', 'rate(temperature[5m])', 'deriv(temperature[10m])'])})`,
    ]);
    return make();
  }

  #binary(depth: number): string {
    const r = this.#random;
    const side = (): string => this.#group(this.#vector(depth - 1));
    const arithmetic = (): string => r.pick(['+', '-', '*', '/', '%', '^', 'atan2']);
    const comparison = (): string => `${r.pick(['==', '!=', '<', '<=', '>', '>='])}${r.chance(0.3) ? ' bool' : ''}`;
    const op = (): string => (r.chance(0.6) ? arithmetic() : comparison());
    const scalar = (): string => this.#scalar(1);
    const matching = (): string =>
      r.pick([
        '',
        '',
        'on (job, instance)',
        'ignoring (code)',
        'on (job)',
        'on (instance)',
        'on ()',
        'ignoring (instance)',
        'on (job, instance) group_left ()',
        'on (job) group_left ()',
        'on (job, instance) group_left (version)',
        'on (job, instance) group_right (zone)',
      ]);
    const make = r.pick([
      () => `${side()} ${op()} ${scalar()}`,
      () => `${scalar()} ${op()} ${side()}`,
      () => `${side()} ${op()} ${matching()} ${side()}`,
      () =>
        `${r.pick(['requests_total', 'rate(requests_total[5m])', 'temperature'])} ${op()} on (job, instance) group_left (${r.pick(['', 'version', 'zone, version'])}) ${r.pick(['target_info', 'odd'])}`,
      () => `sum by (job, instance) (${this.#vector(depth - 1)}) ${op()} sum by (job, instance) (${this.#vector(depth - 1)})`,
      () => `${side()} ${r.pick(['and', 'or', 'unless'])} ${r.pick(['', 'on (job)', 'on (instance)', 'ignoring (code)', 'on ()'])} ${side()}`,
    ]);
    return make();
  }

  #scalar(depth: number): string {
    const r = this.#random;
    if (depth <= 0 || r.chance(0.6)) return r.pick(['1', '0', '-2.5', '3e2', '100', 'Inf', 'NaN', '0.001', '1h']);
    const make = r.pick([
      () => 'time()',
      () => 'pi()',
      () => `scalar(limit{job="${r.pick(['api', 'web'])}"})`,
      () => `${this.#scalar(depth - 1)} ${r.pick(['+', '-', '*', '/', '%', '^'])} ${this.#scalar(depth - 1)}`,
      () => `-${this.#scalar(depth - 1)}`,
      () => `(${this.#scalar(depth - 1)} > bool ${this.#scalar(depth - 1)})`,
    ]);
    return make();
  }
}
