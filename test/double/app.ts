import { EventEmitter } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appPackage, log, paths, preventable, readiness, readOr, strict } from './basis.ts';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** What windows and children add to the end of the app, in order: closing windows first, then what needs time. */
export const shutDown = {
  isQuitting: false,
  closeWindows: (): void => undefined,
  /** Settles when what the app started is gone. */
  finish: async (): Promise<void> => undefined,
};

class App extends EventEmitter {
  readonly isPackaged = false;
  readonly name = appPackage.name ?? 'app';
  #lockServer: Server | undefined;

  enableSandbox(): void {
    if (readiness.isReady) throw new Error('app.enableSandbox() can only be called before app is ready');
  }
  whenReady(): Promise<void> {
    return readiness.promise;
  }
  isReady(): boolean {
    return readiness.isReady;
  }
  getPath(name: string): string {
    if (name === 'userData') return paths.userData;
    return name === 'temp' ? tmpdir() : join(paths.userData, name);
  }
  setPath(name: string, path: string): void {
    if (name === 'userData') paths.userData = path;
  }
  getVersion(): string {
    return appPackage.version ?? '0.0.0';
  }
  getName(): string {
    return this.name;
  }
  setAsDefaultProtocolClient(scheme: string): boolean {
    log.warnings.push(`default protocol client for ${scheme} (not registered by the double)`);
    return true;
  }
  requestSingleInstanceLock(): boolean {
    mkdirSync(paths.userData, { recursive: true });
    const file = join(paths.userData, 'lock.pid');
    const socket = join(paths.userData, 'lock.sock');
    const holder = Number(readOr(file));
    if (holder > 0 && holder !== process.pid && isAlive(holder)) {
      createConnection(socket).end(JSON.stringify({ argv: process.argv, cwd: process.cwd() }));
      return false;
    }
    writeFileSync(file, String(process.pid));
    rmSync(socket, { force: true });
    this.#lockServer = createServer((peer) => {
      let text = '';
      peer.on('data', (part) => (text += String(part)));
      peer.on('end', () => {
        const { argv, cwd } = JSON.parse(text) as { argv: string[]; cwd: string };
        this.emit('second-instance', preventable(), argv, cwd, null);
      });
    })
      .listen(socket)
      .unref();
    return true;
  }
  quit(): void {
    void this.#quit();
  }
  exit(code = 0): void {
    process.exit(code);
  }

  async #quit(): Promise<void> {
    if (shutDown.isQuitting) return;
    const event = preventable();
    this.emit('before-quit', event);
    if (event.defaultPrevented) return;
    shutDown.isQuitting = true;
    if (!readiness.isReady) {
      setTimeout(() => process.exit(0), 50); // a second instance: its message leaves first
      return;
    }
    shutDown.closeWindows();
    this.emit('will-quit', preventable());
    this.emit('quit', preventable(), 0);
    this.#lockServer?.close();
    await shutDown.finish();
    process.exit(0);
  }
}

export const app = strict('app', new App());
