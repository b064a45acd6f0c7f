import type { Labels } from './labels.ts';
import type { DurationMs, UnixMs } from './time.ts';

export type TargetHealth = 'unknown' | 'up' | 'down';

/** One scrape target and how its last scrape went. */
export interface Target {
  readonly job: string;
  readonly url: string;
  readonly labels: Labels;
  readonly health: TargetHealth;
  /** Empty when the last scrape went well. */
  readonly lastError: string;
  readonly lastScrapeMs: UnixMs | undefined;
  readonly lastDurationMs: DurationMs;
  readonly lastBytes: number;
  readonly lastSamples: number;
  /** Lines of the last body that could not be read, with the first such line's place and reason. */
  readonly lastBadLines: number;
  readonly lastBadLine: string;
  readonly intervalMs: DurationMs;
  readonly timeoutMs: DurationMs;
}
