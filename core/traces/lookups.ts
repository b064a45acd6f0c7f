import type { Span, TraceEvents } from '#core/model/index.ts';
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

/** Events are looked for in so many rows at a time. */
const rowsPerStep = 512;

/** When the events of a trace's spans were, up to `most` of them. */
export function* eventsInSteps(stretches: readonly Stretch[], most: number): Generator<undefined, TraceEvents> {
  const ids: Uint8Array[] = [];
  const timesNs: bigint[] = [];
  for (const { table, from, to } of stretches) {
    for (let row = from; row < to && timesNs.length < most; row += rowsPerStep) {
      for (const [of, times] of table.eventTimes(row, Math.min(to, row + rowsPerStep)))
        for (const timeNs of times) {
          ids.push(table.spanIds().subarray(of * 8, of * 8 + 8));
          timesNs.push(timeNs);
        }
      yield;
    }
  }
  const baseNs = timesNs[0] ?? 0n;
  // A plain array: frames take a Buffer for JSON.
  return { baseNs, spanIds: new Uint8Array(Buffer.concat(ids)), atNs: Float64Array.from(timesNs, (ns) => Number(ns - baseNs)) };
}

export function spansWithId({ table, from, to }: Stretch, spanId: string): Span[] {
  const rows = Array.from({ length: to - from }, (_, i) => from + i);
  return rows.filter((row) => table.spanId(row) === spanId).flatMap((row) => table.spans(row, row + 1));
}
