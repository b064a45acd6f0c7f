import type { Packer } from './packing.ts';
import type { Clock, DurationMs, Labels, LogLevel, LogRecord, UnixMs, UnixNs } from '#core/model/index.ts';

/** What became of a record. All but `stored` are rejections that the store has counted. */
export type LogVerdict = 'stored' | 'bad_time' | 'future' | 'too_long' | 'too_many_labels' | 'too_many_streams';

export interface LogsOptions {
  /** The dataset's folder; made when absent. Holds `logs.db`. */
  readonly folder: string;
  readonly clock: Clock;
  readonly limits?: Partial<LogLimits>;
  /** Packs what is loaded; without one, whoever loads does it. */
  readonly packer?: Packer | undefined;
}

export interface LogLimits extends LogRetention {
  /** How far ahead of the clock a record may be. Infinity for a case of imported files. */
  readonly futureMs: DurationMs;
}

export interface LogRetention {
  /** Blocks whose last record is older than this go. */
  readonly retentionMs: DurationMs;
  /** The oldest blocks go when blocks take more than this. */
  readonly retentionBytes: number;
}

/** A record as it is found again. */
export type FoundRecord = LogRecord;

export interface LogsStats {
  /** Records not yet in a block. */
  readonly headRecords: number;
  readonly blockRecords: number;
  readonly blocks: number;
  readonly blockBytes: number;
  /** Of the lines in blocks, as UTF-8 with their line feeds. */
  readonly rawBytes: number;
  readonly streams: number;
  readonly oldestNs: UnixNs | undefined;
  readonly newestNs: UnixNs | undefined;
  /** Records stored since the process began. */
  readonly appended: number;
  readonly rejected: ReadonlyMap<string, number>;
  /** What was found damaged and set aside, a sentence each. */
  readonly damage: readonly string[];
  /** Why the last upkeep failed, such as a full disk; empty when it went well. */
  readonly upkeepFault: string;
}

/** A line that somebody marked. */
export interface LogBookmark {
  readonly id: number;
  readonly timeNs: UnixNs;
  readonly labels: Labels;
  readonly line: string;
  readonly level: LogLevel;
  readonly note: string;
  readonly person: string;
  readonly madeMs: UnixMs;
}
