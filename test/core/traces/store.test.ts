import { join } from 'node:path';
import { closeDb, openDb } from '#core/db/index.ts';
import { spanFlags, type Span } from '#core/model/index.ts';
import { openTraces, type Traces } from '#core/traces/index.ts';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';
import { baseNs, hex, int, ms, service, span, text } from './support/spans.ts';

const clock = new ManualClock();
const lastNs = 2n ** 63n - 1n;

function open(folder = tempFolder()): Traces {
  const traces = openTraces({ folder, clock });
  onTestFinished(() => traces.close());
  return traces;
}

const rich: Span = span({
  kind: 'server',
  status: 'error',
  statusText: 'boom 💥',
  traceState: 'a=1,b=2',
  flags: 0x101,
  attributes: [text('http.method', 'GET'), int('http.status_code', 503), { key: 'x', type: 'json', text: '[1,"é"]' }],
  events: [{ timeNs: baseNs + 7n, name: 'exception', attributes: [text('exception.type', 'E')], droppedCount: 1 }],
  links: [{ traceId: hex(9, 16), spanId: hex(8, 8), traceState: 's=1', attributes: [int('n', 1)], droppedCount: 2 }],
  scope: { name: 'lib', version: '1', attributes: [text('k', 'v')] },
  resource: service('cart', text('host.name', 'h1')),
  droppedAttributes: 1,
  droppedEvents: 2,
  droppedLinks: 3,
});

