import type { Component } from 'svelte';
import type { Picture } from '../ui/tone.ts';

/** One view of the app. */
export interface ViewEntry {
  /** The beginning of its path; empty for the first view. With a slash (`explore/logs`) it belongs to the entry before the slash, and stands on no rail. */
  readonly id: string;
  readonly title: string;
  readonly icon: Picture;
  /** Keys that lead to it: `g a`. */
  readonly keys: string;
  readonly load: () => Promise<{ readonly default: Component }>;
}

/** The view that shows a path: the one whose id is the longest beginning of it. */
export function viewOf(views: readonly ViewEntry[], path: readonly string[]): ViewEntry | undefined {
  for (const id of [path.slice(0, 2).join('/'), path[0] ?? '']) {
    const found = views.find((view) => view.id === id);
    if (found !== undefined) return found;
  }
  return undefined;
}
