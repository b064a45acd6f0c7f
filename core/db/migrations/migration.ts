/**
 * A store is one SQLite file of a dataset's folder: `metrics` holds sealed frames and the index, `journal` what people and
 * rules did (alert states, incidents, runs), `traces` spans, `logs` log records, `intake` what was pushed and waits.
 */
export type StoreName = 'metrics' | 'journal' | 'traces' | 'logs' | 'intake';

/** A step of a store's tables. One that has shipped never changes; a new one comes after it. */
export interface Migration {
  readonly store: StoreName;
  readonly sql: string;
}
