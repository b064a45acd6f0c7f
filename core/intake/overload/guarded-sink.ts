import type { Tsdb } from '#core/tsdb/index.ts';
import { verdicts } from '#core/tsdb/index.ts';
import type { SampleSink } from '../sink.ts';
import type { Overload } from './overload.ts';

/**
 * The store as pushes and scrapes see it: under overload exemplars go first (level 1), then new series (level 3). Series that are there
 * are never turned away. Rules and own metrics write to the store itself.
 */
export function guardedSink(
  store: SampleSink & Pick<Tsdb, 'find'>,
  overload: Pick<Overload, 'level' | 'newcomers' | 'countShed' | 'watchCommit'>,
): SampleSink {
  return {
    batch: () => store.batch(),
    watched: (commit) => overload.watchCommit(commit),
    setMetadata: (metric, metadata) => store.setMetadata(metric, metadata),
    ref: (labels) => {
      if (overload.newcomers !== 'none') return store.ref(labels);
      const known = store.find(labels);
      return known >= 0 ? known : -verdicts.overload;
    },
    addExemplar: (ref, exemplar) => {
      if (overload.level === 0) store.addExemplar(ref, exemplar);
      else overload.countShed('exemplar', 'exemplars');
    },
  };
}
