import type { LogBatch } from '#core/formats/index.ts';
import { EngineError, labelPairs, labelsKey, matchesLabels, type Labels, type LogLevel, type LogRecord, type Matcher } from '#core/model/index.ts';
import { addBookmark, listBookmarks, noteBookmark, removeBookmark } from './bookmarks.ts';
import type { Condition } from './condition.ts';
import { evaluateMetric } from './logql/evaluate.ts';
import type { MetricSeries } from './logql/series.ts';
import { readSelector, TokenReader } from './logql/parse.ts';
import { Pipeline } from './logql/pipeline.ts';
import { parseLogql } from './logql/query.ts';
import { stepsOf, type Grid } from './logql/grid.ts';
import { rangesOf } from './logql/ranges.ts';
import { parseSearch } from './logql/words.ts';
import type { Part } from './part.ts';
import { patternsOf, type Patterns, type PatternWindow } from './patterns.ts';
import { searchParts, type Direction, type SearchPage } from './search.ts';
import { breathe } from '#core/blocks/index.ts';
import { LogStore } from './store.ts';
import type { LogBookmark, LogRetention, LogsOptions, LogsStats, LogVerdict } from './types.ts';
import { summaryOf, volumeOf, type Summary, type Turns, type Volume } from './volume.ts';

const lastNs = 2n ** 63n - 1n;
/** A page that takes longer is given as far as it is; a count likewise. */
const pageBudgetMs = 250;
const countBudgetMs = 5000;
/** A metric is whole or it is refused (reliability: query row). */
const metricBudgetMs = 30_000;
const stepsMax = 11_000;

/** Which lines. */
export interface LogQuestion {
  /** LogQL or plain words (parseSearch); empty for all. */
  readonly text: string;
  /** All when absent. */
  readonly levels?: readonly LogLevel[] | undefined;
  /** Inclusive. */
  readonly fromNs?: bigint | undefined;
  /** Exclusive. */
  readonly toNs?: bigint | undefined;
}

export interface PageQuestion extends LogQuestion {
  readonly direction: Direction;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface MetricAnswer {
  readonly kind: 'scalar' | 'series';
  /** Of a scalar. */
  readonly value: number;
  readonly series: readonly MetricSeries[];
  readonly warnings: readonly string[];
}

/** The log store of one dataset. One process writes a folder at a time. Texts that are no query throw EngineError `invalid` with the place. */
export interface Logs {
  /**
   * A verdict for every record, when all that were stored are on stable storage. Appends that come together share a commit.
   * Rejects with EngineError `unavailable` when the disk takes no more; nothing of the append is then kept.
   */
  append(records: readonly LogRecord[]): Promise<readonly LogVerdict[]>;
  /** For imports: the same verdicts at once; records are readable and durable after `flush`. */
  load(records: readonly LogRecord[]): readonly LogVerdict[];
  /** The same for many records as columns: how many got each verdict. The batch may be used again at once. */
  loadBatch(batch: LogBatch): ReadonlyMap<LogVerdict, number>;
  /** Between two loads: writes a block that is nearly full in steps, so that nobody waits for the whole of it. */
  settle(): Promise<void>;
  /** Puts everything into blocks. */
  flush(): Promise<void>;
  /** A page in order of time. One that took too long ends early, with a cursor to go on from. */
  search(question: PageQuestion, signal?: AbortSignal): Promise<SearchPage>;
  volume(question: LogQuestion, buckets: number, signal?: AbortSignal): Promise<Volume>;
  summary(question: LogQuestion, signal?: AbortSignal): Promise<Summary>;
  /** Kinds of lines in each of the windows. */
  patterns(question: LogQuestion, windows: readonly PatternWindow[], buckets: number, signal?: AbortSignal): Promise<Patterns>;
  /** A LogQL metric at every instant of the grid. */
  metric(text: string, grid: Grid, signal?: AbortSignal): Promise<MetricAnswer>;
  /** Label sets of the streams with records in the range that meet one of the selectors, such as `{app="x"}`; all when there are none. */
  streams(selectors: readonly string[], fromNs: bigint, toNs: bigint): readonly Labels[];
  /** Calls `act` with the records that pass as they are appended. Returns what ends it. */
  tail(question: LogQuestion, act: (records: readonly LogRecord[]) => void): () => void;
  addBookmark(record: LogRecord, note: string, person: string): number;
  noteBookmark(id: number, note: string): void;
  removeBookmark(id: number): void;
  bookmarks(): readonly LogBookmark[];
  /** How much is kept from the next upkeep on. */
  keep(retention: LogRetention): void;
  stats(): LogsStats;
  close(): Promise<void>;
}

/** Opens (and makes) the store of a folder: every record acknowledged before is there when this returns. */
export function openLogs(options: LogsOptions): Logs {
  return new OpenLogs(options);
}

/** Whether a query is one of lines or of metrics. Throws EngineError `invalid` with the place. */
export function logqlKind(text: string): 'log' | 'metric' {
  return parseLogql(text).kind === 'log' ? 'log' : 'metric';
}

class OpenLogs implements Logs {
  readonly #store: LogStore;

