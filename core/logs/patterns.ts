import { logLevels, type LogLevel, type LogRecord } from '#core/model/index.ts';
import type { Condition } from './condition.ts';
import { Cutter } from './cut.ts';
import type { Pipeline } from './logql/pipeline.ts';
import type { OpenPart, Part } from './part.ts';
import { overLines, type Turns } from './volume.ts';

/**
 * Kinds of lines, merged where they differ in few words: Drain's similarity (He, Zhu, Zheng, Lyu, ICWS'17) over the templates that blocks are
 * made of, so that no line needs to be read.
 */
export interface LogPattern {
  /** `<_>` where lines differ; what the line filter `|>` takes. */
  readonly text: string;
  readonly level: LogLevel;
  /** Lines in each of the windows. */
  readonly counts: readonly number[];
  /** Lines by time, over the range from the first window's beginning to the last one's end. */
  readonly trend: Float64Array;
  readonly firstNs: bigint;
  readonly lastNs: bigint;
  /** One of its lines. */
  readonly sample: LogRecord;
}

export interface Patterns {
  readonly patterns: readonly LogPattern[];
  /** Kinds of lines beyond those that are merged and told; their lines are in no pattern. */
  readonly otherLines: number;
  readonly countedFromNs: bigint;
}

export interface PatternWindow {
  readonly fromNs: bigint;
  readonly toNs: bigint;
}

