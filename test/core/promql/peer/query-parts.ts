import type { Random } from './random.ts';

/** Counters and gauges, plain names first. */
const floats = ['requests_total', 'temperature', 'odd', 'limit', 'target_info', 'errors_total', 'steps', 'build_info'];
const quoted = ['{"http.server.requests"}', '{"température"}', '{"http.server.requests", job="api"}', '{"température", "ville/ort"=~"Z.*"}'];
export const natives = ['latency', 'size', 'changing', 'custom', 'wild', 'depth', 'mixed'];
const conditions = [
  'job="api"',
  'job!="api"',
  'instance=~"a|b"',
  'instance!~"a.*"',
  'job=~".+"',
  'instance=""',
  'code="200"',
  'job=~"w.b",instance="c"',
  '"job"=\'web\'',
  '`instance`=~`[bc]`',
  'instance!=""',
];
const lengths = ['30s', '1m', '2m30s', '5m', '17m', '1h'];
const worked = ['5m*2', '(1h-30m)/2', '300', '5m + 30', '2^8', '1h % 35m', '-(-90s)', '4m / 3', '1h30m - 75m * 1'];

/** The small parts of queries: selectors, modifiers, durations, groupings, matchings, scalars. */
export class QueryParts {
  readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  selector(): string {
    const r = this.random;
    const name = r.chance(0.7) ? this.float() : r.pick([...natives, 'duration_seconds_bucket', 'nothing', '{__name__=~"temp.*|limit"}']);
    return `${name}${name.includes('{') ? '' : this.conditions()}${this.modifiers()}`;
  }

  float(): string {
    return this.random.chance(0.12) ? this.random.pick(quoted) : this.random.pick(floats);
  }

  conditions(): string {
    return this.random.chance(0.6) ? '' : `{${this.random.pick(conditions)}}`;
  }

  modifiers(): string {
    const r = this.random;
    let text = r.chance(0.15) ? ` offset ${r.pick(['1m', '7m', '-3m', '20s', '-(2m/4)', '(1m + 30)', '90', '-1h'])}` : '';
    if (r.chance(0.08)) {
      const at = ` @ ${r.pick(['start()', 'end()', '1795136400', '1795137777.5', '1795136400.123', '-1', '0x6B000000'])}`;
      text = r.chance(0.5) ? text + at : at + text;
    }
    return text;
  }

  /** What stands in brackets. */
  duration(least = 0): string {
    return this.random.chance(0.15) ? this.random.pick(worked) : this.random.pick(lengths.slice(least));
  }

  /** The resolution of a subquery; empty: the default one. */
  resolution(): string {
    return this.random.chance(0.3) ? '' : this.random.pick(['30s', '1m', '45s', '2m', '7s*3', '100']);
  }

  number01(): string {
    return this.random.pick(['0', '0.1', '0.5', '0.9', '0.99', '1', '1.5', '-0.5', 'NaN', '+Inf', 'scalar(limit{job="api"}) / 100']);
  }

  grouping(): string {
    return this.random.pick([
      '',
      '',
      ' by (job) ',
      ' by (job, instance) ',
      ' without (instance) ',
      ' without () ',
      ' by () ',
      ' by (code) ',
      ' by ("service.name", job) ',
      ' without ("ville/ort", job,) ',
      ' by (__name__) ',
    ]);
  }

  arithmetic(): string {
    return this.random.pick(['+', '-', '*', '/', '%', '^', 'atan2']);
  }

  comparison(): string {
    return `${this.random.pick(['==', '!=', '<', '<=', '>', '>='])}${this.random.chance(0.3) ? ' bool' : ''}`;
  }

  operator(): string {
    return this.random.chance(0.6) ? this.arithmetic() : this.comparison();
  }

  matching(): string {
    return this.random.pick([
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
      'ignoring (code, version, "service.name") group_left ()',
      'on (job, "instance") group_right ("service.name")',
      'on (job, instance) group_left (__name__)',
    ]);
  }

  scalar(depth: number): string {
    const r = this.random;
    if (depth <= 0 || r.chance(0.6))
      return r.pick(['1', '0', '-2.5', '3e2', '100', 'Inf', 'NaN', '0.001', '1h', '0x1F', '1_000', '017', '.5', '2.', '-0', '1h30m']);
    const make = r.pick([
      () => 'time()',
      () => 'pi()',
      () => `scalar(limit{job="${r.pick(['api', 'web'])}"})`,
      () => `${this.scalar(depth - 1)} ${this.arithmetic()} ${this.scalar(depth - 1)}`,
      () => `-${this.scalar(depth - 1)}`,
      () => `(${this.scalar(depth - 1)} > bool ${this.scalar(depth - 1)})`,
      () => `scalar(${this.float()}{job="api", instance="a"})`.replace(/\{.*\}\{/, '{"http.server.requests", '),
    ]);
    return make();
  }
}

/** In parentheses unless it is a plain selector. */
export function grouped(text: string): string {
  return /^[a-z_]+(\{[^}]*\})?$/.test(text) ? text : `(${text})`;
}
