import { IconBad, IconInfo, IconWarn } from './icons.ts';
import type { Picture, Tone } from './tone.ts';

/** How an alert's `severity` label is shown. The words are those of the published rule sets. */
export function severityLook(severity: string): { readonly tone: Tone; readonly icon: Picture; readonly rank: number } {
  switch (severity.toLowerCase()) {
    case 'critical':
    case 'page':
    case 'error':
    case 'fatal':
      return { tone: 'bad', icon: IconBad, rank: 0 };
    case 'warning':
    case 'warn':
    case 'ticket':
      return { tone: 'warn', icon: IconWarn, rank: 1 };
    case 'info':
    case 'none':
      return { tone: 'info', icon: IconInfo, rank: 3 };
    default:
      return { tone: 'quiet', icon: IconWarn, rank: 2 };
  }
}
