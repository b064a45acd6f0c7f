import type { Span } from '#core/model/index.ts';
import { filterTable } from './filter.ts';
import type { SpanCondition } from './query.ts';
import type { Stretch } from './search.ts';

const lastNs = 2n ** 63n - 1n;

/** The ids of the spans for which the condition holds, 8 bytes each. */
export function matchingIds({ table, from, to }: Stretch, condition: SpanCondition): Uint8Array {
  const mask = filterTable(table, condition, 0n, lastNs);
  const ids = table.spanIds();
  const rows = Array.from({ length: to - from }, (_, i) => from + i).filter((row) => mask?.[row] === 1);
  return Buffer.concat(rows.map((row) => ids.subarray(row * 8, row * 8 + 8)));
}

export function spansWithId({ table, from, to }: Stretch, spanId: string): Span[] {
  const rows = Array.from({ length: to - from }, (_, i) => from + i);
  return rows.filter((row) => table.spanId(row) === spanId).flatMap((row) => table.spans(row, row + 1));
}
