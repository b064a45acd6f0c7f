import type { Tone } from './tone.ts';

export interface Toast {
  readonly id: number;
  readonly tone: Tone;
  readonly text: string;
  readonly href: string | undefined;
}

/** Long enough to read a sentence at 03:00; errors stay until they are put away. */
const shownMs = 5_000;
const toastsMax = 4;

class Toasts {
  all = $state<readonly Toast[]>([]);
  #next = 1;

  say(tone: Tone, text: string, href?: string): void {
    const id = this.#next++;
    this.all = [...this.all, { id, tone, text, href }].slice(-toastsMax);
    if (tone !== 'bad') setTimeout(() => this.drop(id), shownMs);
  }

  drop(id: number): void {
    this.all = this.all.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
