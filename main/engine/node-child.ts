import { fork } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { childEnvironment, childV8Flags, type Child } from './child.ts';
import { pipeFd, PipeWire } from './wire.ts';

/** Starts a file as a process of this Node, joined by a pipe; Node's own channel only tells the child when this process is gone. */
export function startNodeChild(file: string): Child {
  const child = fork(file, [], {
    env: childEnvironment(process.env),
    execArgv: [...childV8Flags],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'],
  });
  const takers: ((message: unknown) => void)[] = [];
  const wire = new PipeWire(child.stdio[pipeFd] as Duplex, (message) => takers.forEach((act) => act(message)));
  child.on('error', () => undefined); // it could not be started or ended; 'exit' says what became of it
  return {
    get pid() {
      return child.pid;
    },
    post: (message) => wire.post(message as object),
    onMessage: (act) => void takers.push(act),
    onExit: (act) => void child.once('exit', (code, signal) => act(signal === null ? `exit code ${code}` : `signal ${signal}`)),
    kill: () => void child.kill('SIGKILL'),
  };
}
