import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { closeDb, openDb, type WriteDb } from '#core/db/index.ts';
import { EngineError } from '#core/model/index.ts';
import { createRunbooks, type CheckSample, type Runbooks, type RunbooksOptions } from '#core/runbooks/index.ts';
import { onTestFinished } from 'vitest';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';

export interface Desk {
  readonly runbooks: Runbooks;
  readonly clock: ManualClock;
  readonly db: WriteDb;
  readonly folder: string;
  /** Queries asked so far. */
  readonly asked: string[];
  /** What queries answer; by default nothing. */
  answer: (expr: string) => readonly CheckSample[] | EngineError;
  /** The same files and journal, opened anew. */
  reopen(): Runbooks;
}

/** Runbooks on a real journal in a temp folder, with the given files and a query whose answers the test gives. */
export function desk(files: Readonly<Record<string, string>>, more: Partial<RunbooksOptions> = {}): Desk {
  const folder = tempFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, 'runbooks', path)), { recursive: true });
    writeFileSync(join(folder, 'runbooks', path), text);
  }
  const path = join(folder, 'journal.db');
  const open = (): WriteDb => {
    const db = openDb(path, 'journal');
    onTestFinished(() => closeDb(db));
    return db;
  };
  const clock = new ManualClock();
  const asked: string[] = [];
  const options = (db: WriteDb): RunbooksOptions => ({
    folders: [join(folder, 'runbooks')],
    db,
    clock,
    query: (expr) => {
      asked.push(expr);
      const answer = made.answer(expr);
      return answer instanceof EngineError ? Promise.reject(answer) : Promise.resolve({ samples: answer });
    },
    ...more,
  });
  const db = open();
  const made: Desk = {
    runbooks: createRunbooks(options(db)),
    clock,
    db,
    folder,
    asked,
    answer: () => [],
    reopen: () => createRunbooks(options(open())),
  };
  return made;
}
