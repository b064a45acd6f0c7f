/** What a window is compared with. */
export interface Baseline {
  readonly startMs: number;
  readonly endMs: number;
}

const dayMs = 86_400_000;

/** Baselines that follow the window, as the address names them; the first is the usual one. */
export const baselineChoices = [
  { id: '4x', title: 'Four times as long before it' },
  { id: '1x', title: 'As long right before it' },
  { id: 'day', title: 'The same time a day before' },
  { id: 'week', title: 'The same time a week before' },
  { id: 'after', title: 'As long right after it' },
] as const;
export type BaselineChoice = (typeof baselineChoices)[number]['id'];

/** The baseline that the address asks for: a choice, or `START~END` in Unix ms that was brushed. Undefined: the usual one. */
export function readBaseline(text: string | undefined, window: Baseline): Baseline | undefined {
  const [, start, end] = /^(-?\d{1,15})~(-?\d{1,15})$/.exec(text ?? '') ?? [];
  if (start !== undefined && Number(start) < Number(end)) return { startMs: Number(start), endMs: Number(end) };
  const lengthMs = window.endMs - window.startMs;
  const moved = (byMs: number): Baseline => ({ startMs: window.startMs + byMs, endMs: window.endMs + byMs });
  switch (text) {
    case '1x':
      return { startMs: window.startMs - lengthMs, endMs: window.startMs - 1 };
    case 'day':
      return lengthMs < dayMs ? moved(-dayMs) : undefined;
    case 'week':
      return lengthMs < 7 * dayMs ? moved(-7 * dayMs) : undefined;
    case 'after':
      return { startMs: window.endMs + 1, endMs: window.endMs + lengthMs };
    default:
      return undefined;
  }
}

/** How the address says a brushed baseline; a brush over the window ends where the window begins. */
export function writeBaseline(startMs: number, endMs: number, window: Baseline): string | undefined {
  const from = Math.round(startMs);
  const to = from < window.startMs ? Math.min(Math.round(endMs), window.startMs - 1) : Math.round(endMs);
  const start = from >= window.startMs ? Math.max(from, window.endMs + 1) : from;
  return start < to ? `${start}~${to}` : undefined;
}

/** The choice that the address asks for; `own` for a brushed one. */
export function choiceOf(text: string | undefined): BaselineChoice | 'own' {
  if (text?.includes('~') === true) return 'own';
  return baselineChoices.find(({ id }) => id === text)?.id ?? '4x';
}
