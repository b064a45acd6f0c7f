/**
 * The folder of a person's data: made for them alone (0700), and used by one Signalbox at a time. `session.json` in it (0600)
 * says who has it and how tools of the same person reach it; it goes when that Signalbox ends.
 */
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EngineError, messageOf } from '#core/model/index.ts';

export interface SessionFile {
  readonly pid: number;
  /** `http://127.0.0.1:9797`; empty until the listeners are up. */
  readonly url: string;
  readonly otlpPort: number;
  /** For `Authorization: Bearer`. */
  readonly token: string;
}

export interface HeldDataDir {
  /** Says how the running Signalbox is reached. */
  publish(session: Omit<SessionFile, 'pid'>): void;
  release(): void;
}

const fileIn = (dataDir: string): string => join(dataDir, 'session.json');

/** Makes the folder when it is missing, and takes it; throws `conflict` when another Signalbox has it. */
export function holdDataDir(dataDir: string): HeldDataDir {
  const file = fileIn(dataDir);
  const write = (session: Omit<SessionFile, 'pid'>, name: string): void =>
    writeFileSync(name, JSON.stringify({ pid: process.pid, ...session }), { mode: 0o600 });
  const draft = `${file}.${process.pid}`;
  try {
    makeFolder(dataDir);
    write({ url: '', otlpPort: 0, token: '' }, draft);
  } catch (error) {
    throw new EngineError('unavailable', `${dataDir} cannot be used for data (${messageOf(error)}); name another folder with --data`);
  }
  try {
    take(dataDir, draft);
  } finally {
    rmSync(draft, { force: true });
  }
  return {
    publish: (session) => write(session, file),
    release: () => rmSync(file, { force: true }),
  };
}

/**
 * With its parents, a level at a time: where a file system answers "no such file" for a folder whose parent is there, as
 * /proc does, Node's own recursive mkdir never returns.
 */
function makeFolder(path: string): void {
  const isFolder = (): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  if (isFolder()) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (!isFolder()) throw error; // else another Signalbox made it meanwhile
  }
}

/** The running Signalbox that has the folder, if one does. */
export function runningIn(dataDir: string): SessionFile | undefined {
  try {
    const session = JSON.parse(readFileSync(fileIn(dataDir), 'utf8')) as SessionFile;
    return isSignalbox(session.pid) ? session : undefined;
  } catch {
    return undefined; // no file, or one that a crash left half written
  }
}

/** A link is made whole or not at all, so two that start at once cannot both take the folder. */
function take(dataDir: string, draft: string): void {
  const file = fileIn(dataDir);
  const running = runningIn(dataDir);
  if (running !== undefined) {
    const where = running.url === '' ? '' : ` at ${running.url}/`;
    throw new EngineError(
      'conflict',
      `${dataDir} is in use by the Signalbox of process ${running.pid}${where}; stop it, or name another folder with --data`,
    );
  }
  rmSync(file, { force: true });
  linkSync(draft, file);
}

/** How ours are started: from a checkout of whatever name, an installation, or the desktop app. */
const ours = /signalbox|main[/\\](bin\.js|cli\.(js|ts)|index)|electron/i;

/** Whether a process is there and is one of ours: ids are used again after a restart of the machine. */
function isSignalbox(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  try {
    return ours.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  } catch {
    return true; // no /proc: the id has to do
  }
}
