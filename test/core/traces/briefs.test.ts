/** What a comparison reads of many spans: the traces of its windows, each once, the newest where there are too many. */
import type { Span } from '#core/model/index.ts';
import { openTraces, type Traces } from '#core/traces/index.ts';
import { expect, onTestFinished, test } from 'vitest';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';
import { baseNs, ms, service, span, text } from './support/spans.ts';

async function storeOf(...blocks: readonly (readonly Span[])[]): Promise<Traces> {
  const traces = openTraces({ folder: tempFolder(), clock: new ManualClock() });
  onTestFinished(() => traces.close());
  for (const spans of blocks) {
    traces.load(spans);
    await traces.flush();
  }
  return traces;
}

const between = (fromMs: number, toMs: number): { fromNs: bigint; toNs: bigint } => ({ fromNs: baseNs + ms(fromMs), toNs: baseNs + ms(toMs) });
const keeps = (): boolean => true;
const startsMs = ({ spans }: Awaited<ReturnType<Traces['briefs']>>): number[] =>
  spans.map(({ startMs }) => startMs - Number(baseNs) / 1e6).sort((a, b) => a - b);

test('a span as it was, whether in the head or in a block', async () => {
  const parent = span({ trace: 1, id: 1, of: 'web', name: 'GET', at: 0.25, takes: 20 });
  const child = span({ trace: 1, id: 2, parent: 1, of: 'cart', at: 1.5, takes: 2.125, status: 'error', attributes: [text('user', 'u1')] });
  const stray = span({ trace: 2, id: 3, parent: 77, resource: service('db', text('zone', 'a')), at: 2, takes: -5 });
  const traces = await storeOf([parent, child]);
  await traces.append([stray]);
  const { spans, isCut } = await traces.briefs({ windows: [between(0, 10)], most: 100, keeps: (key) => key !== 'service.name' });
  expect(isCut).toBe(false);
  const baseMs = Number(baseNs) / 1e6;
  const told = { isError: false, attributes: [], parentId: '' };
  expect(spans.toSorted((a, b) => a.startMs - b.startMs)).toEqual([
    { ...told, service: 'web', operation: 'GET', traceId: parent.traceId, spanId: parent.spanId, startMs: baseMs + 0.25, durationMs: 20 },
    {
      service: 'cart',
      operation: 'GET /',
      traceId: child.traceId,
      spanId: child.spanId,
      parentId: parent.spanId,
      startMs: baseMs + 1.5,
      durationMs: 2.125,
      isError: true,
      attributes: [['user', 'u1']],
    },
    {
      ...told,
      service: 'db',
      operation: 'GET /',
      traceId: stray.traceId,
      spanId: stray.spanId,
      parentId: stray.parentId,
      startMs: baseMs + 2,
      durationMs: 0,
      attributes: [['zone', 'a']],
    },
  ]);
});

test('a trace that reaches into two windows, or beyond them, is read whole and once', async () => {
  const long = [1, 2, 3].map((id) => span({ trace: 1, id, at: id * 100, takes: 5 }));
  const outside = span({ trace: 2, id: 9, at: 900 });
  const traces = await storeOf([...long, outside]);
  expect(startsMs(await traces.briefs({ windows: [between(0, 150), between(151, 250)], most: 100, keeps }))).toEqual([100, 200, 300]);
});

test('of too many the newest of each window are read, and that there are more is told', async () => {
  const many = Array.from({ length: 5000 }, (_, i) => span({ trace: i + 1, id: i + 1, at: i, takes: 1 }));
  const traces = await storeOf(many.slice(0, 2500), many.slice(2500));
  const found = await traces.briefs({ windows: [between(0, 3999), between(4000, 5000)], most: 1500, keeps });
  expect(found.isCut).toBe(true);
  expect(startsMs(found)).toEqual(Array.from({ length: 2500 }, (_, i) => i + 2500));
  expect((await traces.briefs({ windows: [between(0, 5000)], most: 5000, keeps })).isCut).toBe(false);
});

test('equal attributes of a block are one object', async () => {
  const traces = await storeOf([1, 2].map((id) => span({ trace: id, id, at: id, attributes: [text('route', '/a')] })));
  const { spans } = await traces.briefs({ windows: [between(0, 10)], most: 10, keeps: (key) => key === 'route' });
  expect(spans).toHaveLength(2);
  expect(spans[0]!.attributes[0]).toBe(spans[1]!.attributes[0]);
});
