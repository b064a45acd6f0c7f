import type { Notice } from '#core/contract/index.ts';
import type { Engine } from '../client/engine.svelte.ts';
import { LiveStream } from '../client/live.svelte.ts';
import { toasts } from '../ui/toasts.svelte.ts';
import { noticeLine } from './notice-line.ts';
import type { Router } from './router.svelte.ts';

/**
 * Tells the person what the engine wants them told: a toast, and in a browser the system's own notification where they
 * allowed it. (The desktop's main process shows that one itself.) What was there before the screen opened is not told again.
 */
export class Notices {
  readonly stream: LiveStream<'notices.watch'>;
  #lastId: number | undefined;
  #router: Router;
  #web: boolean;

  constructor(engine: Engine, router: Router) {
    this.#router = router;
    this.#web = engine.host.kind === 'web';
    this.stream = new LiveStream(engine, 'notices.watch', () => ({}));
    $effect(() => this.#take(this.stream.value ?? []));
  }

  #take(notices: readonly Notice[]): void {
    const last = notices.at(-1)?.id;
    if (this.stream.value === undefined) return;
    const before = this.#lastId;
    this.#lastId = last ?? 0;
    if (before === undefined) return;
    for (const notice of notices) if (notice.id > before) this.#tell(notice);
  }

  #tell(notice: Notice): void {
    toasts.say(notice.resolved ? 'ok' : 'warn', noticeLine(notice), notice.link);
    if (!this.#web || typeof Notification === 'undefined' || Notification.permission !== 'granted') return;
    const shown = new Notification(notice.title, { body: notice.body, tag: `signalbox-${notice.id}` });
    shown.addEventListener('click', () => {
      window.focus();
      if (notice.link.startsWith('#/')) this.#router.go(notice.link);
      shown.close();
    });
  }
}
