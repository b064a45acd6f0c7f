import { noSpan, spanFlags, type TraceTree } from '#core/model/index.ts';
import { plural } from '../../../ui/format.ts';

const counted = ['orphan', 'cycle', 'duplicate', 'negative'] as const;
const anyFault = counted.reduce((mask, fault) => mask | spanFlags[fault], 0);

/** What is broken about a trace, a plain sentence each. Nothing was repaired: the spans stand as they were sent. */
export function faultsOf({ flags, parent, spanCount }: Pick<TraceTree, 'flags' | 'parent' | 'spanCount'>): readonly string[] {
  const counts = { orphan: 0, cycle: 0, duplicate: 0, negative: 0 };
  for (let i = 0; i < spanCount; i++) {
    if ((flags[i]! & anyFault) === 0) continue;
    for (const fault of counted) if ((flags[i]! & spanFlags[fault]) !== 0) counts[fault]++;
  }
  const rootless = counts.orphan > 0 && !hasTrueRoot({ flags, parent, spanCount });
  const sentences: string[] = [];
  if (rootless) sentences.push('The root span is missing: it was not sent, or has not come yet.');
  if (counts.orphan > 0)
    sentences.push(
      `${plural(counts.orphan, 'span names a parent', 'spans name a parent')} that is not here; ${counts.orphan === 1 ? 'it stands' : 'they stand'} at the top level.`,
    );
  if (counts.cycle > 0)
    sentences.push(`${plural(counts.cycle, 'span is its', 'spans are their')} own ancestor; the first of each circle stands at the top level.`);
  if (counts.duplicate > 0)
    sentences.push(`${plural(counts.duplicate, 'span has an id', 'spans have ids')} that an earlier span has too; all are shown.`);
  if (counts.negative > 0)
    sentences.push(
      `${plural(counts.negative, 'span ends', 'spans end')} before ${counts.negative === 1 ? 'it starts' : 'they start'}; only the start is drawn.`,
    );
  return sentences;
}

function hasTrueRoot({ flags, parent, spanCount }: Pick<TraceTree, 'flags' | 'parent' | 'spanCount'>): boolean {
  for (let i = 0; i < spanCount; i++) if (parent[i] === noSpan && (flags[i]! & (spanFlags.orphan | spanFlags.cycle)) === 0) return true;
  return false;
}

/** What is odd about one span, in words. */
export function oddities(flags: number): readonly string[] {
  const words: Readonly<Record<string, string>> = {
    orphan: 'Its parent is not here.',
    cycle: 'It is among its own ancestors.',
    duplicate: 'An earlier span has the same id.',
    negative: 'It ends before it starts.',
    shared: 'The client’s span has the same id (as Zipkin shares them).',
    early: 'It starts before its parent.',
    late: 'It ends after its parent.',
  };
  return Object.entries(words).flatMap(([name, sentence]) => ((flags & spanFlags[name as keyof typeof spanFlags]) === 0 ? [] : [sentence]));
}
