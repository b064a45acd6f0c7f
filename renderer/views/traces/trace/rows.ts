import { noSpan, type TraceTree } from '#core/model/index.ts';

/** What of a trace the list of spans reads. */
export type RowTree = Pick<TraceTree, 'spanCount' | 'parent' | 'depth' | 'descendants' | 'durationsNs' | 'repeats'>;

/** A row is the number of a span, or with this bit set that of a group of repeated siblings, folded into one. */
const foldBit = 0x80000000;

export const isFold = (row: number): boolean => row >= foldBit;
/** The group that a folded row stands for. */
export const groupOfRow = (row: number): number => row - foldBit;
const rowOfGroup = (group: number): number => group + foldBit;
/** The span that a row begins with. */
export const spanOfRow = (tree: RowTree, row: number): number => (isFold(row) ? tree.repeats.first[groupOfRow(row)]! : row);

export interface RowOptions {
  /** One byte a span: 1 hides what is below it. */
  readonly collapsed: Uint8Array;
  /** Repeated siblings are one row, but for the groups in `unfolded`. */
  readonly folded: boolean;
  readonly unfolded: ReadonlySet<number>;
  /** One byte a span, 1 for those that are shown; a span is never kept without its ancestors, nor a part of a folded group. */
  readonly keep: Uint8Array | undefined;
}

/** The rows that are shown, from the top, in time linear in the spans. */
export function visibleRows(tree: RowTree, { collapsed, folded, unfolded, keep }: RowOptions): Uint32Array {
  const { spanCount, descendants, repeats } = tree;
  const rows = new Uint32Array(spanCount);
  let count = 0;
  for (let i = 0; i < spanCount;) {
    if (keep !== undefined && keep[i] === 0) {
      i += descendants[i]! + 1;
      continue;
    }
    const group = repeats.groupOf[i]!;
    if (folded && group !== noSpan && !unfolded.has(group)) {
      if (repeats.first[group] === i) rows[count++] = rowOfGroup(group);
      i += descendants[i]! + 1;
      continue;
    }
    rows[count++] = i;
    i += collapsed[i] === 1 ? descendants[i]! + 1 : 1;
  }
  return rows.subarray(0, count);
}

/** So many levels are open, from 1; everything deeper is collapsed. Undefined: all are open. */
export function collapsedFrom(tree: RowTree, level: number | undefined): Uint8Array {
  const collapsed = new Uint8Array(tree.spanCount);
  if (level === undefined) return collapsed;
  for (let i = 0; i < tree.spanCount; i++) if (tree.depth[i]! >= level - 1 && tree.descendants[i]! > 0) collapsed[i] = 1;
  return collapsed;
}

/** How many levels a trace has, and how many services have spans in it. */
export function shapeOf({ spanCount, depth, service, services }: Pick<TraceTree, 'spanCount' | 'depth' | 'service' | 'services'>): {
  readonly levels: number;
  readonly services: number;
} {
  const met = new Uint8Array(services.length);
  let [deepest, count] = [-1, 0];
  for (let i = 0; i < spanCount; i++) {
    if (depth[i]! > deepest) deepest = depth[i]!;
    if (met[service[i]!] === 1) continue;
    met[service[i]!] = 1;
    count++;
  }
  return { levels: deepest + 1, services: count };
}

/** The marked spans and all their ancestors. */
export function withAncestors(tree: RowTree, marked: Uint8Array): Uint8Array {
  const keep = marked.slice();
  for (let i = tree.spanCount - 1; i >= 0; i--) if (keep[i] === 1 && tree.parent[i] !== noSpan) keep[tree.parent[i]!] = 1;
  return keep;
}

/** The spans that last at least `minNs`, by themselves or together with their repeated siblings, and their ancestors. */
export function longSpans(tree: RowTree, minNs: number): Uint8Array {
  const marked = new Uint8Array(tree.spanCount);
  for (let i = 0; i < tree.spanCount; i++) {
    const group = tree.repeats.groupOf[i]!;
    if (tree.durationsNs[i]! >= minNs || (group !== noSpan && tree.repeats.totalNs[group]! >= minNs)) marked[i] = 1;
  }
  return withAncestors(tree, marked);
}

export function bothKept(a: Uint8Array | undefined, b: Uint8Array | undefined): Uint8Array | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.map((kept, i) => kept & b[i]!);
}

/** Opens whatever hides a span; says whether anything had to be. */
export function reveal(tree: RowTree, span: number, collapsed: Uint8Array, unfolded: Set<number>): boolean {
  let changed = false;
  for (let at = span; at !== noSpan; at = tree.parent[at]!) {
    if (at !== span && collapsed[at] === 1) {
      collapsed[at] = 0;
      changed = true;
    }
    const group = tree.repeats.groupOf[at]!;
    if (group !== noSpan && !unfolded.has(group)) {
      unfolded.add(group);
      changed = true;
    }
  }
  return changed;
}

/** Where a row stands among those shown; of one that is hidden, the row that hides it. -1 when there is none. */
export function placeOf(rows: Uint32Array, tree: RowTree, span: number): number {
  let low = 0;
  let high = rows.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (spanOfRow(tree, rows[middle]!) <= span) low = middle;
    else high = middle - 1;
  }
  return high < 0 ? -1 : low;
}

/** The members of each group of repeated siblings: group g has the spans [starts[g], starts[g + 1]). */
export function membersOf({ spanCount, repeats }: RowTree): { readonly starts: Uint32Array; readonly spans: Uint32Array } {
  const starts = new Uint32Array(repeats.count.length + 1);
  for (let group = 0; group < repeats.count.length; group++) starts[group + 1] = starts[group]! + repeats.count[group]!;
  const next = starts.slice();
  const spans = new Uint32Array(starts.at(-1)!);
  for (let i = 0; i < spanCount; i++) {
    const group = repeats.groupOf[i]!;
    if (group !== noSpan) spans[next[group]!++] = i;
  }
  return { starts, spans };
}
