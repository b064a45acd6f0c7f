import { utilityProcess, type MessagePortMain } from 'electron';
import { childEnvironment, childV8Flags, type Child } from '../engine/child.ts';

/** Starts a file as a utility process of Electron: `fork` of node:child_process is switched off in the packaged app. */
export function startUtilityChild(file: string, name: string): Child {
  const child = utilityProcess.fork(file, [], {
    serviceName: name,
    stdio: 'inherit',
    env: childEnvironment(process.env),
    execArgv: [...childV8Flags],
  });
  let gone = false;
  child.once('exit', () => (gone = true));
  return {
    get pid() {
      return child.pid;
    },
    post: (message, ports) => {
      if (!gone) child.postMessage(message, [...((ports ?? []) as MessagePortMain[])]);
    },
    onMessage: (act) => void child.on('message', act),
    onExit: (act) => void child.once('exit', (code) => act(`exit code ${code}`)),
    kill: () => {
      // `kill` of a utility process asks; a process that hangs has to be ended by the system.
      if (child.pid !== undefined) process.kill(child.pid, 'SIGKILL');
    },
  };
}
