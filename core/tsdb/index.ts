/** The compressed metric store of one dataset. The byte formats are in FORMAT.md. */
export { openTsdb } from './store.ts';
export { openTsdbView } from './read-only.ts';
export { packParcel, ParcelReader } from './parcel.ts';
export type { Parcel } from './parcel.ts';
export { copyTsdb } from './upkeep/snapshot.ts';
export { examineTsdb } from './upkeep/doctor.ts';
export type { DoctorReport } from './upkeep/doctor.ts';
export { verdicts, verdictName, refusal } from './types.ts';
export type {
  Tsdb,
  TsdbView,
  TsdbOptions,
  Batch,
  Durability,
  SampleRuns,
  SeriesRef,
  SeriesExemplars,
  StoreLimits,
  TsdbStats,
  Verdict,
} from './types.ts';
export type { Damage } from './upkeep/quarantine.ts';
export type { Cardinality, Counted, GrowingLabel, RefusedSeries } from './names/cardinality.ts';
