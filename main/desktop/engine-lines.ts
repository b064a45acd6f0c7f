/** The lines between the engine and who asks it on the desktop: each screen by a port of its own, and the shell for its notices. */
import { MessageChannelMain, Notification, type WebContents } from 'electron';
import { createClient, portTransport, type Notice, type SignalboxContract } from '#core/contract/index.ts';
import type { EngineProcess } from '../engine/engine-process.ts';
import { freshNotices, noticeKey } from './policy.ts';

export class EngineLines {
  readonly #waiting = new Set<WebContents>();
  readonly #onNotice: (link: string) => void;
  /** Shown ones are held until they are gone: a collected Notification hears no click. */
  readonly #shown = new Set<Notification>();
  #told = new Set<string>();
  readonly #sinceMs: number;
  #engine: EngineProcess | undefined;

  /** `onNotice` gets the link of a notice that the person clicked. Older notices than `sinceMs` are not shown again. */
  constructor(sinceMs: number, onNotice: (link: string) => void) {
    this.#sinceMs = sinceMs;
    this.#onNotice = onNotice;
  }

  /** Sends `contents` a port as soon as the engine is there. */
  connect(contents: WebContents): void {
    if (!this.#give(contents)) this.#waiting.add(contents);
  }

  /** The engine came up, for the first time or again. */
  engineUp(engine: EngineProcess): void {
    this.#engine = engine;
    for (const contents of this.#waiting) if (this.#give(contents)) this.#waiting.delete(contents);
    this.#watchNotices(engine);
  }

  #give(contents: WebContents): boolean {
    if (contents.isDestroyed()) return true;
    const { port1, port2 } = new MessageChannelMain();
    if (this.#engine?.attachPort(port1) !== true) return false;
    contents.postMessage('engine:port', null, [port2]);
    return true;
  }

  #watchNotices(engine: EngineProcess): void {
    const { port1, port2 } = new MessageChannelMain();
    if (!engine.attachPort(port1)) return;
    createClient<SignalboxContract>(portTransport(port2)).open('notices.watch', {}, (notices) => {
      for (const notice of freshNotices(notices, this.#told, this.#sinceMs)) this.#show(notice);
      this.#told = new Set(notices.map(noticeKey));
    });
  }

  #show(notice: Notice): void {
    const notification = new Notification({ title: notice.title, body: notice.body, urgency: notice.resolved ? 'low' : 'critical' });
    this.#shown.add(notification);
    notification.on('click', () => this.#onNotice(notice.link));
    notification.on('close', () => this.#shown.delete(notification));
    notification.show();
  }
}
