import type { Tone } from './tone.ts';

/** How an alert's `severity` label is shown and sorted, 0 the worst. The words are those of the published rule sets. */
export function severityLook(severity: string): { readonly tone: Tone; readonly rank: number } {
  switch (severity.toLowerCase()) {
    case 'critical':
    case 'page':
    case 'error':
    case 'fatal':
      return { tone: 'bad', rank: 0 };
    case 'warning':
    case 'warn':
    case 'ticket':
      return { tone: 'warn', rank: 1 };
    case 'info':
    case 'none':
      return { tone: 'info', rank: 3 };
    default:
      return { tone: 'quiet', rank: 2 };
  }
}
