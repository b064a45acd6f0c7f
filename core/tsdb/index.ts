/** The compressed metric store of one dataset. The byte formats are in FORMAT.md. */
export { openTsdb } from './store.ts';
export { openTsdbView } from './read-only.ts';
export { examineTsdb } from './doctor.ts';
export type { DoctorReport } from './doctor.ts';
export { verdicts, verdictName, refusal } from './types.ts';
export type { Tsdb, TsdbView, TsdbOptions, Batch, Durability, SeriesRef, SeriesExemplars, StoreLimits, TsdbStats, Verdict } from './types.ts';
export type { Damage } from './quarantine.ts';
export type { Cardinality, Counted, GrowingLabel, RefusedSeries } from './cardinality.ts';
