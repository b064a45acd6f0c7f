import { createContext } from 'svelte';

/** A time in which data was turned away: what a chart shows there is less than there was. */
export interface Hole {
  readonly startMs: number;
  readonly endMs: number;
  /** Cause and size, in a sentence. */
  readonly name: string;
}

/** Every chart hatches the holes of the dataset on the screen. */
export const [getHoles, setHoles] = createContext<() => readonly Hole[]>();

/** The holes that a time range touches, cut to it. */
export function holesWithin(holes: readonly Hole[], startMs: number, endMs: number): readonly Hole[] {
  return holes
    .filter((hole) => hole.endMs > startMs && hole.startMs < endMs)
    .map((hole) => ({ ...hole, startMs: Math.max(hole.startMs, startMs), endMs: Math.min(hole.endMs, endMs) }));
}
