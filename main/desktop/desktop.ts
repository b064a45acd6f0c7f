/** The desktop app once it may begin: window, tray, engine, and what the system asks it to open. */
import { app, dialog, ipcMain, shell, type BrowserWindow, type IpcMainEvent, type Tray } from 'electron';
import { messageOf } from '#core/model/index.ts';
import { systemClock } from '../clock.ts';
import type { HostArgs } from '../commands/arguments.ts';
import type { EngineStatus } from '../engine/engine-process.ts';
import { startHost, type Host } from '../host.ts';
import { entryFile, rendererDir } from '../places.ts';
import { readAssets } from '../web/assets.ts';
import { PortTaken } from '../web/port-holder.ts';
import { EngineLines } from './engine-lines.ts';
import { setMenus } from './menus.ts';
import { isOurs, openingIn } from './policy.ts';
import { guardSession } from './session-policy.ts';
import { serveScreen } from './screen-protocol.ts';
import { startUtilityChild } from './utility-child.ts';
import { createWindow, showWindow } from './window.ts';

export class Desktop {
  readonly #args: HostArgs;
  readonly #lines = new EngineLines(systemClock.now(), (link) => this.#goTo(link));
  #status: EngineStatus = { engine: 'starting', reason: 'the engine is starting', restartInMs: 0 };
  #host: Host | undefined;
  #window: BrowserWindow | undefined;
  /** Held, because a collected Tray leaves the screen. */
  #tray: Tray | undefined;
  #asked: readonly string[] = process.argv.slice(1);
  #ending: 'no' | 'stopping' | 'stopped' = 'no';

  constructor(args: HostArgs) {
    this.#args = args;
  }

  /** When the app is ready. */
  start(): void {
    app.setAsDefaultProtocolClient('signalbox');
    guardSession();
    serveScreen(readAssets(rendererDir), () => this.#status);
    ipcMain.on('engine:connect', (event) => {
      if (isTrusted(event)) this.#lines.connect(event.sender);
    });
    this.#tray = setMenus({
      show: () => this.show(),
      openCase: () => void this.#chooseCase(),
      openInBrowser: () => void this.#openInBrowser(),
    });
    this.#open(this.#args.port).catch((error: unknown) => {
      dialog.showErrorBox('Signalbox cannot start', messageOf(error));
      app.quit();
    });
    this.show();
  }

  show(): void {
    if (!app.isReady() || this.#ending !== 'no') return;
    if (this.#window === undefined) this.#makeWindow();
    else showWindow(this.#window);
  }

  /** What the system asks to open, at the first start or by another one. */
  open(args: readonly string[]): void {
    const opening = openingIn(args);
    this.show();
    if (opening?.kind === 'link') this.#goTo(opening.link);
    if (opening?.kind === 'case') this.#refuseCase(opening.file);
  }

  /** Holds the end of the app until the engine has written its data. */
  beforeQuit(event: { preventDefault(): void }): void {
    if (this.#ending === 'stopped') return;
    event.preventDefault();
    if (this.#ending === 'stopping') return;
    this.#ending = 'stopping';
    this.#window?.hide();
    void (this.#host?.stop() ?? Promise.resolve()).finally(() => {
      this.#ending = 'stopped';
      this.#tray?.destroy();
      app.quit();
    });
  }

  async #open(port: number): Promise<void> {
    try {
      this.#host = await startHost({
        ...this.#args,
        port,
        shell: 'desktop',
        clock: systemClock,
        startChild: (entry) => startUtilityChild(entryFile(entry), `Signalbox ${entry.replace('-entry', '')}`),
        warn: (sentence) => process.stderr.write(`signalbox: ${sentence}\n`),
        onStatus: (status) => this.#heard(status),
      });
      await this.#host.engine.firstUp;
      this.#lines.engineUp(this.#host.engine);
    } catch (error) {
      if (!(error instanceof PortTaken) || !(await mayUseOtherPort(error))) throw error;
      await this.#open(0);
    }
  }

  #heard(status: EngineStatus): void {
    this.#status = status;
    if (this.#host !== undefined && (status.engine === 'up' || status.engine === 'safe')) this.#lines.engineUp(this.#host.engine);
  }

  #makeWindow(): void {
    const window = createWindow();
    this.#window = window;
    window.webContents.once('did-finish-load', () => {
      this.open(this.#asked);
      this.#asked = [];
    });
    window.on('close', (event) => {
      if (this.#ending !== 'no') return;
      event.preventDefault();
      window.hide();
    });
    window.on('closed', () => (this.#window = undefined));
  }

  #goTo(link: string): void {
    this.show();
    this.#window?.webContents.send('shell:open', link);
  }

  async #chooseCase(): Promise<void> {
    const { filePaths } = await dialog.showOpenDialog({ properties: ['openFile'], filters: [{ name: 'Case file', extensions: ['signalbox'] }] });
    if (filePaths[0] !== undefined) this.#refuseCase(filePaths[0]);
  }

  #refuseCase(file: string): void {
    void dialog.showMessageBox({ type: 'info', message: 'Case files are not yet supported', detail: file, buttons: ['OK'] });
  }

  async #openInBrowser(): Promise<void> {
    if (this.#host !== undefined) await shell.openExternal(this.#host.web.link());
  }
}

/** Whether a message comes from the screen itself and not from a frame in it. Read at once: `senderFrame` is null after a navigation. */
function isTrusted({ senderFrame }: IpcMainEvent): boolean {
  return senderFrame !== null && senderFrame.parent === null && isOurs(senderFrame.url);
}

async function mayUseOtherPort(error: PortTaken): Promise<boolean> {
  const { response } = await dialog.showMessageBox({
    type: 'warning',
    message: error.message.split(';')[0]!,
    detail: `Tools that push to port ${error.port} will not reach Signalbox on another one.`,
    buttons: ['Use another port', 'Quit'],
    defaultId: 0,
    cancelId: 1,
  });
  return response === 0;
}
