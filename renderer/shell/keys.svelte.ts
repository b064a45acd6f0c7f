import { untrack } from 'svelte';
import { keyName, matchKeys, type KeyBinding } from './keymap.ts';

/** A sequence that is not finished in this time is forgotten. */
const sequenceMs = 1_200;

/** The keys in force: those of the app and those of the view on the screen. */
export class Keys {
  bindings = $state.raw<readonly KeyBinding[]>([]);
  /** The beginning of a sequence, shown while the rest is awaited. */
  begun = $state('');
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    $effect(() => {
      const listener = (event: KeyboardEvent): void => this.#press(event);
      window.addEventListener('keydown', listener);
      return () => window.removeEventListener('keydown', listener);
    });
  }

  /** Binds keys for as long as the calling component lives. */
  bind(bindings: () => readonly KeyBinding[]): void {
    $effect(() => {
      const added = bindings();
      this.bindings = [...this.#without(added), ...added];
      return () => (this.bindings = this.#without(added));
    });
  }

  #without(gone: readonly KeyBinding[]): readonly KeyBinding[] {
    return this.#read().filter((one) => !gone.includes(one));
  }

  /** Read without becoming a dependency of the effect that binds. */
  #read(): readonly KeyBinding[] {
    return untrack(() => this.bindings);
  }

  #press(event: KeyboardEvent): void {
    if (
      event.defaultPrevented ||
      event.isComposing ||
      event.key === 'Shift' ||
      event.key === 'Control' ||
      event.key === 'Meta' ||
      event.key === 'Alt'
    )
      return;
    const name = keyName(event);
    if (!name.startsWith('Mod+') && isTyping(event)) return;
    const result = matchKeys(this.bindings, this.begun, name);
    clearTimeout(this.#timer);
    this.begun = result.kind === 'begun' ? result.pressed : '';
    if (result.kind === 'none') return;
    event.preventDefault();
    if (result.kind === 'act') result.binding.act();
    else this.#timer = setTimeout(() => (this.begun = ''), sequenceMs);
  }
}

/** Whether the key belongs to a field. The first of the composed path sees through shadow roots. */
function isTyping(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0];
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || (target.matches('input, textarea, select') && !target.matches('[type=checkbox], [type=radio]'));
}
