/** Whom to ask when a port is taken. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { EngineError } from '#core/model/index.ts';

/** Somebody else listens there. */
export class PortTaken extends EngineError {
  readonly port: number;

  constructor(port: number) {
    super('unavailable', `port ${port} is taken by ${holderOf(port) ?? 'another program'}; stop it, or use another port, such as --port ${port + 1}`);
    this.port = port;
  }
}

/** The sentence for a port that cannot be had; other errors come back as they are. */
export function portError(error: unknown, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') return new PortTaken(port);
  if (code === 'EACCES') return new EngineError('unavailable', `port ${port} may not be used by this user; name another with --port`);
  return error;
}

/** `process 812 (prometheus)` or `process 812 (node server.js)`, where the system tells (Linux, and only of one's own processes unless one is root). */
function holderOf(port: number): string | undefined {
  try {
    const inodes = [...listening('/proc/net/tcp', port), ...listening('/proc/net/tcp6', port)].map((inode) => `socket:[${inode}]`);
    const pid = readdirSync('/proc').find((name) => /^\d+$/.test(name) && inodes.some((inode) => holds(name, inode)));
    return pid === undefined ? undefined : `process ${pid} (${programOf(pid)})`;
  } catch {
    return undefined; // no /proc: not Linux
  }
}

/** The program and, for an interpreter, what it runs; not the rest of the line, which may hold secrets. */
function programOf(pid: string): string {
  const [program = '', first = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  return first === '' || first.startsWith('-') ? basename(program) : `${basename(program)} ${basename(first)}`;
}

/** Inodes of the sockets that listen on a port: proc_net_tcp(5), local address in column 1, state 0A, inode in column 9. */
function listening(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync(table, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[1]?.endsWith(suffix) === true && columns[3] === '0A')
    .map((columns) => columns[9]!);
}

function holds(pid: string, socket: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === socket);
  } catch {
    return false; // somebody else's process, or one that just ended
  }
}
