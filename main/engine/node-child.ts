import { fork } from 'node:child_process';
import { childEnvironment, childV8Flags, type Child } from './child.ts';

/** Starts a file as a process of this Node, joined by a channel that carries structured clones. */
export function startNodeChild(file: string): Child {
  const child = fork(file, [], {
    serialization: 'advanced',
    env: childEnvironment(process.env),
    execArgv: [...childV8Flags],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  child.on('error', () => undefined); // a message that could not be sent; 'exit' follows and says why
  return {
    get pid() {
      return child.pid;
    },
    post: (message) => {
      if (child.connected) child.send(message as object);
    },
    onMessage: (act) => void child.on('message', act),
    onExit: (act) => void child.once('exit', (code, signal) => act(signal === null ? `exit code ${code}` : `signal ${signal}`)),
    kill: () => void child.kill('SIGKILL'),
  };
}
