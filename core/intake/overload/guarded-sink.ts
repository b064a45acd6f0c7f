import type { Tsdb } from '#core/tsdb/index.ts';
import { verdicts } from '#core/tsdb/index.ts';
import type { SampleSink } from '../sink.ts';
import type { Overload } from './overload.ts';

/** New series that get in while only modest sources may bring any: pushes have no budget of their own, and a bomb among them is cut here. */
const modestMax = 2_000;

/**
 * The store as pushes and scrapes see it: under overload exemplars go first (level 1), then new series (level 3). Series that are there
 * are never turned away. Rules and own metrics write to the store itself.
 */
export function guardedSink(
  store: SampleSink & Pick<Tsdb, 'find'>,
  overload: Pick<Overload, 'level' | 'newcomers' | 'countShed' | 'watchCommit'>,
): SampleSink {
  let modestCount = 0;
  return {
    batch: () => store.batch(),
    watched: (commit) => overload.watchCommit(commit),
    setMetadata: (metric, metadata) => store.setMetadata(metric, metadata),
    ref: (labels) => {
      const { newcomers } = overload;
      if (newcomers === 'all') modestCount = 0;
      const known = newcomers === 'all' ? -1 : store.find(labels);
      if (known >= 0) return known;
      if (newcomers === 'none' || (newcomers === 'modest' && modestCount++ >= modestMax)) return -verdicts.overload;
      return store.ref(labels);
    },
    addExemplar: (ref, exemplar) => {
      if (overload.level === 0) store.addExemplar(ref, exemplar);
      else overload.countShed('exemplar', 'exemplars');
    },
  };
}
