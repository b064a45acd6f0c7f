import { formatDay, type Zone } from '../../ui/format.ts';

export interface Note {
  readonly text: string;
  /** Set back by hand; undefined: now. */
  readonly atMs: number | undefined;
}

const dayMs = 86_400_000;

/**
 * A note as it was typed. A time in front sets it back: `02:41 restarted the pod` happened at 02:41 in the zone on the
 * screen, today or, when that is yet to come, yesterday.
 */
export function parseNote(typed: string, nowMs: number, zone: Zone): Note {
  const parts = /^\s*(\d{1,2}):(\d\d)(?::(\d\d))?\s+(?=\S)/.exec(typed);
  if (parts === null || Number(parts[1]) > 23 || Number(parts[2]) > 59 || Number(parts[3] ?? 0) > 59) return { text: typed.trim(), atMs: undefined };
  const clock = `${parts[1]!.padStart(2, '0')}:${parts[2]}:${parts[3] ?? '00'}`;
  const todayMs = Date.parse(`${formatDay(nowMs, zone)}T${clock}${zone === 'utc' ? 'Z' : ''}`);
  return { text: typed.slice(parts[0].length).trim(), atMs: todayMs > nowMs ? todayMs - dayMs : todayMs };
}
