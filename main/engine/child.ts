/** A process of ours, seen from the shell, whatever started it. */
import type { MessagePortMain } from 'electron';

export interface Child {
  readonly pid: number | undefined;
  /** Does nothing once the child is gone. Ports can be sent on the desktop only. */
  post(message: unknown, ports?: readonly MessagePortMain[]): void;
  onMessage(act: (message: unknown) => void): void;
  /** `how` is a phrase such as `exit code 3` or `signal SIGKILL`. */
  onExit(act: (how: string) => void): void;
  kill(): void;
}

/** Starts `main/<entry>`. */
export type StartChild = (entry: 'engine-entry' | 'reader-entry' | 'practice-entry') => Child;

/**
 * What a child may know of the environment: where programs and homes are, language and time zone, and how to reach the
 * network. Everything else (tokens, keys, options for Node itself) stays in the shell.
 */
const passed = [
  'PATH',
  'HOME',
  'USERPROFILE',
  'SystemRoot',
  'TMPDIR',
  'TEMP',
  'TMP',
  'LANG',
  'LC_ALL',
  'LC_TIME',
  'TZ',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
];

/**
 * For glibc's malloc, which otherwise keeps what large answers once took: blocks of 64 KB, which sockets are read in, and more go back to the
 * system when they are freed, and two arenas do for one busy thread. Saves a fifth of the engine's resident memory after a run of long
 * queries, and 20 MB where pages of 7 MB are scraped.
 */
const allocator = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_TRIM_THRESHOLD_: '262144' };

export function childEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  return { ...Object.fromEntries(passed.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))), ...allocator };
}

/**
 * What our children tell V8: room for new objects of 8 MB, a quarter of the usual. The engine keeps samples in typed arrays, so more room
 * would save it no time, and takes 48 MB of memory.
 */
export const childV8Flags: readonly string[] = ['--max-semi-space-size=8'];
