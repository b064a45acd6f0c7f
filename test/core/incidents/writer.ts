/** Writes notes into a journal for ever and prints each one's number when it is answered; the kill test ends it. */
import { openDb } from '#core/db/index.ts';
import { createIncidents } from '#core/incidents/index.ts';

const clock = { now: () => 1_767_582_000_000, monotonicMs: () => 0, after: () => () => {} };
const incidents = createIncidents({ db: openDb(process.argv[2]!, 'journal'), clock });
const id = incidents.list()[0]?.id ?? incidents.declare({ title: 'x', sev: 4, why: '', by: 'A' }).id;
for (;;) {
  incidents.note(id, 'a line', 'A');
  process.stdout.write(`${incidents.events(id).length}\n`);
}
