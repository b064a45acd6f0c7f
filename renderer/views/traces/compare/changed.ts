import type { TraceDiffRow } from '#core/model/index.ts';

/** The rows that changed, and those above them, so that each is still seen in its place. */
export function keepChanged(rows: readonly TraceDiffRow[]): readonly TraceDiffRow[] {
  const keep = new Set<TraceDiffRow>();
  const above: TraceDiffRow[] = [];
  for (const row of rows) {
    above.length = Math.min(above.length, row.depth);
    above.push(row);
    if (row.change !== 'same') for (const one of above) keep.add(one);
  }
  return rows.filter((row) => keep.has(row));
}
