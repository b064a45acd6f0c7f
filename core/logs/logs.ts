import type { LogRecord } from '#core/model/index.ts';
import { LogStore } from './store.ts';
import type { LogsOptions, LogsStats, LogVerdict } from './types.ts';

/** The log store of one dataset. One process writes a folder at a time. */
export interface Logs {
  /**
   * A verdict for every record, when all that were stored are on stable storage. Appends that come together share a commit.
   * Rejects with EngineError `unavailable` when the disk takes no more; nothing of the append is then kept.
   */
  append(records: readonly LogRecord[]): Promise<readonly LogVerdict[]>;
  /** For imports: the same verdicts at once; records are readable and durable after `flush`. */
  load(records: readonly LogRecord[]): readonly LogVerdict[];
  /** Puts everything into blocks. */
  flush(): Promise<void>;
  stats(): LogsStats;
  close(): Promise<void>;
}

/** Opens (and makes) the store of a folder: every record acknowledged before is there when this returns. */
export function openLogs(options: LogsOptions): Logs {
  const store = new LogStore(options);
  return {
    append: (records) => store.append(records),
    load: (records) => store.load(records),
    flush: () => store.flush(),
    stats: () => store.stats(),
    close: () => store.close(),
  };
}
