import { fork, type ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { needReady, strict } from './basis.ts';
import type { PortMain } from './ports.ts';

interface ForkOptions {
  stdio?: unknown;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  serviceName?: string;
  execArgv?: string[];
}
type FromChild = { readonly t: 'msg'; readonly data: unknown } | { readonly t: 'port' | 'close'; readonly id: number; readonly data?: unknown };

export const children: Utility[] = [];

/** A real child process that has `process.parentPort`. */
class Utility extends EventEmitter {
  pid: number | undefined;
  readonly name: string;
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;
  readonly #ports = new Map<number, PortMain>();
  #portNext = 1;

  constructor(modulePath: string, args: string[], options: ForkOptions) {
    super();
    this.name = options.serviceName ?? '';
    this.#child = fork(modulePath, args, {
      serialization: 'advanced',
      env: { ...(options.env ?? process.env) },
      ...(options.cwd !== undefined && { cwd: options.cwd }),
      execArgv: [...(options.execArgv ?? []), '--import', new URL('./parent-port.ts', import.meta.url).href],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.once('spawn', () => {
      this.pid = this.#child.pid;
      this.emit('spawn');
    });
    this.#child.on('message', (message: FromChild) => this.#take(message));
    this.#child.on('error', () => undefined); // What is sent to a process that has just died is lost, as in Electron.
    this.exited = new Promise((done) =>
      this.#child.once('exit', (code, signal) => {
        this.pid = undefined;
        for (const id of this.#ports.keys()) this.#closePort(id);
        this.emit('exit', code ?? (signal === 'SIGTERM' ? 15 : 9));
        done();
      }),
    );
  }

  postMessage(data: unknown, transfer: PortMain[] = []): void {
    const ports = transfer.map((port) => {
      const id = this.#portNext++;
      this.#ports.set(id, port);
      port.transferTo({
        receive: (held) => this.#send({ t: 'port', id, data: held }),
        peerClosed: () => {
          this.#ports.delete(id);
          this.#send({ t: 'close', id });
        },
      });
      return id;
    });
    this.#send({ t: 'msg', data: structuredClone(data), ports });
  }
  kill(): boolean {
    return this.#child.kill();
  }

  #take(message: FromChild): void {
    if (message.t === 'msg') this.emit('message', message.data);
    else if (message.t === 'close') this.#closePort(message.id);
    else {
      const port = this.#ports.get(message.id);
      port?.channel.post(port.side, message.data);
    }
  }
  #closePort(id: number): void {
    const port = this.#ports.get(id);
    this.#ports.delete(id);
    port?.channel.close(port.side);
  }
  #send(message: object): void {
    if (this.#child.connected) this.#child.send(message);
  }
}

export const utilityProcess = strict('utilityProcess', {
  fork(modulePath: string, args: string[] = [], options: ForkOptions = {}): Utility {
    needReady('utilityProcess.fork');
    const child = strict('UtilityProcess', new Utility(modulePath, args, options));
    children.push(child);
    return child;
  },
});
