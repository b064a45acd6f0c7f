/** One driver, two shells: the double, always, and the real Electron where a binary is. Specs do not know which. */
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { _electron, chromium, test as base, type Page } from '@playwright/test';
import { electronBinary } from '../../../main/commands/electron.ts';

const root = resolve(import.meta.dirname, '../../..');
const mainFile = join(root, 'out/main/index.js');
const doubleHook = join(root, 'test/double/register.ts');

export interface Desktop {
  readonly kind: 'double' | 'electron';
  readonly page: Page;
  readonly dataDir: string;
  menu(id: string): Promise<void>;
  windows(): Promise<readonly { readonly visible: boolean; readonly url: string }[]>;
  openedOutside(): Promise<readonly string[]>;
  notifications(): Promise<readonly { readonly title: string; readonly body: string }[]>;
  killEngine(): Promise<void>;
  /** Starts the app again on the same data, as the system does for a link or a file; resolves with its exit code. */
  launchAgain(...args: string[]): Promise<number | null>;
  /** Only the double can answer these; specs say so by `test.skip(desktop.kind !== 'double', why)`. */
  ask<T>(operation: string, ...args: unknown[]): Promise<T>;
  quit(): Promise<void>;
}

interface State {
  readonly log: { readonly notifications: { title: string; body: string }[]; readonly external: string[] };
  readonly windows: { visible: boolean; url: string }[];
  readonly children: { name: string; pid: number | undefined }[];
}

/** Ports of its own, so that tests run beside each other and beside a person's Signalbox. */
const appArgs = (dataDir: string): string[] => ['--port', '0', '--data', dataDir];

function forkDouble(dataDir: string, args: readonly string[]): ChildProcess {
  return fork(mainFile, [...appArgs(dataDir), ...args], {
    execArgv: ['--import', doubleHook],
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

/** Asks the double over its process channel. */
function askingOf(child: ChildProcess): { ask: Desktop['ask']; ready: Promise<{ cdp: string }>; exited: Promise<void> } {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const question = (ctl: number): Promise<unknown> => {
    const asked = Promise.withResolvers<unknown>();
    waiting.set(ctl, asked);
    return asked.promise;
  };
  child.on('message', ({ ctl, value, error }: { ctl: number; value?: unknown; error?: string }) => {
    const asked = waiting.get(ctl);
    waiting.delete(ctl);
    if (error === undefined) asked?.resolve(value);
    else asked?.reject(new Error(error));
  });
  const exited = new Promise<void>((done) => {
    child.once('exit', (code) => {
      for (const asked of waiting.values()) asked.reject(new Error(`the main process ended (${code})`));
      done();
    });
  });
  let ctlNext = 1;
  const ready = question(0) as Promise<{ cdp: string }>;
  const ask = <T>(op: string, ...args: unknown[]): Promise<T> => {
    const ctl = ctlNext++;
    const answer = question(ctl) as Promise<T>;
    child.send({ ctl, op, args });
    return answer;
  };
  return { ask, ready, exited };
}

async function startDouble(dataDir: string): Promise<Desktop> {
  const child = forkDouble(dataDir, []);
  const { ask, ready, exited } = askingOf(child);
  const browser = await chromium.connectOverCDP((await ready).cdp);
  const context = browser.contexts()[0]!;
  const isScreen = (page: Page): boolean => page.url().startsWith('https://ui.app.double/');
  let page = context.pages().find(isScreen);
  while (page === undefined) {
    await ask('state');
    page = context.pages().find(isScreen);
  }
  const state = (): Promise<State> => ask<State>('state');
  return {
    kind: 'double',
    page,
    dataDir,
    ask,
    menu: (id) => ask('menu', id),
    windows: async () => (await state()).windows,
    openedOutside: async () => (await state()).log.external,
    notifications: async () => (await state()).log.notifications,
    killEngine: async () => {
      const engine = (await state()).children.findLast(({ name, pid }) => name === 'Signalbox engine' && pid !== undefined);
      process.kill(engine!.pid!, 'SIGKILL');
    },
    launchAgain: (...args) => new Promise((done) => forkDouble(dataDir, args).once('exit', done)),
    quit: async () => {
      if (child.exitCode === null && child.connected) await ask('quit');
      await exited;
      await browser.close();
    },
  };
}

async function startElectron(executablePath: string, dataDir: string): Promise<Desktop> {
  const flags = process.env['ELECTRON_TEST_ARGS']?.split(' ') ?? [];
  const app = await _electron.launch({
    executablePath,
    chromiumSandbox: process.getuid?.() !== 0,
    args: [...flags, root, ...appArgs(dataDir)],
    cwd: root,
  });
  // Observed: no browser is to open and no question to wait on the developer's machine.
  await app.evaluate(({ shell, dialog, Notification }) => {
    const seen = globalThis as unknown as { outside: string[]; notices: { title: string; body: string }[] };
    seen.outside = [];
    seen.notices = [];
    shell.openExternal = async (url: string) => void seen.outside.push(url);
    dialog.showMessageBox = async () => ({ response: 0, checkboxChecked: false });
    const show = Reflect.get(Notification.prototype, 'show');
    Notification.prototype.show = function observed(this: InstanceType<typeof Notification>) {
      seen.notices.push({ title: this.title, body: this.body });
      show.call(this);
    };
  });
  return {
    kind: 'electron',
    page: await app.firstWindow(),
    dataDir,
    menu: (id) => app.evaluate(({ Menu }, item) => Menu.getApplicationMenu()!.getMenuItemById(item)!.click(), id),
    windows: () =>
      app.evaluate(({ BrowserWindow }) =>
        BrowserWindow.getAllWindows().map((held) => ({ visible: held.isVisible(), url: held.webContents.getURL() })),
      ),
    openedOutside: () => app.evaluate(() => (globalThis as unknown as { outside: string[] }).outside),
    notifications: () => app.evaluate(() => (globalThis as unknown as { notices: { title: string; body: string }[] }).notices),
    killEngine: () =>
      app.evaluate(({ app: held }) => void process.kill(held.getAppMetrics().find(({ name }) => name === 'Signalbox engine')!.pid, 'SIGKILL')),
    launchAgain: (...args) =>
      new Promise((done) => spawn(executablePath, [...flags, root, ...appArgs(dataDir), ...args], { stdio: 'ignore' }).once('exit', done)),
    ask: () => Promise.reject(new Error('only the double can answer this')),
    quit: () => app.close(),
  };
}

export const test = base.extend<{ desktop: Desktop }, { shell: 'double' | 'electron' }>({
  shell: ['double', { option: true, scope: 'worker' }],
  desktop: async ({ shell }, use, info) => {
    const binary = shell === 'electron' ? electronBinary() : undefined;
    info.skip(shell === 'electron' && binary === undefined, 'no Electron binary');
    const dataDir = mkdtempSync(join(tmpdir(), 'signalbox-desktop-'));
    const desktop = binary === undefined ? await startDouble(dataDir) : await startElectron(binary, dataDir);
    await use(desktop);
    await desktop.quit();
    rmSync(dataDir, { recursive: true, force: true });
  },
});
export { expect } from '@playwright/test';
