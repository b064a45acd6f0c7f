import type { Loss } from '#core/contract/index.ts';
import { formatCount } from '../ui/format.ts';
import type { Hole } from '../ui/holes.ts';

/** What each reason of `signalbox_shed_total` means, in words for a person. */
export const lossWords: Readonly<Record<string, string>> = {
  push: 'pushes told to come again; their senders keep the data',
  scrape: 'scrapes left out',
  overload: 'samples of new series refused',
  not_sampled: 'spans of ordinary traces left out',
  thinned: 'debug and info lines left out',
  exemplar: 'exemplars not kept',
};

const causeWords: Readonly<Record<string, string>> = {
  memory: 'memory was short',
  event_loop: 'answers came late',
  queue: 'pushes waited',
  fsync: 'the disk was slow',
  disk: 'the disk was nearly full',
  rules: 'rules came late',
  series: 'the store was full of series',
};

/** How much was lost of each kind, the largest first: `1,204 samples of new series refused`. */
export function lossSizes({ parts }: Pick<Loss, 'parts'>): readonly string[] {
  const counts = new Map<string, number>();
  for (const { reason, count } of parts) counts.set(reason, (counts.get(reason) ?? 0) + count);
  return [...counts].sort(([, a], [, b]) => b - a).map(([reason, count]) => `${formatCount(count)} ${lossWords[reason] ?? reason}`);
}

/** A loss as charts show it. */
export function holeOf(loss: Loss): Hole {
  const why = loss.causes.map((cause) => causeWords[cause] ?? cause).join(', ');
  const name = `Not everything is here: Signalbox was overloaded${why === '' ? '' : ` (${why})`}; ${lossSizes(loss).join(', ')}`;
  return { startMs: loss.startMs, endMs: loss.endMs, name };
}
