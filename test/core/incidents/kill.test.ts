import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { closeDb, openDb } from '#core/db/index.ts';
import { createIncidents } from '#core/incidents/index.ts';
import { expect, test } from 'vitest';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';

/** Runs the writer until it has answered `count` more notes, kills it at once, and says the last number it answered. */
function killedAfter(path: string, count: number): Promise<number> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'writer.ts'), path], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.split('\n').length > count) child.kill('SIGKILL');
    });
    child.on('error', fail);
    child.on('close', () => done(Number(text.slice(0, text.lastIndexOf('\n')).split('\n').at(-1))));
  });
}

test('what was answered is there after kill -9, and nothing is torn', async () => {
  const path = join(tempFolder(), 'journal.db');
  let before = 0;
  for (const count of [1, 3, 10, 25, 2]) {
    const answered = await killedAfter(path, count);
    const db = openDb(path, 'journal');
    const incidents = createIncidents({ db, clock: new ManualClock() });
    const events = incidents.events(1);
    expect(answered).toBeGreaterThan(before);
    expect(events.length).toBeGreaterThanOrEqual(answered);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
    expect(incidents.get(1).title).toBe('x');
    before = events.length;
    closeDb(db);
  }
});