  constructor(options: LogsOptions) {
    this.#store = new LogStore(options);
  }

  append(records: readonly LogRecord[]): Promise<readonly LogVerdict[]> {
    return this.#store.append(records);
  }

  load(records: readonly LogRecord[]): readonly LogVerdict[] {
    return this.#store.load(records);
  }

  loadBatch(batch: LogBatch): ReadonlyMap<LogVerdict, number> {
    return this.#store.loadBatch(batch);
  }

  settle(): Promise<void> {
    return this.#store.settle();
  }

  flush(): Promise<void> {
    return this.#store.flush();
  }

  async search({ direction, limit, cursor, ...question }: PageQuestion, signal?: AbortSignal): Promise<SearchPage> {
    const pipeline = new Pipeline(parseSearch(question.text));
    const condition = conditionOf(question, pipeline);
    const isOverdue = this.#deadline(pageBudgetMs);
    return this.#store.scan((parts) => searchParts(parts, { condition, sieve: pipeline.sieve, direction, limit, cursor, isOverdue, signal }));
  }

  volume(question: LogQuestion, buckets: number, signal?: AbortSignal): Promise<Volume> {
    return this.#count(question, signal, (parts, condition, pipeline, turns) => volumeOf(parts, condition, pipeline, buckets, turns));
  }

  summary(question: LogQuestion, signal?: AbortSignal): Promise<Summary> {
    return this.#count(question, signal, summaryOf);
  }

  patterns(question: LogQuestion, windows: readonly PatternWindow[], buckets: number, signal?: AbortSignal): Promise<Patterns> {
    const [first = { fromNs: 0n, toNs: lastNs }] = windows;
    const fromNs = windows.reduce((min, one) => (one.fromNs < min ? one.fromNs : min), first.fromNs);
    const toNs = windows.reduce((max, one) => (one.toNs > max ? one.toNs : max), first.toNs);
    return this.#count({ ...question, fromNs, toNs }, signal, (parts, condition, pipeline, turns) =>
      patternsOf(parts, condition, windows, pipeline, buckets, turns),
    );
  }

