import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { app, shutDown } from './app.ts';
import { log, needReady, preventable, refuse, strict } from './basis.ts';
import { forgetPage, newPage, type FromPage, type PageOwner } from './browser.ts';
import { ipcMain } from './ipc.ts';
import { pageSide } from './page-side.ts';
import type { PortMain } from './ports.ts';
import { fromWeb, toWeb } from './schemes.ts';
import { defaultSession } from './session.ts';

interface Preferences {
  preload?: string;
  sandbox?: boolean;
  contextIsolation?: boolean;
  nodeIntegration?: boolean;
}
type OpenHandler = (details: { url: string; frameName: string; features: string; disposition: string }) => { action: string };

class WebContents extends EventEmitter implements PageOwner {
  readonly session = defaultSession;
  readonly expected = new Set<string>();
  readonly page: Promise<Page>;
  readonly #ports = new Map<number, PortMain>();
  #portNext = 1;
  #openHandler: OpenHandler | undefined;
  #url = '';
  #destroyed = false;
  #order: Promise<unknown> = Promise.resolve();

  constructor(preferences: Preferences, onClose: () => void) {
    super();
    const { sandbox, nodeIntegration, contextIsolation } = preferences;
    if (sandbox === false || nodeIntegration === true || contextIsolation === false) refuse('an unsandboxed or unisolated window');
    this.page = this.#open(preferences.preload, onClose);
    queueMicrotask(() => app.emit('web-contents-created', preventable(), this));
  }

  setWindowOpenHandler(handler: OpenHandler): void {
    this.#openHandler = handler;
  }
  setWebRTCIPHandlingPolicy(policy: string): void {
    log.warnings.push(`WebRTC policy ${policy} (not applied by the double)`);
  }
  getURL(): string {
    return this.#url;
  }
  isDestroyed(): boolean {
    return this.#destroyed;
  }
  async loadURL(url: string): Promise<void> {
    const page = await this.page;
    const web = toWeb(url);
    this.expected.add(web);
    try {
      await page.goto(web);
    } catch (error) {
      throw new Error(`ERR_FAILED (-2) loading '${url}'`, { cause: error });
    }
    this.emit('did-finish-load');
  }
  send(channel: string, ...args: unknown[]): void {
    this.#toPage({ t: 'msg', channel, args: structuredClone(args), ports: [] });
  }
  postMessage(channel: string, message: unknown, transfer: PortMain[] = []): void {
    const ids = transfer.map((port) => {
      const id = this.#portNext++;
      this.#ports.set(id, port);
      port.transferTo({
        receive: (data) => this.#toPage({ t: 'port', id, data }),
        peerClosed: () => {
          this.#ports.delete(id);
          this.#toPage({ t: 'close', id });
        },
      });
      return id;
    });
    this.#toPage({ t: 'msg', channel, args: [structuredClone(message)], ports: ids });
  }

  windowOpen(url: string): { action: string } | undefined {
    return this.#openHandler?.({ url, frameName: '', features: '', disposition: 'foreground-tab' });
  }
  fromPage(message: FromPage, frame: { url(): string; parentFrame(): unknown }): void {
    if (message.t === 'send') {
      const senderFrame = { url: fromWeb(frame.url()), parent: frame.parentFrame() === null ? null : {} };
      ipcMain.emit(message.channel, { ...preventable(), sender: this, senderFrame, processId: 1, frameId: 1 }, ...message.args);
      return;
    }
    const port = this.#ports.get(message.id);
    if (message.t === 'port') port?.channel.post(port.side, message.data);
    else this.#closePort(message.id);
  }

  async #open(preload: string | undefined, onClose: () => void): Promise<Page> {
    const page = await newPage(this);
    await page.addInitScript({ content: pageSide(preload === undefined ? '' : readFileSync(preload, 'utf8')) });
    page.on('console', (message) => log.console.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => log.console.push(`pageerror: ${error.message}`));
    page.on('domcontentloaded', () => this.emit('dom-ready', preventable()));
    page.on('download', (download) => {
      const event = preventable();
      defaultSession.emit('will-download', event, { getURL: () => fromWeb(download.url()) }, this);
      if (event.defaultPrevented) {
        log.denied.push(`download ${fromWeb(download.url())}`);
        void download.cancel();
      }
    });
    let isNewDocument = false;
    page.on('request', (request) => (isNewDocument ||= request.isNavigationRequest() && request.frame() === page.mainFrame()));
    page.on('framenavigated', (frame) => {
      if (frame !== page.mainFrame()) return;
      this.#url = fromWeb(frame.url());
      // A new fragment is a navigation too, and keeps the ports.
      if (isNewDocument) for (const id of this.#ports.keys()) this.#closePort(id);
      isNewDocument = false;
    });
    page.on('close', () => {
      this.#destroyed = true;
      forgetPage(page);
      for (const id of this.#ports.keys()) this.#closePort(id);
      this.emit('destroyed');
      onClose();
    });
    return page;
  }
  #closePort(id: number): void {
    const port = this.#ports.get(id);
    this.#ports.delete(id);
    port?.channel.close(port.side);
  }
  #toPage(message: unknown): void {
    const send = async (): Promise<void> => {
      const page = await this.page;
      await page.evaluate((held) => (globalThis as unknown as { __fromMain?: (value: unknown) => void }).__fromMain?.(held), message);
    };
    this.#order = this.#order.then(send).catch(() => undefined); // the page went meanwhile
  }
}

export class BrowserWindow extends EventEmitter {
  static readonly #all = new Set<BrowserWindow>();
  static #focused: BrowserWindow | null = null;
  readonly webContents: WebContents;
  #visible: boolean;
  #destroyed = false;

  static getAllWindows(): BrowserWindow[] {
    return [...BrowserWindow.#all];
  }
  static getFocusedWindow(): BrowserWindow | null {
    return BrowserWindow.#focused;
  }

  constructor(options: { show?: boolean; width?: number; height?: number; webPreferences?: Preferences } = {}) {
    super();
    needReady('BrowserWindow');
    this.#visible = options.show !== false;
    BrowserWindow.#all.add(this);
    this.webContents = strict('webContents', new WebContents(options.webPreferences ?? {}, () => this.#closed()));
    this.webContents.once('dom-ready', () => this.emit('ready-to-show'));
    void this.webContents.page.then((page) => page.setViewportSize({ width: options.width ?? 800, height: options.height ?? 600 }));
    return strict('BrowserWindow', this);
  }

  loadURL(url: string): Promise<void> {
    return this.webContents.loadURL(url);
  }
  show(): void {
    this.#visible = true;
    this.focus();
    this.emit('show');
  }
  hide(): void {
    this.#visible = false;
    this.emit('hide');
  }
  focus(): void {
    BrowserWindow.#focused = this;
    this.emit('focus');
  }
  restore(): void {
    this.emit('restore');
  }
  isVisible(): boolean {
    return this.#visible;
  }
  isFocused(): boolean {
    return BrowserWindow.#focused === this;
  }
  isMinimized(): boolean {
    return false;
  }
  isDestroyed(): boolean {
    return this.#destroyed;
  }
  close(): void {
    const event = preventable();
    this.emit('close', event);
    if (!event.defaultPrevented) void this.webContents.page.then((page) => page.close());
  }

  #closed(): void {
    this.#destroyed = true;
    BrowserWindow.#all.delete(this);
    this.emit('closed');
    if (BrowserWindow.#all.size === 0 && !shutDown.isQuitting) app.emit('window-all-closed');
  }
}

shutDown.closeWindows = () => BrowserWindow.getAllWindows().forEach((window) => window.close());
