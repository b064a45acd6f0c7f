/** The compressed metric store of one dataset. The byte formats are in FORMAT.md. */
export { openTsdb } from './store.ts';
export { verdicts, verdictName, refusal } from './types.ts';
export type { Tsdb, TsdbOptions, Batch, Durability, SeriesRef, SeriesExemplars, StoreLimits, TsdbStats, Verdict } from './types.ts';
export type { Damage } from './quarantine.ts';