  async metric(text: string, grid: Grid, signal?: AbortSignal): Promise<MetricAnswer> {
    const stepSeconds = grid.stepMs / 1000;
    const expr = parseLogql(text, { step: stepSeconds, range: Math.max(stepSeconds, (grid.endMs - grid.startMs) / 1000) });
    if (expr.kind === 'log')
      throw new EngineError('invalid', 'this query makes lines, not a metric; put it into a function such as count_over_time(... [5m])');
    if (grid.endMs < grid.startMs || !(grid.stepMs > 0))
      throw new EngineError('invalid', 'the end lies before the start, or the step is not above 0');
    if (stepsOf(grid) > stepsMax) throw new EngineError('limit', `the query has more than ${stepsMax} steps; use a longer step`);
    const warnings: string[] = [];
    const pause = this.#metricPause(signal);
    const ranges = await this.#store.scan((parts) => {
      warnings.length = 0;
      return rangesOf(expr, { parts, grid, pause, warn: (sentence) => warnings.push(sentence) });
    });
    const value = evaluateMetric(expr, ranges, stepsOf(grid));
    if (value.kind === 'scalar') return { kind: 'scalar', value: value.value, series: [], warnings };
    return { kind: 'series', value: Number.NaN, series: value.series.filter(({ has }) => has.includes(1)), warnings };
  }

  streams(selectors: readonly string[], fromNs: bigint, toNs: bigint): readonly Labels[] {
    const wanted = selectors.map(selectorOf);
    const found = new Map<string, Labels>();
    for (const { minNs, maxNs, streams } of this.#store.parts()) {
      if (maxNs < fromNs || minNs >= toNs) continue;
      for (const labels of streams) {
        if (wanted.length === 0 || wanted.some((matchers) => matchesLabels(matchers, labels))) found.set(labelsKey(labels), labels);
      }
    }
    return [...found.values()];
  }

  tail(question: LogQuestion, act: (records: readonly LogRecord[]) => void): () => void {
    const pipeline = new Pipeline(parseSearch(question.text));
    const { matchers, levels } = conditionOf(question, pipeline);
    return this.#store.listen((records) => {
      const passed = records.flatMap((record) => {
        const isWanted = (levels === undefined || levels.has(record.level)) && matchesLabels(matchers, record.labels);
        const shown = isWanted ? pipeline.sieve(record) : undefined;
        return shown === undefined ? [] : [shown];
      });
      if (passed.length > 0) act(passed);
    });
  }

  addBookmark(record: LogRecord, note: string, person: string): number {
    return addBookmark(this.#store.db, record, note, person, this.#store.clock.now());
  }

  noteBookmark(id: number, note: string): void {
    noteBookmark(this.#store.db, id, note);
  }

  removeBookmark(id: number): void {
    removeBookmark(this.#store.db, id);
  }

  bookmarks(): readonly LogBookmark[] {
    return listBookmarks(this.#store.db);
  }

  keep(retention: LogRetention): void {
    this.#store.keep(retention);
  }

  stats(): LogsStats {
    return this.#store.stats();
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #count<T>(
    question: LogQuestion,
    signal: AbortSignal | undefined,
    act: (parts: readonly Part[], condition: Condition, pipeline: Pipeline, turns: Turns) => Promise<T>,
  ): Promise<T> {
    const pipeline = new Pipeline(parseSearch(question.text));
    const condition = conditionOf(question, pipeline);
    const isOverdue = this.#deadline(countBudgetMs);
    const turns: Turns = {
      pause: async () => {
        await breathe();
        if (signal?.aborted === true) throw new EngineError('cancelled', 'the count was cancelled');
        return isOverdue();
      },
    };
    return this.#store.scan((parts) => act(parts, condition, pipeline, turns));
  }

  #metricPause(signal: AbortSignal | undefined): () => Promise<void> {
    const isOverdue = this.#deadline(metricBudgetMs);
    return async () => {
      await breathe();
      if (signal?.aborted === true) throw new EngineError('cancelled', 'the query was cancelled');
      if (isOverdue()) throw new EngineError('timeout', `the query took longer than ${metricBudgetMs / 1000} s; narrow it, or ask for less time`);
    };
  }

  #deadline(budgetMs: number): () => boolean {
    const { clock } = this.#store;
    const endMs = clock.monotonicMs() + budgetMs;
    return () => clock.monotonicMs() > endMs;
  }
}

function conditionOf({ levels, fromNs = 0n, toNs = lastNs }: LogQuestion, { expr, evidence }: Pipeline): Condition {
  return { matchers: expr.matchers, levels: levels === undefined ? undefined : new Set(levels), evidence, fromNs, toNs };
}

function selectorOf(text: string): readonly Matcher[] {
  const reader = new TokenReader(text);
  const matchers = readSelector(reader);
  if (reader.token.kind !== 'end') throw reader.wrong('the selector should end here');
  return matchers;
}

/** The names of labels that streams have, sorted. */
export function labelNames(streams: readonly Labels[]): string[] {
  return [...new Set(streams.flatMap((labels) => [...labelPairs(labels)].map(([name]) => name)))].sort();
}
