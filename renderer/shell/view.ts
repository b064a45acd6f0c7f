import type { Component } from 'svelte';
import type { Picture } from '../ui/tone.ts';

/** One entry of the rail. */
export interface ViewEntry {
  /** First part of its path; empty for the first view. */
  readonly id: string;
  readonly title: string;
  readonly icon: Picture;
  /** Keys that lead to it: `g a`. */
  readonly keys: string;
  readonly load: () => Promise<{ readonly default: Component }>;
}
