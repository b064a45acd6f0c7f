import { TraceDesk } from '#core/answers/index.ts';
import { readSpanText } from '#core/formats/index.ts';
import { decodeFrame, encodeFrame } from '#core/contract/index.ts';
import { openTraces } from '#core/traces/index.ts';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';
import { baseNs, hex, int, span } from './support/spans.ts';

const live = { dataset: 'live' };
const context = { signal: new AbortController().signal };

async function desk(): Promise<ReturnType<TraceDesk['handlers']>> {
  const clock = new ManualClock();
  const traces = openTraces({ folder: tempFolder(), clock });
  onTestFinished(() => traces.close());
  const shape = (trace: number, query: number) => [
    span({ trace, id: 1, of: 'front', takes: 100, kind: 'server' }),
    span({ trace, id: 2, parent: 1, of: 'cart', name: 'GetCart', at: 5, takes: query, status: 'error', attributes: [int('n', trace)] }),
  ];
  await traces.append([...shape(1, 20), ...shape(2, 80), span({ trace: 2, id: 3, parent: 2, of: 'cart', name: 'retry', at: 40, takes: 2 })]);
  return new TraceDesk({ datasets: { of: () => ({ traces }) }, clock }).handlers();
}

describe('what screens ask of traces', () => {
  test('a page of a search, times as decimal strings', async () => {
    const answer = await (await desk())['traces.search']({ ...live, text: 'n>=2', limit: 5 }, context);
    expect(answer).toMatchObject({ traces: [{ traceId: hex(2, 16), startNs: String(baseNs), spanCount: 3, errorCount: 1 }], next: undefined });
  });

  test('a trace crosses the wire as it is', async () => {
    const answer = await (await desk())['traces.get']({ ...live, traceId: hex(2, 16) }, context);
    expect(decodeFrame(encodeFrame({ k: 'ok', id: 1, out: answer }))).toEqual({ k: 'ok', id: 1, out: answer });
    expect(answer).toMatchObject({ baseNs: String(baseNs), spanCount: 3, services: ['front', 'cart'] });
  });

  test('one span whole, and the ids of those that a condition holds for', async () => {
    const handlers = await desk();
    const [detail] = await handlers['traces.spans']({ ...live, traceId: hex(1, 16), spanId: hex(2, 8) }, context);
    expect(detail).toMatchObject({
      name: 'GetCart',
      parentId: hex(1, 8),
      attributes: [int('n', 1)],
      resource: { service: 'cart', attributes: [{ key: 'service.name', text: 'cart' }] },
    });
    const ids = await handlers['traces.find']({ ...live, traceId: hex(1, 16), text: 'error' }, context);
    expect(Buffer.from(ids).toString('hex')).toBe(hex(2, 8));
    expect(decodeFrame(encodeFrame({ k: 'ok', id: 1, out: ids }))).toEqual({ k: 'ok', id: 1, out: Uint8Array.from(ids) });
  });

  test('a text in quotes finds spans by their name, their attributes and their status, in either case', async () => {
    const handlers = await desk();
    const found = async (text: string): Promise<string[]> => {
      const ids = Buffer.from(await handlers['traces.find']({ ...live, traceId: hex(2, 16), text }, context)).toString('hex');
      return ids.match(/.{16}/g) ?? [];
    };
    expect(await found('"getcart"')).toEqual([hex(2, 8)]);
    expect(await found('"RETRY"')).toEqual([hex(3, 8)]);
    expect(await found('"2"')).toEqual([hex(2, 8)]);
    expect(await found('"nowhere"')).toEqual([]);
    expect(await found('service=cart "retry"')).toEqual([hex(3, 8)]);
  });

  test('statistics by operation and by an attribute, and the flame graph', async () => {
    const handlers = await desk();
    const of = { ...live, traceId: hex(2, 16) };
    expect((await handlers['traces.statistics'](of, context)).map(({ name, count }) => [name, count])).toEqual([
      ['GetCart', 1],
      ['GET /', 1],
      ['retry', 1],
    ]);
    expect((await handlers['traces.statistics']({ ...of, by: 'n' }, context)).map(({ service, name, count }) => [service, name, count])).toEqual([
      ['cart', '2', 1],
      ['front', '', 1],
      ['cart', '', 1],
    ]);
    expect(Array.from((await handlers['traces.flame'](of, context)).depth)).toEqual([0, 1, 2]);
  });

  test('a whole trace as OTLP JSON that reads back as it was', async () => {
    const handlers = await desk();
    const { fileName, json } = await handlers['traces.export']({ ...live, traceId: hex(2, 16) }, context);
    expect(fileName).toBe(`trace-${hex(2, 16)}.json`);
    expect(readSpanText(json).spans).toMatchObject([{ name: 'GET /' }, { name: 'GetCart', status: 'error' }, { name: 'retry' }]);
  });

  test('what differs between two traces', async () => {
    const { rows } = await (await desk())['traces.diff']({ ...live, before: hex(1, 16), after: hex(2, 16) }, context);
    expect(rows.map(({ name, depth, change }) => [name, depth, change])).toEqual([
      ['GET /', 0, 'same'],
      ['GetCart', 1, 'slower'],
      ['retry', 2, 'added'],
    ]);
  });

  test('rate, errors, durations by operation, and who calls whom', async () => {
    const handlers = await desk();
    const operations = await handlers['traces.operations'](live, context);
    expect(operations).toMatchObject([
      { service: 'front', name: 'GET /', entry: true, calls: 2, errors: 0, maxNs: 100e6 },
      { service: 'cart', name: 'GetCart', entry: false, calls: 2, errors: 2, maxNs: 80e6 },
      { service: 'cart', name: 'retry', calls: 1 },
    ]);
    expect(Math.abs(operations[0]!.p50Ns / 100e6 - 1)).toBeLessThan(0.016);
    const map = await handlers['traces.serviceMap'](live, context);
    expect(map).toMatchObject({ edges: [{ caller: 'front', callee: 'cart', calls: 2, errors: 2 }], strayCount: 0 });
    expect(await handlers['traces.operations']({ ...live, fromNs: String(baseNs + 6_000_000n) }, context)).toMatchObject([{ name: 'retry' }]);
  });

  test('keys and values to choose from', async () => {
    const handlers = await desk();
    expect(await handlers['traces.keys'](live, context)).toEqual(['n', 'service.name']);
    expect(await handlers['traces.values']({ ...live, key: 'n', limit: 10 }, context)).toEqual(['1', '2']);
    expect(await handlers['traces.values']({ ...live, key: 'service', limit: 10 }, context)).toEqual(['cart', 'front']);
    expect(await handlers['traces.values']({ ...live, key: 'name', limit: 2 }, context)).toEqual(['GET /', 'GetCart']);
  });

  test('what is not there is said', async () => {
    const handlers = await desk();
    await expect(handlers['traces.get']({ ...live, traceId: hex(9, 16) }, context)).rejects.toThrow('there is no span of trace');
  });
});