describe('span store', () => {
  test('gives back whole spans from the head, from a block and after a restart', async () => {
    const folder = tempFolder();
    const spans = [rich, span({ id: 2, parent: 1, at: 1, endNs: baseNs - 5n }), span({ id: 3, parent: 77, at: 2 })];
    const first = openTraces({ folder, clock });
    expect(await first.append(spans)).toEqual(['stored', 'stored', 'stored']);
    expect(first.spans(hex(1, 16))).toEqual(spans);
    await first.close();
    const second = openTraces({ folder, clock });
    expect(second.stats()).toMatchObject({ headSpans: 3, blocks: 0 });
    expect(second.spans(hex(1, 16))).toEqual(spans);
    await second.flush();
    expect(second.stats()).toMatchObject({ headSpans: 0, blocks: 1, blockSpans: 3 });
    expect(second.spans(hex(1, 16))).toEqual(spans);
    await second.close();
    expect(open(folder).spans(hex(1, 16))).toEqual(spans);
  });

  test.each([
    [span({ traceId: '0'.repeat(32) }), 'bad_trace_id'],
    [span({ traceId: 'ABCDEF00'.repeat(4) }), 'bad_trace_id'],
    [span({ spanId: '12' }), 'bad_span_id'],
    [span({ parentId: '0'.repeat(16) }), 'bad_span_id'],
    [span({ startNs: -1n }), 'bad_time'],
    [span({ endNs: 2n ** 63n }), 'bad_time'],
    [span({ at: 3_600_001 }), 'future'],
    [span({ at: 3_599_000 }), 'stored'],
  ])('judges a span %#', async (one, verdict) => {
    expect(await open().append([one])).toEqual([verdict]);
  });

  test('knows a delivery that is repeated, and keeps both halves of a shared span', async () => {
    const traces = open();
    await traces.append([span()]);
    expect(await traces.append([span(), span({ kind: 'server' })])).toEqual(['duplicate', 'stored']);
    expect(traces.spans(hex(1, 16))).toHaveLength(2);
    expect(traces.stats()).toMatchObject({ appended: 2, rejected: new Map() });
  });

  test('appends that come together share one commit', async () => {
    const folder = tempFolder();
    const traces = open(folder);
    await Promise.all([traces.append([span({ id: 1 })]), traces.append([span({ id: 2 })]), traces.append([span({ id: 3 })])]);
    const db = openDb(join(folder, 'traces.db'), 'traces');
    expect(db.connection.prepare('select count(*) from head').pluck().get()).toBe(1);
    closeDb(db);
  });

  test('an append that the disk refuses is refused whole, and may be sent again', async () => {
    const folder = tempFolder();
    const traces = open(folder);
    const db = openDb(join(folder, 'traces.db'), 'traces');
    db.connection.exec(`create trigger full before insert on head begin select raise(abort, 'disk is full'); end`);
    await expect(traces.append([span()])).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('disk is full') });
    expect(traces.spans(hex(1, 16))).toEqual([]);
    db.connection.exec('drop trigger full');
    closeDb(db);
    expect(await traces.append([span()])).toEqual(['stored']);
    expect(traces.stats().appended).toBe(1);
  });

  test('a damaged append is set aside when the store opens', async () => {
    const folder = tempFolder();
    const first = openTraces({ folder, clock });
    await first.append([span({ trace: 1 })]);
    await first.append([span({ trace: 2 })]);
    await first.close();
    const db = openDb(join(folder, 'traces.db'), 'traces');
    db.connection.exec(`update head set bytes = substr(bytes, 1, 20) where id = 1`);
    closeDb(db);
    const traces = open(folder);
    expect(traces.stats()).toMatchObject({ headSpans: 1, damage: ['append 1: the checksum is wrong'] });
  });

  test('tallies are the same from the digests of blocks, from rows, and where a range cuts a block', async () => {
    const traces = open();
    const made = Array.from({ length: 600 }, (_, i) =>
      span({
        trace: 1 + (i >> 3),
        id: 1 + (i & 7),
        ...((i & 7) === 0 ? {} : { parent: i % 11 === 0 ? 99 : 1 + ((i & 7) >> 1) }),
        of: `service-${(i * 7) % 5}`,
        name: `op ${i % 3}`,
        kind: i % 4 === 0 ? 'server' : 'internal',
        status: i % 9 === 0 ? 'error' : 'unset',
        at: i,
        takes: (i * 37) % 500,
      }),
    );
    await traces.append(made);
    const ask = async (): Promise<unknown> => [
      await traces.red(0n, lastNs),
      await traces.serviceMap(0n, lastNs),
      await traces.red(baseNs + ms(100), baseNs + ms(300)),
      await traces.serviceMap(baseNs + ms(100), baseNs + ms(300)),
    ];
    const sortedRows = (answers: unknown): unknown =>
      JSON.parse(JSON.stringify(answers), (_key, value: unknown) => (Array.isArray(value) ? value.map((one) => JSON.stringify(one)).sort() : value));
    const fromRows = await ask();
    await traces.flush();
    expect(sortedRows(await ask())).toEqual(sortedRows(fromRows));
    const { edges, strayCount } = await traces.serviceMap(0n, lastNs);
    expect(edges.length).toBeGreaterThan(5);
    expect(strayCount).toBeGreaterThan(10);
  });

  test('a trace whose spans lie in blocks and in the head is one tree', async () => {
    const traces = open();
    await traces.append([span({ id: 3, parent: 2, at: 2, takes: 1 })]);
    await traces.flush();
    await traces.append([span({ id: 1, takes: 9 })]);
    await traces.flush();
    await traces.append([span({ id: 2, parent: 1, at: 1, takes: 5 })]);
    const trace = (await traces.trace(hex(1, 16)))!;
    expect([...trace.depth]).toEqual([0, 1, 2]);
    expect(trace.flags.every((flags) => (flags & spanFlags.orphan) === 0)).toBe(true);
    expect(traces.span(hex(1, 16), hex(2, 8))).toHaveLength(1);
    expect(await traces.trace(hex(2, 16))).toBeUndefined();
  });

  test('spans far apart in time, and times beyond doubles, come back exact', async () => {
    const traces = open();
    const spans = [
      span({ id: 1, startNs: 1n, endNs: 2n }),
      span({ id: 2, startNs: baseNs + 1n, endNs: baseNs + 3n }),
      span({ id: 3, startNs: baseNs + 2n, endNs: baseNs + 2n ** 52n }),
    ];
    const other = span({ trace: 2, startNs: 2n, endNs: baseNs });
    const late = span({ trace: 2, id: 2, startNs: baseNs + 3n, endNs: baseNs + 4n });
    traces.load([...spans, other, late]);
    await traces.flush();
    expect(traces.spans(hex(2, 16)).map(({ startNs }) => startNs)).toEqual([2n, baseNs + 3n]);
    expect(traces.spans(hex(1, 16))).toEqual(spans);
  });

  test('a damaged block is set aside, the rest stays', async () => {
    const folder = tempFolder();
    const first = openTraces({ folder, clock });
    await first.append([span({ trace: 1 })]);
    await first.flush();
    await first.append([span({ trace: 2 })]);
    await first.flush();
    await first.close();
    const db = openDb(join(folder, 'traces.db'), 'traces');
    db.connection.exec(`update block_column set bytes = x'0100000000000000000000' where block = 1 and name = 'start'`);
    closeDb(db);
    const traces = open(folder);
    const { traces: found } = await traces.search({ text: '', limit: 10 });
    expect(found.map(({ traceId }) => traceId)).toEqual([hex(2, 16)]);
    expect(traces.stats().damage).toEqual(['block 1 with 1 spans: the checksum is wrong']);
  });

  test('quiet traces are sealed in time, those still growing stay in the head', async () => {
    const traces = open();
    const many = Array.from({ length: 8192 }, (_, i) => span({ trace: 1 + (i >> 2), id: i + 1, at: i / 1000 }));
    await traces.append(many);
    await clock.advance(29_000);
    await traces.append([span({ trace: 1, id: 9000 })]);
    await clock.advance(2_000);
    await traces.append([span({ trace: 9000, id: 1 })]);
    for (let i = 0; i < 3; i++) await clock.advance(1000);
    await traces.flush();
    expect(traces.stats()).toMatchObject({ headSpans: 0, blockSpans: 8194 });
    expect(traces.spans(hex(1, 16))).toHaveLength(5);
  });

  test('an import of many spans is in blocks of many', async () => {
    const traces = open();
    const many = Array.from({ length: 70_000 }, (_, i) => span({ trace: 1 + (i >> 3), id: i + 1, at: i / 100 }));
    for (let at = 0; at < many.length; at += 10_000) traces.load(many.slice(at, at + 10_000));
    await traces.flush();
    expect(traces.stats()).toMatchObject({ blocks: 3, blockSpans: 70_000, headSpans: 0 });
    expect((await traces.search({ text: '', limit: 1 })).traces[0]!.spanCount).toBe(8);
  });

  test('upkeep that falls due while everything is being sealed seals nothing twice', async () => {
    const traces = open();
    await traces.append(Array.from({ length: 9000 }, (_, i) => span({ trace: 1 + (i >> 3), id: i + 1 })));
    await clock.advance(29_500);
    const flushed = Promise.all([traces.flush(), traces.flush()]);
    await clock.advance(3_000);
    await flushed;
    expect(traces.stats()).toMatchObject({ headSpans: 0, blockSpans: 9000 });
  });

  test('small blocks become one, whole or not at all, and a trace that was spread over them lies together', async () => {
    const folder = tempFolder();
    const own = new ManualClock();
    const traces = openTraces({ folder, clock: own });
    onTestFinished(() => traces.close());
    /** What is due begins, and flush waits for its end. */
    const upkeep = (): Promise<void> => own.advance(1_000).then(() => traces.flush());
    const spans = Array.from({ length: 6 }, (_, i) => [
      span({ trace: 1, id: i + 1, ...(i === 0 ? {} : { parent: 1 }), at: i }),
      span({ trace: 10 + i, at: i }),
    ]);
    for (const batch of spans) {
      await traces.append(batch);
      await traces.flush();
    }
    expect(traces.stats()).toMatchObject({ blocks: 6, blockSpans: 12 });
    const db = openDb(join(folder, 'traces.db'), 'traces');
    db.connection.exec(`create trigger full before insert on block_column begin select raise(abort, 'disk is full'); end`);
    await upkeep();
    expect(traces.stats()).toMatchObject({ blocks: 6, blockSpans: 12, upkeepFault: expect.stringContaining('disk is full') });
    expect(db.connection.prepare('select count(*) from block').pluck().get()).toBe(6);
    db.connection.exec('drop trigger full');
    await upkeep();
    expect(traces.stats()).toMatchObject({ blocks: 1, blockSpans: 12, upkeepFault: '', damage: [] });
    expect(db.connection.prepare('select count(*) from block').pluck().get()).toBe(1);
    closeDb(db);
    expect(traces.spans(hex(1, 16))).toEqual(spans.map(([one]) => one));
    expect((await traces.serviceMap(0n, lastNs)).strayCount).toBe(0);
    expect((await traces.search({ text: '', limit: 10 })).traces).toHaveLength(7);
  });

  test('blocks that are too old go', async () => {
    const own = new ManualClock();
    const traces = openTraces({ folder: tempFolder(), clock: own, limits: { retentionMs: 3_600_000 } });
    onTestFinished(() => traces.close());
    await traces.append([span({ trace: 1 })]);
    await traces.flush();
    await traces.append([span({ trace: 2, startNs: baseNs + ms(1_800_000), endNs: baseNs + ms(1_800_001) })]);
    await traces.flush();
    await own.advance(3_600_000 + 5_000);
    expect(traces.stats()).toMatchObject({ blocks: 1, blockSpans: 1 });
    expect(traces.spans(hex(1, 16))).toEqual([]);
  });

  test('the oldest blocks go while all take more than is wanted', async () => {
    const own = new ManualClock();
    const traces = openTraces({ folder: tempFolder(), clock: own });
    onTestFinished(() => traces.close());
    for (const trace of [1, 2, 3]) {
      await traces.append([span({ trace, at: trace * 1000 })]);
      await traces.flush();
    }
    traces.keep({ retentionMs: Infinity, retentionBytes: (traces.stats().blockBytes * 2) / 3 + 10 });
    await own.advance(2_000);
    await traces.flush();
    expect([1, 2, 3].map((trace) => traces.spans(hex(trace, 16)).length)).toEqual([0, 1, 1]);
  });
});
