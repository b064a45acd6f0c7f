/** When the events of a trace's spans were: what the waterfall marks on every bar. */
import { expect, test } from 'vitest';
import { openTraces } from '#core/traces/index.ts';
import type { Span } from '#core/model/index.ts';
import { indexEvents } from '../../../renderer/views/traces/trace/event-index.ts';
import { SpanIndex } from '../../../renderer/views/traces/trace/span-index.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';
import { span } from './support/spans.ts';

const withEvents = (one: Span, afterMs: readonly number[]): Span => ({
  ...one,
  events: afterMs.map((ms) => ({ timeNs: one.startNs + BigInt(ms) * 1_000_000n, name: 'exception', attributes: [], droppedCount: 0 })),
});

test.each(['head', 'blocks'])('events are told by span and time, from %s, and found again by span', async (where) => {
  const traces = openTraces({ folder: tempFolder(), clock: new ManualClock(), limits: { futureMs: Infinity, retentionMs: Infinity } });
  const spans = [
    withEvents(span({ id: 1, takes: 1000 }), [5, 990]),
    span({ id: 2, parent: 1, at: 10, takes: 20 }),
    withEvents(span({ id: 3, parent: 1, at: 40, takes: 30 }), [1]),
  ];
  if (where === 'head') await traces.append(spans);
  else {
    traces.load(spans);
    await traces.flush();
  }
  const { traceId } = spans[0]!;
  const tree = (await traces.trace(traceId))!;
  const { baseNs, ...told } = await traces.events(traceId, 100);
  const index = new SpanIndex(tree.spanIds);
  const { starts, atNs } = indexEvents({ ...told, baseNs: String(baseNs) }, index, tree.spanCount, String(tree.baseNs));
  const of = (id: string): number[] => {
    const at = index.find(id)!;
    return [...atNs.subarray(starts[at], starts[at + 1])].map((ns) => ns / 1e6);
  };
  expect([of(spans[0]!.spanId), of(spans[1]!.spanId), of(spans[2]!.spanId)]).toEqual([[5, 990], [], [41]]);
  expect((await traces.events(traceId, 0)).atNs).toHaveLength(0);
  expect((await traces.events('f'.repeat(32), 100)).atNs).toHaveLength(0);
  await traces.close();
});
