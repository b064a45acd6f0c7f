import type { Component } from 'svelte';

/** What a colour says. The stylesheet has `--TONE`, `--TONE-soft` and `--TONE-line` for each. */
export type Tone = 'bad' | 'warn' | 'ok' | 'info' | 'quiet';

export type Picture = Component<{ size?: number | string; 'aria-hidden'?: 'true' }>;
