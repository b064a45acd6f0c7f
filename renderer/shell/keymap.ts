/** One act that a key or a sequence of keys starts. */
export interface KeyBinding {
  /** Keys parted by spaces; modifiers by plus: `?`, `g a`, `Mod+k` (Ctrl, or Cmd on a Mac). */
  readonly keys: string;
  readonly title: string;
  /** Where the help lists it. */
  readonly group: string;
  readonly act: () => void;
}

/** What a key press did: started an act, is the beginning of one, or means nothing. */
export type KeyResult =
  | { readonly kind: 'act'; readonly binding: KeyBinding }
  | { readonly kind: 'begun'; readonly pressed: string }
  | { readonly kind: 'none' };

interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

/** The name bindings use for a key press. Shift shows in the character itself, but for named keys. */
export function keyName(event: KeyPress): string {
  const named = event.key.length > 1;
  const parts = [event.ctrlKey || event.metaKey ? 'Mod' : '', event.altKey ? 'Alt' : '', event.shiftKey && named ? 'Shift' : ''];
  return [...parts.filter((part) => part !== ''), named ? event.key : event.ctrlKey || event.metaKey ? event.key.toLowerCase() : event.key].join('+');
}

/** `before` is what was pressed of a sequence so far; later bindings win over earlier ones. */
export function matchKeys(bindings: readonly KeyBinding[], before: string, name: string): KeyResult {
  const pressed = before === '' ? name : `${before} ${name}`;
  const binding = bindings.findLast((one) => one.keys === pressed);
  if (binding !== undefined) return { kind: 'act', binding };
  if (bindings.some((one) => one.keys.startsWith(`${pressed} `))) return { kind: 'begun', pressed };
  return before === '' ? { kind: 'none' } : matchKeys(bindings, '', name);
}

const pictures: Readonly<Record<string, string>> = { ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓', Escape: 'Esc' };

/** How a binding's keys are shown: `Mod+k` is `Ctrl+K`, or `⌘K` on a Mac. */
export function shownKeys(keys: string, mac: boolean): string {
  return keys
    .split(' ')
    .map((key) => (key.startsWith('Mod+') ? `${mac ? '⌘' : 'Ctrl+'}${key.slice(4).toUpperCase()}` : (pictures[key] ?? key)))
    .join(' ');
}