const variable = '<_>';
/** Templates that are compared with each other; those with the most lines. */
const mergedMax = 3000;
const patternsMax = 500;
/** Share of words that must be equal for two templates to be one pattern (Drain's `st`, and the share that its users arrive at for JSON). */
const similarity = 0.7;
const wordForm = /[\s"',:;=()[\]{}]+|[^\s"',:;=()[\]{}]+/g;

interface Seen {
  readonly text: string;
  readonly level: LogLevel;
  readonly counts: number[];
  readonly trend: Float64Array;
  firstNs: bigint;
  lastNs: bigint;
  /** Where a line of it is. */
  part: Part;
  row: number;
}

export async function patternsOf(
  parts: readonly Part[],
  condition: Condition,
  windows: readonly PatternWindow[],
  pipeline: Pipeline,
  buckets: number,
  turns: Turns,
): Promise<Patterns> {
  const collector = new Collector(condition, windows, buckets);
  const countedFromNs = await overLines(parts, condition, pipeline, turns, (part, row, record) => collector.take(part, row, record));
  const all = collector.all().sort((a, b) => total(b) - total(a) || (a.text < b.text ? -1 : 1));
  const merged = merge(all.slice(0, mergedMax)).sort((a, b) => total(b) - total(a) || (a.text < b.text ? -1 : 1));
  const told = merged.slice(0, patternsMax);
  const otherLines = all.reduce((sum, one) => sum + total(one), 0) - told.reduce((sum, one) => sum + total(one), 0);
  const patterns = told.map(({ part, row, ...rest }) => ({ ...rest, sample: part.open().record(row) }));
  return { patterns, otherLines, countedFromNs };
}

const total = ({ counts }: { readonly counts: readonly number[] }): number => counts.reduce((sum, one) => sum + one, 0);

class Collector {
  readonly #condition: Condition;
  readonly #windows: readonly PatternWindow[];
  readonly #buckets: number;
  readonly #seen = new Map<string, Seen>();
  readonly #cutter = new Cutter();
  /** Of the part being run over: what is known of each kind. */
  #part: Part | undefined;
  #rows: OpenPart['rows'] | undefined;
  #ofKind: (Seen | undefined)[] = [];
  #bounds: readonly (readonly [from: number, to: number])[] = [];
  #base = 0;

  constructor(condition: Condition, windows: readonly PatternWindow[], buckets: number) {
    this.#condition = condition;
    this.#windows = windows;
    this.#buckets = buckets;
  }

  all(): Seen[] {
    return [...this.#seen.values()].filter((one) => total(one) > 0);
  }

  take(part: Part, row: number, record: (() => LogRecord) | undefined): void {
    if (part !== this.#part) this.#begin(part);
    const rows = this.#rows!;
    const offset = rows.offsets[row]!;
    const window = this.#bounds.findIndex(([from, to]) => offset >= from && offset < to);
    if (window < 0) return;
    const kind = rows.kinds[row]!;
    const seen = this.#ofKind[kind] ?? this.#find(part, kind, row, record);
    seen.counts[window]!++;
    const { fromNs, toNs } = this.#condition;
    const bucket = Math.min(this.#buckets - 1, Math.floor(((this.#base + offset) * this.#buckets) / Number(toNs - fromNs)));
    seen.trend[bucket]!++;
    const timeNs = part.minNs + BigInt(offset);
    if (timeNs < seen.firstNs) seen.firstNs = timeNs;
    if (timeNs > seen.lastNs) seen.lastNs = timeNs;
  }

  #begin(part: Part): void {
    this.#part = part;
    this.#rows = part.open().rows;
    this.#ofKind = [];
    this.#base = Number(part.minNs - this.#condition.fromNs);
    this.#bounds = this.#windows.map(({ fromNs, toNs }) => [Number(fromNs - part.minNs), Number(toNs - part.minNs)] as const);
  }

  #find(part: Part, kind: number, row: number, record: (() => LogRecord) | undefined): Seen {
    const { texts, level } = part.kinds()[kind]!;
    if (texts === undefined) return this.#of((record ?? (() => part.open().record(row)))(), part, row);
    return (this.#ofKind[kind] = this.#entry(texts.join(variable), level, part, row));
  }

  /** Of a line whose kind says nothing: one in no block, or one with fields beside it. */
  #of({ line, level }: LogRecord, part: Part, row: number): Seen {
    const bytes = Buffer.from(line);
    if (!this.#cutter.cut(bytes, 0, bytes.length, 0)) return this.#entry(variable, level, part, row);
    const { bounds, count } = this.#cutter;
    let text = '';
    let at = 0;
    for (let i = 0; i < count; i++) {
      text += bytes.toString('utf8', at, bounds[i * 2]) + variable;
      at = bounds[i * 2 + 1]!;
    }
    return this.#entry(text + bytes.toString('utf8', at), level, part, row);
  }

  #entry(text: string, level: LogLevel, part: Part, row: number): Seen {
    const key = `${logLevels.indexOf(level)}${text}`;
    let seen = this.#seen.get(key);
    if (seen === undefined) {
      const timeNs = part.minNs + BigInt(this.#rows!.offsets[row]!);
      seen = { text, level, counts: this.#windows.map(() => 0), trend: new Float64Array(this.#buckets), firstNs: timeNs, lastNs: timeNs, part, row };
      this.#seen.set(key, seen);
    }
    return seen;
  }
}

/** Joins templates of one level and the same count of words, most of which are equal. */
function merge(seen: readonly Seen[]): Seen[] {
  const groups = new Map<string, { readonly words: string[]; readonly seen: Seen }[]>();
  const clusters: { readonly words: string[]; readonly seen: Seen }[] = [];
  for (const one of seen) {
    const words = one.text.match(wordForm) ?? [];
    const key = `${one.level} ${words.length}`;
    const group = groups.get(key) ?? [];
    if (group.length === 0) groups.set(key, group);
    const known = group.find((cluster) => alike(cluster.words, words));
    if (known === undefined) {
      const cluster = { words: [...words], seen: { ...one, counts: [...one.counts], trend: one.trend.slice() } };
      group.push(cluster);
      clusters.push(cluster);
    } else join(known, words, one);
  }
  return clusters.map(({ words, seen: one }) => ({ ...one, text: words.join('').replaceAll(/(?:<_>){2,}/g, variable) }));
}

function alike(a: readonly string[], b: readonly string[]): boolean {
  let [equal, words] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    if (/^[\s"',:;=()[\]{}]/.test(a[i]!)) {
      if (a[i] !== b[i]) return false;
      continue;
    }
    words++;
    if (a[i] === b[i]) equal++;
  }
  return equal >= words * similarity;
}

function join(cluster: { readonly words: string[]; readonly seen: Seen }, words: readonly string[], other: Seen): void {
  for (let i = 0; i < words.length; i++) if (cluster.words[i] !== words[i]) cluster.words[i] = variable;
  const { seen } = cluster;
  other.counts.forEach((count, i) => (seen.counts[i]! += count));
  other.trend.forEach((count, i) => (seen.trend[i]! += count));
  if (other.firstNs < seen.firstNs) seen.firstNs = other.firstNs;
  if (other.lastNs > seen.lastNs) seen.lastNs = other.lastNs;
}
