import { toasts } from './toasts.svelte.ts';

/** Puts text on the clipboard and says so. */
export async function copyText(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toasts.say('ok', `Copied ${what}`);
  } catch {
    toasts.say('warn', `The browser refused to copy ${what}; select it and copy by hand`);
  }
}
