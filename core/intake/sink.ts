import type { Logs } from '#core/logs/index.ts';
import type { Traces } from '#core/traces/index.ts';
import type { Tsdb } from '#core/tsdb/index.ts';

/** What intake writes to. A ref below 0 is a refused series, and `-ref` the verdict. */
export interface SampleSink extends Pick<Tsdb, 'ref' | 'batch' | 'setMetadata' | 'addExemplar'> {
  /** Sees a push's commit through, to know how long stable storage takes. */
  readonly watched?: (commit: Promise<void>) => Promise<void>;
}

/** What received spans go to. */
export type SpanSink = Pick<Traces, 'append'>;

/** What received log records go to. */
export type LogSink = Pick<Logs, 'append'>;
