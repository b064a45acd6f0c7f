import * as v from 'valibot';
import { logLevels, type LogLevel } from '#core/model/index.ts';
import { datasetName, person, queryText, words } from './inputs.ts';
import { procedure, stream } from './rpc.ts';

/** A record of a log. Times are Unix ns as decimal strings; labels and fields are names and values laid flat. */
export interface LogLine {
  readonly timeNs: string;
  readonly level: LogLevel;
  readonly line: string;
  /** Of its stream. */
  readonly labels: readonly string[];
  /** Sent beside the line, and made by the query's parsers. */
  readonly fields: readonly string[];
  /** The trace and the span that the line names; empty when it names none. */
  readonly traceId: string;
  readonly spanId: string;
}

/** A page of lines in order of time. */
export interface LogPage {
  readonly lines: readonly LogLine[];
  /** The next page's cursor; absent on the last. */
  readonly next: string | undefined;
  /** Lines that were read to find them. */
  readonly looked: number;
  /** The search was cut off by its time; the next page goes on from there. */
  readonly isPartial: boolean;
  readonly elapsedMs: number;
}

/** Lines by time and level. */
export interface LogVolume {
  /** Buckets x levels, a row of levels a bucket, in the order of logLevels. */
  readonly counts: Float64Array;
  readonly buckets: number;
  /** Where counting stopped when its time was up; the beginning of the range otherwise. */
  readonly countedFromNs: string;
}

/** How many lines each part of a query hides, of those that the parts before it let pass. */
export interface LogSummary {
  readonly total: number;
  readonly hidden: readonly number[];
  readonly shown: number;
  readonly countedFromNs: string;
}

/** A kind of lines. */
export interface LogPatternRow {
  /** `<_>` where lines differ. */
  readonly text: string;
  readonly level: LogLevel;
  /** In each window. */
  readonly counts: readonly number[];
  /** Over the whole of the windows, oldest first. */
  readonly trend: Float64Array;
  readonly firstNs: string;
  readonly lastNs: string;
  readonly sample: string;
}

export interface LogPatterns {
  readonly patterns: readonly LogPatternRow[];
  readonly otherLines: number;
  readonly countedFromNs: string;
}

/** A LogQL metric: values of every series at every step, NaN where there are none. */
export interface LogMetric {
  readonly kind: 'scalar' | 'series';
  readonly value: number;
  readonly series: readonly { readonly labels: readonly string[]; readonly values: Float64Array }[];
  readonly warnings: readonly string[];
}

/** The fields that a line tells by itself, names and values laid flat. */
export interface LogFields {
  readonly fields: readonly string[];
}

export interface LogBookmarkView {
  readonly id: number;
  readonly timeNs: string;
  readonly labels: readonly string[];
  readonly line: string;
  readonly level: LogLevel;
  readonly note: string;
  readonly person: string;
  readonly madeMs: number;
}

/** What a live tail shows: the newest lines, and how many there were since it began. */
export interface LogTail {
  readonly lines: readonly LogLine[];
  readonly seen: number;
}

export interface LogStore {
  readonly records: number;
  readonly rawBytes: number;
  readonly storedBytes: number;
  readonly streams: number;
  readonly oldestNs: string | undefined;
  readonly newestNs: string | undefined;
  readonly labelNames: readonly string[];
}

const unixNs = v.pipe(v.string(), v.regex(/^\d{1,19}$/, 'is no time in ns'));
const flat = v.pipe(v.array(v.pipe(v.string(), v.maxLength(4096))), v.maxLength(128));
const question = {
  dataset: datasetName,
  text: queryText,
  levels: v.optional(v.array(v.picklist(logLevels))),
  fromNs: v.optional(unixNs),
  toNs: v.optional(unixNs),
};
const buckets = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(500));
const line = v.pipe(v.string(), v.maxLength(262_144));
const bookmarkId = v.pipe(v.number(), v.integer(), v.minValue(1));

export const logsContract = {
  /** Lines that plain words or LogQL ask for. */
  'logs.search': procedure<LogPage>()(
    v.object({
      ...question,
      direction: v.picklist(['backward', 'forward']),
      limit: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(5000)),
      cursor: v.optional(v.pipe(v.string(), v.maxLength(64))),
    }),
  ),
  'logs.volume': procedure<LogVolume>()(v.object({ ...question, buckets })),
  'logs.summary': procedure<LogSummary>()(v.object(question)),
  /** Kinds of lines in one window, or in two to compare. */
  'logs.patterns': procedure<LogPatterns>()(
    v.object({ ...question, windows: v.pipe(v.array(v.object({ fromNs: unixNs, toNs: unixNs })), v.minLength(1), v.maxLength(2)), buckets }),
  ),
  'logs.metric': procedure<LogMetric>()(
    v.object({ dataset: datasetName, text: queryText, startMs: v.number(), endMs: v.number(), stepMs: v.pipe(v.number(), v.minValue(1)) }),
  ),
  /** Whether a text asks for lines or for a metric; fails with the place when it is no query. */
  'logs.kind': procedure<{ readonly kind: 'log' | 'metric' }>()(v.object({ text: queryText })),
  'logs.fields': procedure<LogFields>()(v.object({ line })),
  /** Lines of the same stream before and after a time, filters off; oldest first. */
  'logs.context': procedure<{ readonly lines: readonly LogLine[] }>()(
    v.object({ dataset: datasetName, labels: flat, timeNs: unixNs, count: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(500)) }),
  ),
  'logs.store': procedure<LogStore>()(v.object({ dataset: datasetName })),
  'logs.labelValues': procedure<readonly string[]>()(v.object({ dataset: datasetName, name: v.pipe(v.string(), v.maxLength(256)) })),
  'logs.tail': stream<LogTail>()(v.object({ dataset: datasetName, text: queryText, levels: v.optional(v.array(v.picklist(logLevels))) })),
  'logs.bookmarks': procedure<readonly LogBookmarkView[]>()(v.object({ dataset: datasetName })),
  'logs.addBookmark': procedure<{ readonly id: number }>()(
    v.object({ dataset: datasetName, timeNs: unixNs, labels: flat, line, level: v.picklist(logLevels), note: words, person }),
  ),
  'logs.noteBookmark': procedure<null>()(v.object({ dataset: datasetName, id: bookmarkId, note: words })),
  'logs.removeBookmark': procedure<null>()(v.object({ dataset: datasetName, id: bookmarkId })),
};
