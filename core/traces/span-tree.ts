import type { TraceTree } from '#core/model/index.ts';

/** The tree while it is built: what the parts of the assembly read. */
export type SpanTree = Omit<TraceTree, 'criticalNs' | 'criticalPath' | 'repeats' | 'skews'>;
