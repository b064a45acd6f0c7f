/** Incidents and their events in the journal. Rows are only ever added. */
import { sql, type ReadDb, type WriteDb } from '#core/db/index.ts';
import type { IncidentEvent, IncidentFact, UnixMs } from '#core/model/index.ts';

/** The number of a new incident. */
export function insertIncident(db: WriteDb, declaredMs: UnixMs): number {
  return Number(sql(db, 'insert into incidents (declared_ms) values (?)').run(declaredMs).lastInsertRowid);
}

/** A clash of numbers is an error of SQLite. */
export function insertEvent(db: WriteDb, { incident, seq, atMs, loggedMs, by, what }: IncidentEvent): void {
  const text = 'insert into incident_events (incident, seq, at_ms, logged_ms, by, kind, fact) values (?, ?, ?, ?, ?, ?, ?)';
  sql(db, text).run(incident, seq, atMs, loggedMs, by, what.kind, JSON.stringify(what));
}

/** Each incident's number and the `seq` of its last event, the newest incident first. */
export function selectHeads(db: ReadDb): readonly { readonly incident: number; readonly seq: number }[] {
  const text = `select id as incident, (select max(seq) from incident_events where incident = id) as seq
    from incidents order by id desc`;
  return sql(db, text).all() as { incident: number; seq: number }[];
}

/** The events after `seq`, in order. */
export function selectEvents(db: ReadDb, incident: number, seq: number): readonly IncidentEvent[] {
  const text = `select seq, at_ms as atMs, logged_ms as loggedMs, by, fact from incident_events
    where incident = ? and seq > ? order by seq`;
  const rows = sql(db, text).all(incident, seq) as { seq: number; atMs: number; loggedMs: number; by: string; fact: string }[];
  return rows.map((row) => ({
    incident,
    seq: row.seq,
    atMs: row.atMs,
    loggedMs: row.loggedMs,
    by: row.by,
    what: JSON.parse(row.fact) as IncidentFact,
  }));
}
