import type { MetricType } from '#core/model/index.ts';
import { HeadReader, NumberReader, TailReader, byte } from './line.ts';
import { readComment, type Comment } from './metadata.ts';
import { FamilyCheck, type OpenMetricsSample } from './family.ts';

/** One thing that OpenMetrics 1.0 forbids. */
export interface OpenMetricsProblem {
  /** From 1. */
  readonly line: number;
  readonly reason: string;
}

const problemsMax = 100;

/**
 * Holds a page against the whole of OpenMetrics 1.0: not only lines, but families, groups, buckets and values.
 * A scrape does not ask for this much (ExpositionReader); it is for those who write exporters. At most 100 problems.
 */
export function checkOpenMetrics(page: Uint8Array): readonly OpenMetricsProblem[] {
  return new PageCheck(page).run();
}

/** Names that a family's samples may have, beside those that belong to nobody. */
const suffixes: Readonly<Record<MetricType, readonly string[]>> = {
  counter: ['_total', '_created'],
  summary: ['', '_count', '_sum', '_created'],
  histogram: ['_bucket', '_count', '_sum', '_created'],
  gaugehistogram: ['_bucket', '_gcount', '_gsum'],
  info: ['_info'],
  gauge: [''],
  stateset: [''],
  unknown: [''],
};

class PageCheck {
  readonly #page: Uint8Array;
  readonly #heads = new HeadReader('openmetrics');
  readonly #numbers = new NumberReader();
  readonly #tails = new TailReader('openmetrics');
  readonly #problems: OpenMetricsProblem[] = [];
  /** Every name that an earlier family has or could have. */
  readonly #taken = new Set<string>();
  #family = new Family('');
  #line = 0;

  constructor(page: Uint8Array) {
    this.#page = page;
  }

  run(): readonly OpenMetricsProblem[] {
    const page = this.#page;
    let eof = false;
    for (let at = 0; at < page.length && this.#problems.length < problemsMax;) {
      const found = page.indexOf(byte.newline, at);
      const to = found < 0 ? page.length : found;
      this.#line++;
      if (eof) this.#bad('text follows # EOF');
      else eof = this.#readLine(at, to);
      at = to + 1;
    }
    this.#endFamily();
    if (!eof && this.#problems.length < problemsMax) this.#bad('the page does not end with # EOF');
    return this.#problems;
  }

  #bad(reason: string): void {
    if (reason !== '') this.#problems.push({ line: this.#line, reason });
  }

  /** True for `# EOF`. */
  #readLine(from: number, to: number): boolean {
    if (from === to) this.#bad('the line is blank');
    else if (this.#page[from] === byte.hash) return this.#readComment(readComment(this.#page, from, to, 'openmetrics'));
    else this.#readSample(from, to);
    return false;
  }

  #readComment(comment: Comment): boolean {
    if (comment.kind === 'eof') return true;
    if (comment.kind === 'other') return false;
    if (comment.kind === 'bad') {
      this.#bad(comment.reason);
      return false;
    }
    if (comment.metric !== this.#family.name) this.#beginFamily(comment.metric);
    else if (this.#family.check !== undefined) this.#bad(`metadata of ${comment.metric} follows its samples`);
    this.#bad(this.#family.note(comment));
    return false;
  }

  #readSample(from: number, to: number): void {
    const reason = this.#heads.read(this.#page, from, to);
    if (reason !== '') return this.#bad(reason);
    const end = this.#heads.end;
    const value = this.#page[end] === byte.space && end + 1 < to ? this.#numbers.read(this.#page, end + 1) : Number.NaN;
    const valueEnd = this.#numbers.end;
    if (this.#page[end] !== byte.space || end + 1 >= to || valueEnd < 0) return this.#bad('one space and a value are expected after the labels');
    const tailReason = this.#tails.read(this.#page, valueEnd, to);
    if (tailReason !== '') return this.#bad(tailReason);
    const [, name = '', ...pairs] = this.#heads.pairs;
    const { seconds, exemplar } = this.#tails;
    this.#takeSample({ name, pairs, value, seconds: Number.isNaN(seconds) ? undefined : seconds, exemplar });
  }

  #takeSample(sample: OpenMetricsSample): void {
    const suffix = sample.name.slice(this.#family.name.length);
    const own = this.#family.name !== '' && sample.name.startsWith(this.#family.name) && suffixes[this.#family.type ?? 'unknown'].includes(suffix);
    if (!own) {
      this.#beginFamily(sample.name);
      this.#family.type = 'unknown';
    }
    this.#family.check ??= new FamilyCheck(this.#family.name, this.#family.type ?? 'unknown');
    this.#bad(this.#family.check.take(sample, own ? suffix : ''));
  }

  #beginFamily(name: string): void {
    this.#endFamily();
    this.#family = new Family(name);
  }

  #endFamily(): void {
    const { name, type, unit, check } = this.#family;
    if (name === '') return;
    for (const suffix of new Set(['', ...suffixes[type ?? 'unknown']])) {
      if (this.#taken.has(name + suffix)) this.#bad(`the name ${name + suffix} is already taken by an earlier family`);
      this.#taken.add(name + suffix);
    }
    if (unit !== undefined && unit !== '') {
      if (!name.endsWith(`_${unit}`)) this.#bad(`the unit ${unit} is not the end of the name ${name}`);
      if (type === 'info' || type === 'stateset') this.#bad(`a metric of type ${type} has no unit`);
    }
    this.#bad(check?.end() ?? '');
  }
}

/** A family while its lines come in. */
class Family {
  readonly name: string;
  type: MetricType | undefined;
  unit: string | undefined;
  help: string | undefined;
  /** Present from the first sample on. */
  check: FamilyCheck | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** Takes a line of metadata; answers why it may not stand here. */
  note(comment: Extract<Comment, { readonly metric: string }>): string {
    const repeated = this[comment.kind] !== undefined;
    if (comment.kind === 'type') this.type = comment.type;
    else this[comment.kind] = comment.text;
    return repeated ? `a second ${comment.kind.toUpperCase()} of ${this.name}` : '';
  }
}
